import type { Telemetry } from '@oc/core';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import { Backend, type Behaviour, endSpans, figures, onceEach, type Rig, rig, spansOf, status, wire } from './wire.ts';

/** Refuses a request, without a word on the cause, when a span in it has a name that begins with 'bad'. */
const refusesBad: Behaviour = (arrival) => arrival.answer(arrival.ids.some((id) => id.startsWith('bad')) ? 400 : 204);

async function poisonRig(behave: Behaviour = refusesBad): Promise<Rig & { readonly backend: Backend }> {
  const backend = await Backend.open(behave);
  return { backend, ...rig([[wire(backend, { failures: { 400: 'poisoned' } }), { maxInFlight: 1 }]]) };
}

/** Ends 512 spans in one batch; those at the given places are bad. Returns the names of the good ones. */
function endBatch(oc: Telemetry, badAt: (i: number) => boolean, prefix = 's'): readonly string[] {
  const names = Array.from({ length: 512 }, (_, i) => `${badAt(i) ? 'bad' : ''}${prefix}${i}`);
  for (const name of names) oc.tracer.startSpan(name).end();
  return names.filter((name) => !name.startsWith('bad'));
}

const IDLE = { state: 'idle', queued: 0, inFlight: 0 };

test.each([0, 1, 255, 256, 300, 511])(
  'one span that poisons a call of 512, at place %d, costs 20 requests and no other span',
  async (place) => {
    const { oc, backend, problems } = await poisonRig();
    const good = endBatch(oc, (i) => i === place);
    await oc.flush();
    expect(backend.took).toEqual(onceEach(good));
    expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 512, delivered: 511, dropped: { rejected: 1 } });
    expect(backend.arrivals.length).toBeLessThanOrEqual(20);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(/^wire: 1 spans? dropped \(rejected\): .*bads/);
  },
);

test('when all of 512 are bad, 20 requests are made, the next bad batch costs one, and a success ends that', async () => {
  const { oc, backend } = await poisonRig();
  endBatch(oc, () => true, 'first');
  await oc.flush();
  const first = backend.arrivals.length;
  expect(first).toBeLessThanOrEqual(20);
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 512, delivered: 0, dropped: { rejected: 512 } });

  endBatch(oc, () => true, 'second');
  await oc.flush();
  expect(backend.arrivals.length - first).toBe(1);
  expect(spansOf(oc).dropped).toEqual({ rejected: 1_024 });

  const fine = endSpans(oc, 1, 'fine');
  await oc.flush();
  const again = endBatch(oc, (i) => i === 77, 'third');
  const before = backend.arrivals.length;
  await oc.flush();
  expect(backend.took).toEqual(onceEach(fine, again));
  expect(backend.arrivals.length - before).toBeLessThanOrEqual(20);
  expect(spansOf(oc).dropped).toEqual({ rejected: 1_025 });
});

test('three poison spans are found within 64 requests', async () => {
  const { oc, backend } = await poisonRig();
  const good = endBatch(oc, (i) => [3, 200, 511].includes(i));
  await oc.flush();
  expect(backend.took).toEqual(onceEach(good));
  expect(spansOf(oc).dropped).toEqual({ rejected: 3 });
  expect(backend.arrivals.length).toBeLessThanOrEqual(64);
});

test('forty poison spans cost 64 requests; the rest that is undecided then is rejected and counted', async () => {
  const { oc, backend } = await poisonRig();
  const good = endBatch(oc, (i) => i % 13 === 5);
  await oc.flush();
  expect(backend.arrivals.length).toBeLessThanOrEqual(64);
  expect(backend.arrivals.length).toBeGreaterThan(20);
  const { delivered } = spansOf(oc);
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 512, delivered, dropped: { rejected: 512 - delivered } });
  expect(backend.took.size).toBe(delivered);
  expect(good).toEqual(expect.arrayContaining([...backend.took.keys()]));
});

test('a flush that waits for a search ends when the search does', async () => {
  const { oc } = await poisonRig();
  endBatch(oc, () => true);
  const asked = performance.now();
  const [drained] = await oc.flush({ withinMs: 4_000 });
  expect(drained?.unsettled).toBe(0);
  expect(performance.now() - asked).toBeLessThan(2_000);
});

test('a bad batch between good ones is searched within its bound, and the good ones arrive', async () => {
  const backend = await Backend.open(refusesBad);
  const { oc } = rig([wire(backend, { failures: { 400: 'poisoned' } })]);
  const good = [
    endBatch(oc, () => false, 'a'),
    endBatch(oc, () => true, 'b'),
    endBatch(oc, () => false, 'c'),
    endBatch(oc, () => false, 'd'),
  ];
  await oc.flush();
  expect(backend.took).toEqual(onceEach(...good));
  expect(spansOf(oc)).toMatchObject({ delivered: 1_536, dropped: { rejected: 512 } });
  // Other batches' success is none of this batch's.
  expect(backend.arrivals.length).toBeLessThanOrEqual(3 + 20);
});

/** Limits the size of calls, too. */
const limitsAndRefusesBad: Behaviour = (arrival) =>
  arrival.ids.length > 64 ? arrival.answer(413) : refusesBad(arrival);

test('the search costs no more when the backend also limits the size of calls', async () => {
  const { oc, backend } = await poisonRig(limitsAndRefusesBad);
  endBatch(oc, () => true);
  await oc.flush();
  expect(spansOf(oc).dropped).toEqual({ rejected: 512 });
  const refused = backend.log.filter(([, code]) => code === 400);
  // One search, and one call each for the parts that it was not about.
  expect(refused.length).toBeLessThanOrEqual(20 + 7);
});

test('a search that fails takes no part with it that the backend has not refused', async () => {
  const { oc, backend } = await poisonRig(limitsAndRefusesBad);
  const good = endBatch(oc, (i) => i < 64);
  await oc.flush();
  expect(backend.took).toEqual(onceEach(good));
  expect(spansOf(oc)).toMatchObject({ delivered: 448, dropped: { rejected: 64 } });
});

test('an outage in the middle of the search costs no span, and the search no retry budget', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(refusesBad);
  const exporter = wire(backend, { clock, failures: { 400: 'poisoned' } });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([[exporter, { retryForMs: 1 }]], { clock });
  backend.next(refusesBad, refusesBad, status(503), status(503));
  const good = endBatch(oc, (i) => i === 100);
  await clock.until(() => spansOf(oc).delivered === 511, busy);
  expect(backend.took).toEqual(onceEach(good));
  expect(spansOf(oc).dropped).toEqual({ rejected: 1 });
});
