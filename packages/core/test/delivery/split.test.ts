import { ExportError, type Exporter } from '@oc/core/exporter';
import { expect, test } from 'vitest';
import { Backend, type Behaviour, endSpans, figures, onceEach, rig, spansOf, wire } from './wire.ts';

/** Takes at most so many spans at a time. */
function takesAtMost(most: number): Behaviour {
  return (arrival) => arrival.answer(arrival.ids.length > most ? 413 : 204);
}

/** Refuses a request with a span of a name that begins so. */
const refusesHuge: Behaviour = (arrival) => arrival.answer(arrival.ids.some((id) => id.startsWith('huge')) ? 413 : 204);

const IDLE = { state: 'idle', dropped: {}, queued: 0, inFlight: 0 };

test('a call that is too large is split until it passes, and the size that passed is kept for the next calls', async () => {
  const backend = await Backend.open(takesAtMost(2));
  const { oc, problems } = rig([[wire(backend), { batchItems: 64, maxInFlight: 1 }]]);
  const first = endSpans(oc, 64, 'first');
  await oc.flush();
  expect(backend.took).toEqual(onceEach(first));
  const requests = backend.arrivals.length;
  expect(requests).toBeLessThanOrEqual(63); // the inner nodes of the tree of halves, and 32 pairs

  const second = endSpans(oc, 40, 'second');
  await oc.flush();
  expect(backend.log.slice(requests)).toEqual(Array.from({ length: 20 }, () => [2, 204]));
  expect(backend.took).toEqual(onceEach(first, second));
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 104, delivered: 104 });
  expect(problems).toEqual([]);
});

test('eight spans to a backend that takes two go as four pairs', async () => {
  const backend = await Backend.open(takesAtMost(2));
  const { oc } = rig([wire(backend)]);
  const names = endSpans(oc, 8);
  await oc.flush();
  expect(backend.took).toEqual(onceEach(names));
  expect(backend.log.filter(([, status]) => status === 204)).toEqual(Array.from({ length: 4 }, () => [2, 204]));
});

test('the size that is kept grows slowly, and shrinks again when that was too much', async () => {
  const backend = await Backend.open(takesAtMost(8));
  const { oc } = rig([[wire(backend), { batchItems: 64, maxInFlight: 1 }]]);
  const names = [endSpans(oc, 64, 'first')];
  await oc.flush();
  const before = backend.arrivals.length;
  names.push(endSpans(oc, 2_000, 'same'));
  await oc.flush();
  const same = backend.log.slice(before);
  expect(Math.max(...same.map(([size]) => size))).toBeGreaterThan(8);
  expect(Math.max(...same.map(([size]) => size))).toBeLessThanOrEqual(16);
  expect(same.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => [8, 204]));
  // What growing costs in refusals: a few in a hundred.
  expect(same.filter(([, status]) => status === 413).length).toBeLessThan(same.length / 10);

  backend.behave = takesAtMost(1_000);
  const raised = backend.arrivals.length;
  names.push(endSpans(oc, 20_000, 'raised'));
  await oc.flush();
  const sizes = backend.log.slice(raised).map(([size]) => size);
  expect(Math.max(...sizes)).toBe(64);
  const steps = sizes.slice(1).map((size, i) => size - (sizes[i] as number));
  expect(Math.max(...steps)).toBeLessThanOrEqual(8);
  expect(backend.took).toEqual(onceEach(...names));
});

test('a span that alone is too large is dropped by name, the others arrive, and the size of calls does not suffer', async () => {
  const backend = await Backend.open(refusesHuge);
  const { oc, problems } = rig([wire(backend)]);
  const first = [...endSpans(oc, 300, 'a'), ...endSpans(oc, 1, 'huge'), ...endSpans(oc, 211, 'b')];
  await oc.flush();
  expect(backend.took).toEqual(onceEach(first.filter((name) => !name.startsWith('huge'))));
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 512, delivered: 511, dropped: { 'too-large': 1 } });
  expect(problems).toMatchObject([{ exporter: 'wire', severity: 'error', message: expect.stringContaining('huge0') }]);
  expect(problems[0]?.message).toMatch(/^wire: 1 spans? dropped \(too-large\)/);

  const before = backend.arrivals.length;
  endSpans(oc, 512, 'next');
  await oc.flush();
  expect(backend.arrivals.length - before).toBeLessThanOrEqual(2);
});

test.each([2, 3, 4, 8])(
  'a span that alone is too large among %d says nothing about the size of calls',
  async (count) => {
    const backend = await Backend.open(refusesHuge);
    const { oc } = rig([wire(backend)]);
    const small = [...endSpans(oc, 1, 'huge'), ...endSpans(oc, count - 1)].slice(1);
    await oc.flush();
    const before = backend.arrivals.length;
    const next = endSpans(oc, 512, 'next');
    await oc.flush();
    expect(backend.took).toEqual(onceEach(small, next));
    expect(backend.arrivals.length - before).toBeLessThanOrEqual(2);
  },
);

test('spans that are all too large are dropped one by one, and the size of calls does not suffer', async () => {
  const backend = await Backend.open(refusesHuge);
  const { oc } = rig([wire(backend)]);
  endSpans(oc, 16, 'huge');
  await oc.flush();
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 16, delivered: 0, dropped: { 'too-large': 16 } });
  const before = backend.arrivals.length;
  const next = endSpans(oc, 512, 'next');
  await oc.flush();
  expect(backend.log.slice(before)).toEqual([[512, 204]]);
  expect(backend.took).toEqual(onceEach(next));
});

test.each([0, 60, 127])(
  'a limit of the backend and a span that is too large, at place %d, are told apart when they come together',
  async (place) => {
    const backend = await Backend.open((arrival) =>
      arrival.answer(arrival.ids.length > 16 || arrival.ids.some((id) => id.startsWith('huge')) ? 413 : 204),
    );
    const { oc } = rig([[wire(backend), { batchItems: 128 }]]);
    const small = endSpans(oc, place, 'a');
    endSpans(oc, 1, 'huge');
    const more = endSpans(oc, 127 - place, 'b');
    await oc.flush();
    expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 128, delivered: 127, dropped: { 'too-large': 1 } });
    const before = backend.arrivals.length;
    const next = endSpans(oc, 64, 'next');
    await oc.flush();
    expect(backend.log.slice(before)).toEqual(Array.from({ length: 4 }, () => [16, 204]));
    expect(backend.took).toEqual(onceEach(small, more, next));
  },
);

test("an exporter's own refusal of too many bytes is split like the backend's", async () => {
  const sent: string[][] = [];
  const exporter: Exporter = {
    name: 'bytes',
    async exportSpans(spans) {
      if (spans.length > 3) throw new ExportError('too-large', 'bytes: 9 bytes are too many');
      sent.push(spans.map(({ name }) => name));
    },
  };
  const { oc } = rig([exporter]);
  const names = endSpans(oc, 12);
  await oc.flush();
  expect(sent.flat().sort()).toEqual([...names].sort());
  expect(sent.every((call) => call.length === 3)).toBe(true);
});

test('calls have at most batchItems spans, and at most limits.spans of the exporter', async () => {
  const backend = await Backend.open();
  const { oc } = rig([
    [wire(backend, { limits: { spans: 7 } }), { batchItems: 10 }],
    [wire(backend), { batchItems: 10 }],
  ]);
  endSpans(oc, 70);
  await oc.flush();
  const sizes = backend.log.map(([size]) => size).sort((a, b) => a - b);
  expect(sizes).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 10, 10, 10, 10, 10, 10, 10]);
});
