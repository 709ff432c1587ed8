import { expect, test } from 'vitest';
import {
  Backend,
  type Behaviour,
  endSpans,
  figures,
  imbalance,
  ok,
  onceEach,
  rig,
  silence,
  spansOf,
  wire,
} from './wire.ts';

/** Ends spans whose names have 100 characters: 400 bytes each by the rule of 200 and twice the length of the strings. */
function endWideSpans(oc: ReturnType<typeof rig>['oc'], count: number): readonly string[] {
  const names = Array.from({ length: count }, (_, i) => `${i}-`.padEnd(100, '.'));
  for (const name of names) oc.tracer.startSpan(name).end();
  return names;
}

test.each(['newest', 'oldest'] as const)(
  'a queue of 100 keeps exactly 100 of 1,000 and counts 900, dropping the %s',
  async (dropWhenFull) => {
    const backend = await Backend.open();
    const { oc, problems } = rig([[wire(backend), { queueItems: 100, dropWhenFull }]]);
    const names = endSpans(oc, 1_000);
    expect(figures(spansOf(oc))).toMatchObject({ accepted: 1_000, queued: 100, dropped: { 'queue-full': 900 } });
    await oc.flush();
    expect(backend.took).toEqual(onceEach(dropWhenFull === 'newest' ? names.slice(0, 100) : names.slice(900)));
    expect(figures(spansOf(oc))).toEqual({
      state: 'idle',
      accepted: 1_000,
      delivered: 100,
      dropped: { 'queue-full': 900 },
      queued: 0,
      inFlight: 0,
    });
    expect(problems[0]).toMatchObject({ severity: 'error', message: expect.stringContaining('queue-full') });
  },
);

test.each(['newest', 'oldest'] as const)(
  'a queue of 40,000 bytes keeps 100 spans of 400 bytes of 1,000, dropping the %s',
  async (dropWhenFull) => {
    const backend = await Backend.open();
    const { oc } = rig([[wire(backend), { queueBytes: 40_000, dropWhenFull }]]);
    const names = endWideSpans(oc, 1_000);
    expect(figures(spansOf(oc))).toMatchObject({ accepted: 1_000, queued: 100, dropped: { 'queue-full': 900 } });
    await oc.flush();
    expect(backend.took).toEqual(onceEach(dropWhenFull === 'newest' ? names.slice(0, 100) : names.slice(900)));
  },
);

test('the strings of attributes count, as they are at the end of the span', async () => {
  const backend = await Backend.open();
  const { oc } = rig([[wire(backend), { queueBytes: 10_000 }]]);
  for (let i = 0; i < 50; i++) {
    const span = oc.tracer.startSpan('ten chars.');
    span.setAttribute('k', 'a'.repeat(4_000));
    span.setAttribute('k', 'a'.repeat(389)); // 200 + 2 * (10 + 1 + 389) bytes in the end
    span.end();
  }
  expect(spansOf(oc)).toMatchObject({ queued: 10, dropped: { 'queue-full': 40 } });
});

test('spans in flight count, and give their room back when they are settled', async () => {
  const backend = await Backend.open(silence);
  const { oc } = rig([[wire(backend), { queueItems: 100, batchItems: 50, maxInFlight: 1 }]]);
  const first = endSpans(oc, 50, 'first');
  await backend.until(({ arrivals }) => arrivals.length === 1);
  const second = endSpans(oc, 70, 'second');
  expect(figures(spansOf(oc))).toEqual({
    state: 'delivering',
    accepted: 120,
    delivered: 0,
    dropped: { 'queue-full': 20 },
    queued: 50,
    inFlight: 50,
  });
  backend.behave = ok;
  backend.arrivals[0]?.answer(204);
  await oc.flush();
  const third = endSpans(oc, 130, 'third');
  await oc.flush();
  expect(backend.took).toEqual(onceEach(first, second.slice(0, 50), third.slice(0, 100)));
  expect(spansOf(oc)).toMatchObject({ delivered: 200, dropped: { 'queue-full': 50 } });
});

test("with 'oldest' what is in flight stays, and the oldest of what waits goes", async () => {
  const backend = await Backend.open(silence);
  const { oc } = rig([[wire(backend), { queueItems: 100, batchItems: 50, maxInFlight: 1, dropWhenFull: 'oldest' }]]);
  const first = endSpans(oc, 50, 'first');
  await backend.until(({ arrivals }) => arrivals.length === 1);
  const second = endSpans(oc, 70, 'second');
  backend.behave = ok;
  backend.arrivals[0]?.answer(204);
  await oc.flush();
  expect(backend.took).toEqual(onceEach(first, second.slice(20)));
});

test("with 'oldest' a span that is larger than the whole queue takes nobody's place", async () => {
  const backend = await Backend.open();
  const { oc } = rig([[wire(backend), { queueBytes: 4_000, dropWhenFull: 'oldest' }]]);
  const names = endWideSpans(oc, 10);
  oc.tracer.startSpan('larger', { attributes: { text: 'x'.repeat(2_000) } }).end();
  expect(spansOf(oc)).toMatchObject({ accepted: 11, queued: 10, dropped: { 'queue-full': 1 } });
  await oc.flush();
  expect(backend.took).toEqual(onceEach(names));
});

const SETTLERS: readonly (readonly [string, Behaviour])[] = [
  ['delivered', ok],
  ['rejected', (arrival) => arrival.answer(400)],
  ['too large', (arrival) => arrival.answer(413)],
  ['rejected by count', (arrival) => arrival.answer(200, {}, '{"failed":[{"failure":"rejected","count":7}]}')],
  [
    'rejected by name',
    (arrival) =>
      arrival.answer(200, {}, JSON.stringify({ failed: [{ failure: 'rejected', ids: arrival.ids.slice(0, 3) }] })),
  ],
];

test.each(SETTLERS)('the room of spans that were %s is free again, all of it', async (_, behave) => {
  const backend = await Backend.open(behave);
  const { oc } = rig([[wire(backend), { queueItems: 100, queueBytes: 40_000 }]]);
  for (let round = 0; round < 3; round++) {
    endWideSpans(oc, 100);
    await oc.flush();
    expect(imbalance(spansOf(oc))).toBe(0);
  }
  expect(spansOf(oc).dropped).not.toHaveProperty('queue-full');
  endWideSpans(oc, 101);
  expect(spansOf(oc).dropped).toHaveProperty('queue-full', 1);
});
