import { count, measure, view } from '@oc/core';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import {
  type Arrival,
  Backend,
  type Behaviour,
  endSpans,
  figures,
  metricsOf,
  ok,
  onceEach,
  type Rig,
  rig,
  spansOf,
  status,
  type Wire,
  wire,
} from './wire.ts';

const IDLE = { state: 'idle', dropped: {}, queued: 0, inFlight: 0 };

async function pausedRig(behave: Behaviour): Promise<Rig & { readonly backend: Backend; readonly exporter: Wire }> {
  const backend = await Backend.open(behave);
  const exporter = wire(backend);
  return { backend, exporter, ...rig([exporter]) };
}

const REFUSALS: readonly (readonly [string, Behaviour])[] = [
  ['401', status(401, {}, 'no')],
  ...[300, 303, 304].map((code) => [String(code), status(code, { location: '/v2/ids' })] as const),
  ['307 without a location', status(307)],
];

test.each(REFUSALS)(
  '%s pauses: told once, everything kept, sent by a flush once the backend accepts',
  async (_, refuse) => {
    const { oc, backend, problems } = await pausedRig(refuse);
    const names = endSpans(oc, 30);
    const asked = performance.now();
    const first = await oc.flush({ withinMs: 4_000 });
    // One attempt was answered: there is nothing to wait for.
    expect(performance.now() - asked).toBeLessThan(1_500);
    expect(first).toMatchObject([{ unsettled: 30, spans: { state: 'paused', delivered: 0, queued: 30, dropped: {} } }]);
    const second = await oc.flush({ withinMs: 4_000 });
    expect(second).toMatchObject([{ unsettled: 30, spans: { state: 'paused', queued: 30 } }]);
    expect(backend.arrivals.map(({ path, ids }) => [path, ids.length])).toEqual([
      ['/v1/ids', 30],
      ['/v1/ids', 30],
    ]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ exporter: 'wire', message: expect.stringContaining(`POST ${backend.url}`) });

    backend.behave = ok;
    await oc.flush();
    expect(backend.took).toEqual(onceEach(names));
    expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 30, delivered: 30 });
  },
);

test('a 303 to another host is never followed; its host is named', async () => {
  const other = await Backend.open();
  const location = `http://user:hunter22@127.0.0.1:${other.port}/take?key=hunter22`;
  const { oc, backend, problems } = await pausedRig(status(303, { location }));
  endSpans(oc, 3);
  await oc.flush({ withinMs: 2_000 });
  expect(other.arrivals).toEqual([]);
  expect(spansOf(oc)).toMatchObject({ state: 'paused', queued: 3 });
  expect(problems).toHaveLength(1);
  expect(problems[0]?.message).toContain(`127.0.0.1:${other.port}`);
  expect(problems[0]?.message).not.toContain('hunter22');
  expect(backend.arrivals).toHaveLength(1);
});

test('a paused signal is tried again each minute, and told of once', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(status(401));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc, problems } = rig([[exporter, { batchItems: 10, maxInFlight: 1 }]], { clock });
  const names = endSpans(oc, 50);
  await clock.pass(250_000, busy);
  const [first, ...later] = exporter.calls.map(({ at }) => at);
  expect(later.map((at) => at - (first as number))).toEqual([60_000, 120_000, 180_000, 240_000]);
  expect(problems).toHaveLength(1);
  backend.behave = ok;
  await clock.until(() => spansOf(oc).delivered === 50, busy);
  expect(clock.monotonic() - (first as number)).toBeLessThan(301_000);
  expect(backend.took).toEqual(onceEach(names));

  // A second pause is news again.
  backend.behave = status(403);
  endSpans(oc, 1, 'late');
  await clock.until(() => spansOf(oc).state === 'paused', busy);
  expect(problems.map(({ message }) => /answered (\d+)/.exec(message)?.[1])).toEqual(['401', '403']);
});

test('calls that were under way when one was refused add no reports', async () => {
  const { oc, backend, problems, exporter } = await pausedRig(status(401));
  endSpans(oc, 2_048);
  await oc.flush({ withinMs: 2_000 });
  expect(backend.arrivals.length).toBeLessThanOrEqual(4);
  expect(exporter.most).toBeLessThanOrEqual(4);
  expect(problems).toHaveLength(1);
});

test('a probe that was under way when the flush began is not the attempt of the flush', async () => {
  const clock = new ManualClock();
  let held: Arrival | undefined;
  const backend = await Backend.open(status(401));
  const exporter = wire(backend, { clock });
  const isHeld = (): boolean => exporter.running > (held ? 1 : 0);
  const { oc } = rig([exporter], { clock });
  const names = endSpans(oc, 3);
  await clock.until(() => spansOf(oc).state === 'paused', isHeld);
  backend.behave = (arrival) => {
    held = arrival;
  };
  await clock.until(() => held !== undefined, isHeld);
  const flushing = oc.flush();
  // From now on the backend accepts; only that answer is an old one.
  backend.behave = ok;
  held?.answer(401);
  const drained = await clock.settle(flushing, () => exporter.running > 0);
  expect(drained).toMatchObject([{ unsettled: 0, spans: { state: 'idle', delivered: 3 } }]);
  expect(backend.took).toEqual(onceEach(names));
});

test('a flush of a paused signal whose backend has gone away probes with backoff', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(status(401));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([exporter], { clock });
  endSpans(oc, 3);
  await clock.until(() => spansOf(oc).state === 'paused', busy);
  await backend.close();
  const drained = await clock.settle(oc.flush({ withinMs: 20_000 }), busy);
  expect(drained).toMatchObject([{ unsettled: 3, spans: { delivered: 0, dropped: {} } }]);
  const gaps = exporter.calls.slice(2).map(({ at }, i) => at - (exporter.calls[i + 1]?.endedAt ?? Number.NaN));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(250);
});

test('time in a pause does not count against the time for retries', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(status(401));
  backend.next(status(503));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([[exporter, { retryForMs: 10_000 }]], { clock });
  const names = endSpans(oc, 5);
  await clock.pass(200_000, busy);
  expect(spansOf(oc)).toMatchObject({ state: 'paused', queued: 5, dropped: {} });
  backend.next(status(503));
  backend.behave = ok;
  await clock.until(() => spansOf(oc).delivered === 5, busy);
  expect(backend.took).toEqual(onceEach(names));
});

test('a pause is of one signal only', async () => {
  const requests = measure({ name: 'requests' });
  const backend = await Backend.open((arrival) => arrival.answer(arrival.ids[0]?.startsWith('s') ? 401 : 204));
  const { oc } = rig([wire(backend)], { views: [view({ measure: requests, aggregation: count() })] });
  endSpans(oc, 4);
  oc.stats.record([[requests, 1]]);
  const [drained] = await oc.flush();
  expect(drained?.unsettled).toBe(4);
  expect(spansOf(oc)).toMatchObject({ state: 'paused', queued: 4 });
  expect(figures(metricsOf(oc))).toEqual({ ...IDLE, accepted: 1, delivered: 1 });
});

test('a shutdown gives a paused signal one attempt, does not wait for more, and counts the rest as misconfigured', async () => {
  const { oc, backend } = await pausedRig(status(403));
  endSpans(oc, 8);
  await oc.flush();
  const asked = performance.now();
  const closed = await oc.shutdown({ withinMs: 4_000 });
  expect(performance.now() - asked).toBeLessThan(1_500);
  expect(backend.arrivals).toHaveLength(2);
  expect(closed).toMatchObject([
    { unsettled: 0, spans: { state: 'closed', dropped: { misconfigured: 8 }, queued: 0 } },
  ]);
});

test('a shutdown delivers what was paused when the backend accepts by then', async () => {
  const { oc, backend } = await pausedRig(status(403));
  const names = endSpans(oc, 8);
  await oc.flush();
  backend.behave = ok;
  const closed = await oc.shutdown();
  expect(closed).toMatchObject([{ spans: { state: 'closed', delivered: 8, dropped: {} } }]);
  expect(backend.took).toEqual(onceEach(names));
});
