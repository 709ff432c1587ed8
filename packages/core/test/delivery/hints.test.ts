import { afterEach, expect, test, vi } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import {
  Backend,
  type Behaviour,
  endSpans,
  onceEach,
  type Rig,
  rig,
  spansOf,
  status,
  type Wire,
  wire,
} from './wire.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

interface HintRig extends Rig {
  readonly backend: Backend;
  readonly clock: ManualClock;
  readonly exporter: Wire;
  readonly busy: () => boolean;
}

async function hintRig(...answers: readonly Behaviour[]): Promise<HintRig> {
  const clock = new ManualClock();
  const backend = await Backend.open();
  backend.next(...answers);
  const exporter = wire(backend, { clock });
  return {
    clock,
    backend,
    exporter,
    busy: () => exporter.running > 0,
    ...rig([[exporter, { batchItems: 1 }]], { clock }),
  };
}

/** How long after the first call the second one began. */
async function waitAfter(code: number, hint: string): Promise<number> {
  const { oc, clock, exporter, busy } = await hintRig(status(code, { 'retry-after': hint }));
  endSpans(oc, 1);
  await clock.until(() => spansOf(oc).delivered === 1, busy);
  const [first, second] = exporter.calls;
  return (second?.at ?? Number.NaN) - (first?.endedAt ?? Number.NaN);
}

test('Retry-After: 2 with a 503 is kept', async () => {
  const waited = await waitAfter(503, '2');
  expect(waited).toBeGreaterThanOrEqual(2_000);
  expect(waited).toBeLessThan(2_100);
});

test.each(['-86400', '', '2.5', '1e3', '0x10', '2 s', 'Fri', 'NaN', 'Infinity', '99999999999999999999x'])(
  "Retry-After: '%s' is no hint",
  async (hint) => {
    const waited = await waitAfter(503, hint);
    expect(waited).toBeGreaterThanOrEqual(250);
    expect(waited).toBeLessThanOrEqual(500);
  },
);

test.each(['301', '99999999999999999999'])('Retry-After: %s is clamped to 5 min', async (hint) => {
  expect(await waitAfter(503, hint)).toBe(300_000);
});

test('Retry-After as an HTTP date that is over, or far away, is held to the bounds', async () => {
  const past = await waitAfter(503, new Date(0).toUTCString());
  expect(past).toBeGreaterThanOrEqual(250);
  expect(past).toBeLessThanOrEqual(500);
  expect(await waitAfter(503, 'Fri, 31 Dec 9999 23:59:59 GMT')).toBe(300_000);
});

test('of several hints the longest holds', async () => {
  const { oc, clock, exporter, busy } = await hintRig(
    status(429, { 'retry-after': '20' }),
    status(503),
    status(429, { 'retry-after': '3' }),
  );
  const names = endSpans(oc, 3);
  await clock.until(() => spansOf(oc).delivered === 3, busy);
  expect((exporter.calls[3]?.at ?? 0) - (exporter.calls[0]?.at ?? 0)).toBeGreaterThanOrEqual(20_000);
  expect((exporter.calls[3]?.at ?? 0) - (exporter.calls[0]?.at ?? 0)).toBeLessThan(21_000);
  expect(spansOf(oc).delivered).toBe(names.length);
});

test('a call that was under way and then passes does not undo the hint that another one was given', async () => {
  let finish = (): void => {};
  const { oc, clock, exporter, backend, busy } = await hintRig(
    (arrival) => {
      finish = () => arrival.answer(204);
    },
    status(429, { 'retry-after': '10' }),
  );
  const names = endSpans(oc, 2);
  await backend.until(({ arrivals }) => arrivals.length === 2);
  await vi.waitFor(() => expect(exporter.running).toBe(1), { interval: 1 });
  finish();
  await clock.until(() => spansOf(oc).delivered === 2, busy);
  const refused = exporter.calls.find(({ outcome }) => outcome === 'unavailable');
  const again = exporter.calls.at(-1);
  expect(again?.ids).toEqual(refused?.ids);
  expect((again?.at ?? 0) - (refused?.endedAt ?? 0)).toBeGreaterThanOrEqual(10_000);
  expect(backend.took).toEqual(onceEach(names));
});

test('a flush gives a signal in backoff one attempt at once', async () => {
  const { oc, clock, exporter, busy } = await hintRig(status(503), status(503), status(503), status(503));
  vi.spyOn(Math, 'random').mockReturnValue(0.999);
  endSpans(oc, 1);
  await clock.until(() => exporter.calls.length === 4, busy);
  await clock.pass(1, busy);
  const asked = clock.monotonic();
  await clock.settle(oc.flush(), busy);
  expect(exporter.calls[4]?.at).toBe(asked);
  expect(spansOf(oc).delivered).toBe(1);
});

test('a flush gives a batch that waits while others pass one attempt at once', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.999);
  const { oc, clock, exporter, backend, busy } = await hintRig();
  backend.behave = (arrival) => arrival.answer(arrival.ids[0]?.startsWith('bad') ? 503 : 204);
  endSpans(oc, 1, 'bad');
  const refusals = (): number => exporter.calls.filter(({ outcome }) => outcome === 'unavailable').length;
  for (let i = 0; refusals() < 6; i++) {
    endSpans(oc, 1, `good${i}-`);
    await clock.pass(100, busy);
  }
  endSpans(oc, 1, 'last');
  await clock.until(() => spansOf(oc).state === 'delivering' && spansOf(oc).queued === 1, busy);
  backend.behave = status(204);
  const asked = clock.monotonic();
  const before = exporter.calls.length;
  await clock.settle(oc.flush(), busy);
  expect(exporter.calls.slice(before).map(({ ids, at }) => [ids, at])).toEqual([[['bad0'], asked]]);
  expect(spansOf(oc)).toMatchObject({ state: 'idle', queued: 0, dropped: {} });
});

test('a flush does not attempt before the time that the server named', async () => {
  const { oc, clock, exporter, busy } = await hintRig(status(503, { 'retry-after': '60' }));
  endSpans(oc, 1);
  await clock.until(() => exporter.calls.length === 1, busy);
  await clock.pass(100, busy);
  const drained = await clock.settle(oc.flush({ withinMs: 1_000 }), busy);
  expect(drained).toMatchObject([{ unsettled: 1, spans: { state: 'retrying', delivered: 0 } }]);
  expect(exporter.calls).toHaveLength(1);
  await clock.until(() => spansOf(oc).delivered === 1, busy);
  expect((exporter.calls[1]?.at ?? 0) - (exporter.calls[0]?.at ?? 0)).toBeGreaterThanOrEqual(60_000);
});

test('a flush does not attempt before the time that the server named, even when the backoff was longer', async () => {
  const { oc, clock, exporter, busy } = await hintRig(
    status(503),
    status(503),
    status(503),
    status(503, { 'retry-after': '2' }),
  );
  vi.spyOn(Math, 'random').mockReturnValue(0.999); // the fourth backoff is 4 s
  endSpans(oc, 1);
  await clock.until(() => exporter.calls.length === 4 && exporter.running === 0, busy);
  await clock.settle(oc.flush({ withinMs: 3_000 }), busy);
  expect(exporter.calls).toHaveLength(5);
  expect((exporter.calls[4]?.at ?? 0) - (exporter.calls[3]?.endedAt ?? 0)).toBeGreaterThanOrEqual(2_000);
  expect((exporter.calls[4]?.at ?? 0) - (exporter.calls[3]?.endedAt ?? 0)).toBeLessThan(3_000);
});
