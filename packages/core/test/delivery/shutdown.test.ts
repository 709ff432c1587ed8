import { lastValue, measure, view } from '@oc/core';
import type { Exporter } from '@oc/core/exporter';
import { expect, test, vi } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import {
  type Arrival,
  Backend,
  endSpans,
  figures,
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

test('a shutdown sends all, closes, and a second one gives the same promise', async () => {
  const backend = await Backend.open();
  let closes = 0;
  const exporter = wire(backend);
  const { oc } = rig([
    {
      ...exporter,
      async close(signal) {
        closes++;
        await exporter.close?.(signal);
      },
    },
  ]);
  const names = endSpans(oc, 1_234);
  const first = oc.shutdown();
  const second = oc.shutdown({ withinMs: 1 });
  expect(second).toBe(first);
  expect(await first).toMatchObject([{ unsettled: 0, spans: { state: 'closed', delivered: 1_234, dropped: {} } }]);
  expect(oc.shutdown()).toBe(first);
  await oc[Symbol.asyncDispose]();
  expect(closes).toBe(1);
  expect(backend.took).toEqual(onceEach(names));
});

test('spans that end after a shutdown began are counted as after-shutdown', async () => {
  const backend = await Backend.open();
  const { oc } = rig([wire(backend)]);
  const names = endSpans(oc, 2);
  const running = oc.tracer.startSpan('running');
  const closing = oc.shutdown();
  running.end();
  endSpans(oc, 3, 'late');
  await closing;
  endSpans(oc, 4, 'later');
  expect(figures(spansOf(oc))).toEqual({
    state: 'closed',
    accepted: 10,
    delivered: 2,
    dropped: { 'after-shutdown': 8 },
    queued: 0,
    inFlight: 0,
  });
  expect(backend.took).toEqual(onceEach(names));
});

test('a flush while a shutdown is under way tells the truth about what is unsettled', async () => {
  let held: Arrival | undefined;
  const backend = await Backend.open((arrival) => {
    held = arrival;
  });
  const { oc } = rig([wire(backend)]);
  endSpans(oc, 3);
  const closing = oc.shutdown();
  await backend.until(({ arrivals }) => arrivals.length === 1);
  const short = await oc.flush({ withinMs: 50 });
  expect(short).toMatchObject([{ unsettled: 3, spans: { delivered: 0 } }]);
  const flushing = oc.flush();
  await turn();
  held?.answer(204);
  expect(await flushing).toMatchObject([{ unsettled: 0, spans: { delivered: 3 } }]);
  expect(await closing).toMatchObject([{ unsettled: 0, spans: { delivered: 3, dropped: {} } }]);
});

test.each([
  [3_000, 2_500],
  [1_500, 1_000],
  [600, 300],
  [100, 50],
])(
  'the signal of a call aborts 500 ms before the end of a shutdown of %d ms, but not before half of it: at %d ms',
  async (withinMs, abortsAt) => {
    const clock = new ManualClock();
    const events: [string, number][] = [];
    let began = 0;
    const exporter: Exporter = {
      name: 'slow',
      exportSpans: (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            events.push(['aborted', clock.monotonic() - began]);
            reject(signal.reason);
          });
        }),
      async close() {
        events.push(['closed', clock.monotonic() - began]);
      },
    };
    const { oc } = rig([exporter], { clock });
    endSpans(oc, 4);
    await clock.pass(2_000);
    began = clock.monotonic();
    const closed = await clock.settle(oc.shutdown({ withinMs }), () => false);
    expect(events).toEqual([
      ['aborted', abortsAt],
      ['closed', abortsAt],
    ]);
    expect(closed).toMatchObject([{ unsettled: 0, spans: { state: 'closed', dropped: { deadline: 4 } } }]);
  },
);

test('a call that ignores its abort gets 250 ms, then the exporter is closed, all in time', async () => {
  const clock = new ManualClock();
  let began = 0;
  let closedAt = 0;
  const exporter: Exporter = {
    name: 'deaf',
    exportSpans: () => new Promise(() => {}),
    async close() {
      closedAt = clock.monotonic() - began;
    },
  };
  const { oc } = rig([exporter], { clock });
  endSpans(oc, 4);
  await clock.pass(2_000);
  began = clock.monotonic();
  const closed = await clock.settle(oc.shutdown({ withinMs: 2_000 }), () => false);
  expect(closedAt).toBe(1_750);
  expect(clock.monotonic() - began).toBeLessThanOrEqual(2_000);
  expect(closed).toMatchObject([{ spans: { dropped: { deadline: 4 }, inFlight: 0, queued: 0 } }]);
});

test('a shutdown with a busy backend ends at its deadline and counts what is left', async () => {
  const { oc, problems } = rig([wire(await Backend.open(status(503)))]);
  endSpans(oc, 2_000);
  const asked = performance.now();
  const closed = await oc.shutdown({ withinMs: 1_000 });
  const took = performance.now() - asked;
  expect(took).toBeGreaterThan(490);
  expect(took).toBeLessThan(1_150);
  expect(closed.map(({ unsettled, spans }) => [unsettled, figures(spans)])).toEqual([
    [0, { state: 'closed', accepted: 2_000, delivered: 0, dropped: { deadline: 2_000 }, queued: 0, inFlight: 0 }],
  ]);
  expect(problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([
    expect.stringMatching(/^wire: 2000 spans dropped \(deadline\)/),
  ]);
});

test('a shutdown defaults to 5 s', async () => {
  const clock = new ManualClock();
  const exporter: Exporter = {
    name: 'slow',
    exportSpans: (_, { signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    close: () => new Promise(() => {}),
  };
  const { oc } = rig([exporter], { clock });
  endSpans(oc, 1);
  const began = clock.monotonic();
  await clock.settle(oc.shutdown(), () => false);
  expect(clock.monotonic() - began).toBe(5_000);
});

test('a shutdown gives what waits in backoff one attempt at once', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open();
  backend.next(status(503), status(503), status(503));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.999);
  const { oc } = rig([exporter], { clock });
  endSpans(oc, 3);
  await clock.until(() => exporter.calls.length === 3 && exporter.running === 0, busy);
  const asked = clock.monotonic();
  const closed = await clock.settle(oc.shutdown(), busy);
  random.mockRestore();
  expect(exporter.calls.map(({ at }) => at).slice(3)).toEqual([asked]);
  expect(closed).toMatchObject([{ spans: { delivered: 3, dropped: {} } }]);
});

test('exporters drain side by side under one deadline', async () => {
  const hanging = await Promise.all([1, 2, 3, 4].map(() => Backend.open(silence)));
  const { oc } = rig(hanging.map((backend) => wire(backend)));
  endSpans(oc, 10);
  const asked = performance.now();
  const closed = await oc.shutdown({ withinMs: 700 });
  expect(performance.now() - asked).toBeLessThan(900);
  expect(closed.map(({ spans }) => spans.dropped)).toEqual(Array(4).fill({ deadline: 10 }));
});

test('an answer that comes between the abort and the end still counts', async () => {
  const exporter: Exporter = {
    name: 'late',
    exportSpans: (_, { signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => setImmediate(resolve))),
  };
  const { oc } = rig([exporter]);
  endSpans(oc, 3);
  expect(await oc.shutdown({ withinMs: 300 })).toMatchObject([{ spans: { delivered: 3, dropped: {} } }]);
});

test('an answer that comes after the end changes no account', async () => {
  const late: (() => void)[] = [];
  const exporter: Exporter = { name: 'late', exportSpans: () => new Promise((resolve) => late.push(resolve)) };
  const { oc } = rig([exporter]);
  endSpans(oc, 3);
  await oc.shutdown({ withinMs: 100 });
  const before = figures(spansOf(oc));
  for (const settle of late) settle();
  for (let i = 0; i < 5; i++) await turn();
  expect(figures(spansOf(oc))).toEqual(before);
  expect(before).toMatchObject({ state: 'closed', dropped: { deadline: 3 } });
  expect(imbalance(spansOf(oc))).toBe(0);
});

test('a shutdown collects metrics once more, and sends them', async () => {
  const depth = measure({ name: 'depth' });
  const backend = await Backend.open();
  const { oc } = rig([wire(backend)], { views: [view({ measure: depth, aggregation: lastValue() })] });
  oc.stats.record([[depth, 7]]);
  const closed = await oc.shutdown();
  expect(closed).toMatchObject([{ unsettled: 0, metrics: { state: 'closed', accepted: 1, delivered: 1 } }]);
  expect(JSON.parse(backend.arrivals[0]?.body ?? '')).toMatchObject([{ id: 'depth{}', value: 7 }]);
});

test('a shutdown in the middle of a split or a search leaves no span uncounted', async () => {
  const backend = await Backend.open((arrival) => {
    if (arrival.n < 4) arrival.answer(arrival.n === 2 ? 400 : 413);
  });
  const { oc } = rig([[wire(backend, { failures: { 400: 'poisoned' } }), { batchItems: 100, maxInFlight: 2 }]]);
  endSpans(oc, 450);
  const closed = await oc.shutdown({ withinMs: 500 });
  expect(closed).toMatchObject([
    { unsettled: 0, spans: { state: 'closed', accepted: 450, delivered: 0, dropped: { deadline: 450 } } },
  ]);
});

test('asyncDispose shuts down', async () => {
  const backend = await Backend.open(ok);
  const { oc } = rig([wire(backend)]);
  const names = endSpans(oc, 3);
  await oc[Symbol.asyncDispose]();
  expect(backend.took).toEqual(onceEach(names));
  expect(spansOf(oc).state).toBe('closed');
});
