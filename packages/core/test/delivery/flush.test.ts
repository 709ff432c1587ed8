import type { DrainHealth } from '@oc/core';
import type { Exporter } from '@oc/core/exporter';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import {
  type Arrival,
  Backend,
  type Behaviour,
  closedPort,
  endSpans,
  imbalance,
  ok,
  onceEach,
  rig,
  silence,
  spansOf,
  status,
  turn,
  wire,
} from './wire.ts';

test('a span that comes after a full batch waits no longer than batchDelayMs', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open();
  const exporter = wire(backend, { clock });
  const { oc } = rig([[exporter, { batchItems: 10, batchDelayMs: 500 }]], { clock });
  endSpans(oc, 10);
  await clock.pass(0, () => exporter.running > 0);
  expect(backend.log).toEqual([[10, 204]]);
  const late = clock.monotonic();
  endSpans(oc, 1, 'late');
  await clock.pass(1_000, () => exporter.running > 0);
  expect(exporter.calls.map(({ ids, at }) => [ids.length, at - late])).toEqual([
    [10, 0],
    [1, 500],
  ]);
});

test('a full batch does not wait for the delay', async () => {
  const backend = await Backend.open();
  const { oc } = rig([[wire(backend), { batchItems: 10, batchDelayMs: 60_000 }]]);
  const names = endSpans(oc, 35);
  await backend.until(({ took }) => took.size === 30);
  expect(backend.took).toEqual(onceEach(names.slice(0, 30)));
  expect(backend.log).toEqual([
    [10, 204],
    [10, 204],
    [10, 204],
  ]);
});

test.each([1, 2, 4, 7])('with maxInFlight %d so many calls run side by side, and never more', async (maxInFlight) => {
  const held: Arrival[] = [];
  const backend = await Backend.open((arrival) => held.push(arrival));
  const exporter = wire(backend);
  const { oc } = rig([[exporter, { batchItems: 5, maxInFlight }]]);
  const names = endSpans(oc, 100);
  const flushing = oc.flush();
  for (let answered = 0; answered < 20; answered++) {
    await backend.until(() => held.length >= Math.min(maxInFlight, 20 - answered));
    expect(exporter.running).toBeLessThanOrEqual(maxInFlight);
    held.shift()?.answer(204);
  }
  expect(await flushing).toMatchObject([{ unsettled: 0 }]);
  expect(exporter.most).toBe(maxInFlight);
  expect(backend.took).toEqual(onceEach(names));
});

test('an exporter that awaits a flush in its own call gets its answer at the deadline of that flush', async () => {
  const inner: (readonly DrainHealth[])[] = [];
  const exporter: Exporter = {
    name: 'odd',
    async exportSpans() {
      inner.push(await oc.flush({ withinMs: 150 }));
    },
  };
  const { oc } = rig([exporter]);
  endSpans(oc, 3);
  const [outer] = await oc.flush();
  expect(inner).toMatchObject([[{ unsettled: 3, spans: { inFlight: 3 } }]]);
  expect(outer).toMatchObject({ unsettled: 0, spans: { delivered: 3 } });
});

test('a flush from onError is no recursion', async () => {
  const backend = await Backend.open();
  backend.next(status(400));
  const flushes: Promise<unknown>[] = [];
  const { oc } = rig([wire(backend)], {
    onError() {
      endSpans(oc, 1, 'told');
      flushes.push(oc.flush());
    },
  });
  endSpans(oc, 2);
  await oc.flush();
  await Promise.all(flushes);
  expect(flushes).toHaveLength(1);
  expect(spansOf(oc)).toMatchObject({ accepted: 3, delivered: 1, dropped: { rejected: 2 }, queued: 0 });
});

test('a flush waits for what is in flight', async () => {
  let held: Arrival | undefined;
  const backend = await Backend.open((arrival) => {
    held = arrival;
  });
  const { oc } = rig([[wire(backend), { batchItems: 3 }]]);
  endSpans(oc, 3);
  await backend.until(({ arrivals }) => arrivals.length === 1);
  const events: string[] = [];
  const flushing = oc.flush().then((drained) => {
    events.push('flushed');
    return drained;
  });
  for (let i = 0; i < 20; i++) await turn();
  events.push('answered');
  held?.answer(204);
  expect(await flushing).toMatchObject([{ unsettled: 0, spans: { delivered: 3, inFlight: 0 } }]);
  expect(events).toEqual(['answered', 'flushed']);
});

test('a flush waits for what came before it, not for what comes after', async () => {
  const held: Arrival[] = [];
  const backend = await Backend.open((arrival) => held.push(arrival));
  const { oc } = rig([[wire(backend), { maxInFlight: 1 }]]);
  const before = endSpans(oc, 5, 'before');
  const flushing = oc.flush();
  endSpans(oc, 7, 'after');
  await backend.until(() => held.length === 1);
  expect(held[0]?.ids).toEqual(before);
  held[0]?.answer(204);
  expect(await flushing).toMatchObject([{ unsettled: 0, spans: { accepted: 12, delivered: 5 } }]);
});

test('what comes after the call of a flush is not in its unsettled', async () => {
  const backend = await Backend.open(silence);
  const { oc } = rig([wire(backend)]);
  endSpans(oc, 5, 'before');
  const flushing = oc.flush({ withinMs: 200 });
  endSpans(oc, 3, 'after');
  expect(await flushing).toMatchObject([{ unsettled: 5, spans: { accepted: 8, delivered: 0 } }]);
});

/** A backend, and the least and the most that a flush of 500 ms takes with it. */
const ENDS: readonly (readonly [string, Behaviour | undefined, number, number])[] = [
  ['that takes all', ok, 0, 490],
  ['that hangs', silence, 490, 900],
  ['that hangs for the second call', (arrival) => arrival.n === 1 && arrival.answer(204), 490, 900],
  ['that is paused', status(401), 0, 490],
  ['that is not there', undefined, 490, 900],
  ['that is busy', status(503), 490, 900],
];

test.each(ENDS)(
  "'unsettled' of a backend %s is what its ledger lacks, and comes on time",
  async (_, behave, least, most) => {
    const backend = behave && (await Backend.open(behave));
    const exporter = wire(backend ?? new URL(`http://127.0.0.1:${await closedPort()}/`));
    const { oc } = rig([[exporter, { batchItems: 10 }]]);
    endSpans(oc, 1, 'warm');
    await oc.flush({ withinMs: 1 }); // loads what the first call loads
    const names = endSpans(oc, 39);
    const asked = performance.now();
    const [drained] = await oc.flush({ withinMs: 500 });
    const took = performance.now() - asked;
    expect(drained?.unsettled).toBe(names.length + 1 - (backend?.took.size ?? 0));
    expect(drained?.unsettled).toBe(40 - spansOf(oc).delivered);
    expect(imbalance(spansOf(oc))).toBe(0);
    expect(took).toBeGreaterThanOrEqual(least);
    expect(took).toBeLessThanOrEqual(most);
  },
);

test('a flush with nothing to do resolves at once', async () => {
  const backend = await Backend.open();
  const { oc } = rig([wire(backend)]);
  const asked = performance.now();
  expect(await oc.flush()).toMatchObject([{ unsettled: 0, spans: { state: 'idle', accepted: 0 } }]);
  expect(await rig([]).oc.flush()).toEqual([]);
  expect(performance.now() - asked).toBeLessThan(500);
  expect(backend.arrivals).toEqual([]);
});

test('a flush that has no time answers at once with the truth', async () => {
  const backend = await Backend.open();
  const { oc } = rig([wire(backend)]);
  const names = endSpans(oc, 5);
  expect(await oc.flush({ withinMs: 0 })).toMatchObject([{ unsettled: 5, spans: { accepted: 5 } }]);
  expect(await oc.flush()).toMatchObject([{ unsettled: 0, spans: { delivered: 5 } }]);
  expect(backend.took).toEqual(onceEach(names));
});

test('a retrying signal goes on until the deadline of a flush', async () => {
  const backend = await Backend.open();
  backend.next(status(503), status(503));
  const { oc } = rig([wire(backend)]);
  const names = endSpans(oc, 3);
  expect(await oc.flush()).toMatchObject([{ unsettled: 0, spans: { delivered: 3 } }]);
  expect(backend.took).toEqual(onceEach(names));
  expect(backend.arrivals).toHaveLength(3);
});

test('flush and shutdown never reject, whatever they are given', async () => {
  const backend = await Backend.open();
  const { oc } = rig([wire(backend)]);
  endSpans(oc, 1);
  for (const withinMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, {}, undefined]) {
    expect(await oc.flush({ withinMs } as { withinMs: number })).toMatchObject([{ unsettled: 0 }]);
  }
  expect(await oc.flush(null as unknown as undefined)).toMatchObject([{ unsettled: 0 }]);
  expect(await oc.shutdown(null as unknown as undefined)).toMatchObject([{ unsettled: 0 }]);
});
