import { inspect } from 'node:util';
import { count, measure, type SignalHealth, view } from '@oc/core';
import { ExportError, type Exporter, type SpanData } from '@oc/core/exporter';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import { Backend, endSpans, figures, imbalance, onceEach, rig, rowsOf, spansOf, turn, wire } from './wire.ts';

const IDLE = { state: 'idle', dropped: {}, queued: 0, inFlight: 0 };

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** An error that throws whatever is read of it. */
function unreadable(): object {
  return new Proxy(new Error('x'), {
    get() {
      throw new Error('no reading');
    },
    getPrototypeOf() {
      throw new Error('no prototype');
    },
    has() {
      throw new Error('no members');
    },
    ownKeys() {
      throw new Error('no keys');
    },
  });
}

function circular(): Error {
  const error = new AggregateError([]) as AggregateError & { cause?: unknown };
  error.errors.push(error);
  error.cause = error;
  return error;
}

/** What an exporter may be rejected with that explains nothing. */
const NONSENSE: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['0', () => 0],
  ['text', () => 'no'],
  ['a symbol', () => Symbol('no')],
  ['a BigInt', () => 7n],
  ['a function', () => () => {}],
  ['an empty object', () => ({})],
  ['an object without a prototype', () => Object.create(null)],
  ['an array', () => [new Error('one')]],
  ['a revoked proxy', revoked],
  ['an error that cannot be read', unreadable],
  [
    'an error whose message cannot be read',
    () => Object.defineProperty(new Error('x'), 'message', { get: unreadable }),
  ],
  [
    'an error whose message throws',
    () =>
      Object.defineProperty(new Error('x'), 'message', {
        get() {
          throw new Error('no message');
        },
      }),
  ],
  ['an error with a failure of its own making', () => Object.assign(new Error('x'), { failure: 'lost-in-space' })],
  ['an error with an object as its failure', () => Object.assign(new Error('x'), { failure: revoked() })],
  ['an error with a revoked cause', () => new Error('x', { cause: revoked() })],
  ['an error of itself', circular],
  ['a plain error', () => new Error('boom')],
];

test.each(NONSENSE)(
  'a call that rejects with %s is counted as exporter-error, and the next one passes',
  async (_, make) => {
    let calls = 0;
    const exporter: Exporter = {
      name: 'odd',
      exportSpans: () => (++calls === 1 ? Promise.reject(make()) : Promise.resolve()),
    };
    const { oc, problems } = rig([exporter]);
    endSpans(oc, 4);
    const [drained] = await oc.flush();
    expect(drained?.unsettled).toBe(0);
    expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 4, delivered: 0, dropped: { 'exporter-error': 4 } });
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(/^odd: 4 spans dropped \(exporter-error\)/);
    endSpans(oc, 3);
    await oc.flush();
    expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 7, delivered: 3, dropped: { 'exporter-error': 4 } });
  },
);

test.each(NONSENSE)('an exporter whose start rejects with %s fails alone', async (_, make) => {
  const backend = await Backend.open();
  const odd: Exporter = { name: 'odd', start: () => Promise.reject(make()), exportSpans: async () => {} };
  const { oc, problems } = rig([odd, wire(backend)]);
  const names = endSpans(oc, 4);
  const [health] = await oc.ready;
  expect(health?.spans).toMatchObject({
    state: 'failed',
    accepted: 4,
    delivered: 0,
    dropped: { 'not-started': 4 },
    queued: 0,
    inFlight: 0,
  });
  expect(problems.filter(({ message }) => message.startsWith('odd: '))).not.toEqual([]);
  await oc.flush();
  expect(backend.took).toEqual(onceEach(names));
});

test.each(NONSENSE)('an exporter whose close rejects with %s does not make the shutdown reject', async (_, make) => {
  const backend = await Backend.open();
  const odd: Exporter = { name: 'odd', close: () => Promise.reject(make()), exportSpans: async () => {} };
  const { oc, problems } = rig([odd, wire(backend)]);
  const names = endSpans(oc, 4);
  expect(await oc.shutdown()).toMatchObject([
    { name: 'odd', unsettled: 0, spans: { state: 'closed', delivered: 4 } },
    { name: 'wire', unsettled: 0, spans: { state: 'closed', delivered: 4 } },
  ]);
  expect(backend.took).toEqual(onceEach(names));
  expect(problems.map(({ message }) => message)).toEqual([expect.stringMatching(/^odd: close failed/)]);
});

test('an exporter that throws an ExportError at once is read like one that rejects with it', async () => {
  let calls = 0;
  const exporter: Exporter = {
    name: 'odd',
    exportSpans() {
      if (++calls === 1) throw new ExportError('unavailable', 'odd: not yet');
      return Promise.resolve();
    },
  };
  const { oc } = rig([exporter]);
  endSpans(oc, 2);
  await oc.flush();
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 2, delivered: 2 });
});

type Then = (resolve: (value?: unknown) => void, reject: (error: unknown) => void) => void;

test.each<readonly [string, Then, object]>([
  [
    'resolves twice',
    (resolve) => {
      resolve();
      resolve();
    },
    { delivered: 2, dropped: {} },
  ],
  [
    'resolves, then rejects',
    (resolve, reject) => {
      resolve();
      reject(new Error('late'));
    },
    { delivered: 2, dropped: {} },
  ],
  [
    'rejects, then resolves later',
    (resolve, reject) => {
      reject(new ExportError('rejected', 'no'));
      setImmediate(resolve);
    },
    { delivered: 0, dropped: { rejected: 2 } },
  ],
  [
    'resolves, then throws',
    (resolve) => {
      resolve();
      throw new Error('late');
    },
    { delivered: 2, dropped: {} },
  ],
  [
    'throws in then',
    () => {
      throw new Error('early');
    },
    { delivered: 0, dropped: { 'exporter-error': 2 } },
  ],
])('an exporter that %s is counted once', async (_, then, expected) => {
  const exporter = { name: 'odd', exportSpans: () => ({ then }) } as unknown as Exporter;
  const { oc } = rig([exporter]);
  endSpans(oc, 2);
  await oc.flush();
  expect(spansOf(oc)).toMatchObject({ accepted: 2, queued: 0, inFlight: 0, ...expected });
});

test('an exporter that never settles is tried again after each deadline, and its spans stay until the end', async () => {
  const signals: AbortSignal[] = [];
  const exporter: Exporter = {
    name: 'odd',
    exportSpans(_, { signal }) {
      signals.push(signal);
      return new Promise(() => {});
    },
  };
  const { oc } = rig([[exporter, { attemptMs: 50, batchItems: 10 }]]);
  endSpans(oc, 100);
  const flushed = await oc.flush({ withinMs: 1_000 });
  expect(flushed).toMatchObject([{ unsettled: 100, spans: { delivered: 0, dropped: {} } }]);
  expect(imbalance(spansOf(oc))).toBe(0);
  expect(signals.length).toBeGreaterThan(4);
  expect(signals.slice(0, 4).every(({ aborted }) => aborted)).toBe(true);
  const asked = performance.now();
  const closed = await oc.shutdown({ withinMs: 600 });
  expect(performance.now() - asked).toBeLessThan(800);
  expect(closed).toMatchObject([{ unsettled: 0, spans: { state: 'closed', dropped: { deadline: 100 }, queued: 0 } }]);
});

test('a call that settles long after its deadline is not counted a second time', async () => {
  const clock = new ManualClock();
  const late: (() => void)[] = [];
  let calls = 0;
  const exporter: Exporter = {
    name: 'odd',
    exportSpans: () => (++calls === 1 ? new Promise((resolve) => late.push(resolve)) : Promise.resolve()),
  };
  const { oc } = rig([[exporter, { attemptMs: 1_000 }]], { clock });
  endSpans(oc, 5);
  await clock.until(
    () => spansOf(oc).delivered === 5,
    () => false,
  );
  for (const settle of late) settle();
  await clock.pass(120_000);
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 5, delivered: 5 });
});

test.each<readonly [string, () => void | Promise<void>]>([
  [
    'throws',
    () => {
      throw new Error('port in use');
    },
  ],
  ['rejects', () => Promise.reject(new Error('port in use'))],
])(
  'an exporter whose start %s fails: its items are not-started, the other exporter and the application live',
  async (_, start) => {
    const backend = await Backend.open();
    const requests = measure({ name: 'requests' });
    let closes = 0;
    const odd: Exporter = {
      name: 'odd',
      start,
      exportSpans: async () => {},
      exportMetrics: async () => {},
      close: async () => {
        closes++;
      },
    };
    const { oc, problems } = rig([odd, wire(backend)], { views: [view({ measure: requests, aggregation: count() })] });
    oc.stats.record([[requests, 1]]);
    const before = endSpans(oc, 3, 'before');
    expect(await oc.ready).toMatchObject([
      { name: 'odd', spans: { state: 'failed', dropped: { 'not-started': 3 } }, metrics: { state: 'failed' } },
      { name: 'wire', spans: { state: expect.stringMatching(/idle|delivering/) } },
    ]);
    const after = endSpans(oc, 2, 'after');
    const flushed = await oc.flush();
    expect(flushed).toMatchObject([
      {
        unsettled: 0,
        spans: { state: 'failed', accepted: 5, delivered: 0, dropped: { 'not-started': 5 }, queued: 0 },
        metrics: { state: 'failed', accepted: 1, delivered: 0, dropped: { 'not-started': 1 } },
      },
      { unsettled: 0, spans: { delivered: 5 }, metrics: { delivered: 1 } },
    ]);
    expect([...backend.took.keys()].sort()).toEqual([...before, ...after, 'requests{}'].sort());
    expect(problems[0]).toMatchObject({
      exporter: 'odd',
      severity: 'error',
      message: expect.stringContaining('port in use'),
    });
    const closed = await oc.shutdown();
    expect(closed.map(({ unsettled }) => unsettled)).toEqual([0, 0]);
    expect(closes).toBeLessThanOrEqual(1);
  },
);

test('an exporter whose start takes over 10 s has failed then, and not before', async () => {
  const clock = new ManualClock();
  let finish = (): void => {};
  let calls = 0;
  const odd: Exporter = {
    name: 'odd',
    start: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
    exportSpans: async () => {
      calls++;
    },
  };
  const { oc, problems } = rig([odd], { clock });
  endSpans(oc, 3);
  await clock.pass(9_990);
  expect(spansOf(oc)).toMatchObject({ queued: 3, dropped: {} });
  await clock.pass(20);
  expect(await oc.ready).toMatchObject([{ spans: { state: 'failed', dropped: { 'not-started': 3 }, queued: 0 } }]);
  endSpans(oc, 2);
  finish();
  await clock.pass(60_000);
  expect(figures(spansOf(oc))).toMatchObject({ state: 'failed', accepted: 5, dropped: { 'not-started': 5 } });
  expect(calls).toBe(0);
  expect(problems[0]).toMatchObject({ exporter: 'odd', severity: 'error', message: expect.stringContaining('10 s') });
});

test('what is recorded while an exporter starts waits and is sent once it has', async () => {
  const backend = await Backend.open();
  let finish = (): void => {};
  const { oc } = rig([
    {
      ...wire(backend),
      start: () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    },
  ]);
  const names = endSpans(oc, 1_000);
  const flushing = oc.flush();
  await turn();
  expect(backend.arrivals).toEqual([]);
  finish();
  expect(await flushing).toMatchObject([{ unsettled: 0, spans: { delivered: 1_000 } }]);
  expect(backend.took).toEqual(onceEach(names));
});

test('a flush or shutdown while an exporter still starts is on time, and what it held is counted', async () => {
  const odd: Exporter = { name: 'odd', start: () => new Promise(() => {}), exportSpans: async () => {} };
  const { oc } = rig([odd]);
  endSpans(oc, 3);
  const asked = performance.now();
  expect(await oc.flush({ withinMs: 100 })).toMatchObject([{ unsettled: 3, spans: { queued: 3, dropped: {} } }]);
  const closed = await oc.shutdown({ withinMs: 300 });
  expect(performance.now() - asked).toBeLessThan(800);
  const { dropped } = closed[0]?.spans ?? { dropped: {} };
  expect(Object.values(dropped)).toEqual([3]);
  expect(imbalance(spansOf(oc))).toBe(0);
});

test('a start that ends after the shutdown, well or badly, changes no account', async () => {
  const clock = new ManualClock();
  const ends: ((error?: Error) => void)[] = [];
  const slow = (name: string): Exporter => ({
    name,
    start: () => new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve()))),
    exportSpans: async () => {},
  });
  const { oc } = rig([slow('well'), slow('badly'), slow('never')], { clock });
  endSpans(oc, 3);
  const before = await clock.settle(oc.shutdown({ withinMs: 1_000 }), () => false);
  ends[0]?.();
  ends[1]?.(new Error('too late'));
  await clock.pass(60_000);
  expect(oc.health().map(({ spans }) => figures(spans))).toEqual(before.map(({ spans }) => figures(spans)));
  expect(before.map(({ spans }) => spans.state)).toEqual(['closed', 'closed', 'closed']);
});

test('an exporter whose close hangs does not make the shutdown late', async () => {
  const backend = await Backend.open();
  let aborted: AbortSignal | undefined;
  const odd: Exporter = {
    name: 'odd',
    exportSpans: async () => {},
    close(signal) {
      aborted = signal;
      return new Promise(() => {});
    },
  };
  const { oc } = rig([odd, wire(backend)]);
  endSpans(oc, 3);
  const asked = performance.now();
  expect(await oc.shutdown({ withinMs: 400 })).toMatchObject([
    { unsettled: 0, spans: { state: 'closed', delivered: 3 } },
    { unsettled: 0, spans: { state: 'closed', delivered: 3 } },
  ]);
  const took = performance.now() - asked;
  expect(took).toBeGreaterThan(390);
  expect(took).toBeLessThan(600);
  expect(aborted?.aborted).toBe(true);
});

test('close comes once, after the last call has settled or was given 250 ms after its abort', async () => {
  const events: string[] = [];
  const exporter: Exporter = {
    name: 'odd',
    exportSpans: (_, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          events.push('aborted');
          setTimeout(() => {
            events.push('settled');
            reject(signal.reason);
          }, 50);
        });
      }),
    async close() {
      events.push('closed');
    },
  };
  const { oc } = rig([exporter]);
  endSpans(oc, 1);
  await Promise.all([oc.shutdown({ withinMs: 800 }), oc.shutdown({ withinMs: 1 })]);
  expect(events).toEqual(['aborted', 'settled', 'closed']);
});

test('an exporter cannot change what the others get, nor what is sent again', async () => {
  const got: string[][] = [];
  const rows: string[][] = [];
  let calls = 0;
  const vandal: Exporter = {
    name: 'vandal',
    async exportSpans(spans) {
      (spans as SpanData[]).sort(() => 1);
      (spans as SpanData[]).length = 0;
    },
    async exportMetrics(metrics) {
      for (const metric of metrics) (metric.timeSeries as unknown as unknown[]).length = 0;
      (metrics as unknown[]).length = 0;
    },
  };
  const witness: Exporter = {
    name: 'witness',
    async exportSpans(spans) {
      got.push(spans.map(({ name }) => name));
      if (++calls === 1) throw new ExportError('unavailable', 'witness: again');
    },
    async exportMetrics(metrics) {
      rows.push(rowsOf(metrics).map(({ id }) => id));
    },
  };
  const requests = measure({ name: 'requests' });
  const { oc } = rig([vandal, witness], { views: [view({ measure: requests, aggregation: count() })] });
  oc.stats.record([[requests, 1]]);
  const names = endSpans(oc, 3);
  await oc.flush();
  const [vandalised] = oc.health();
  expect(vandalised?.spans).toMatchObject({ accepted: 3, queued: 0, inFlight: 0 });
  expect(imbalance(vandalised?.spans as SignalHealth)).toBe(0);
  expect(got).toEqual([names, names]);
  expect(rows).toEqual([['requests{}']]);
});

test('exporters of one name are told apart, and each has its own account', async () => {
  const good = await Backend.open();
  const bad = await Backend.open((arrival) => arrival.answer(400));
  const { oc, problems } = rig([wire(good), wire(bad), wire(good)]);
  endSpans(oc, 2);
  const drained = await oc.flush();
  expect(drained.map(({ name, spans }) => [name, spans.delivered, spans.dropped])).toEqual([
    ['wire', 2, {}],
    ['wire-2', 0, { rejected: 2 }],
    ['wire-3', 2, {}],
  ]);
  expect(problems.map(({ exporter }) => exporter)).toEqual(['wire-2']);
});

test('what an exporter traces in its calls is not exported', async () => {
  const names: string[] = [];
  const exporter: Exporter = {
    name: 'odd',
    async exportSpans(spans) {
      names.push(...spans.map(({ name }) => name));
      await oc.tracer.span('request', async () => {
        await turn();
        oc.tracer.startSpan('inner').end();
      });
    },
    async start() {
      await turn();
      oc.tracer.startSpan('start').end();
    },
    close: async () => oc.tracer.startSpan('close').end(),
  };
  const { oc } = rig([exporter]);
  await oc.ready;
  oc.tracer.span('outer', () => endSpans(oc, 1));
  await oc.flush();
  await oc.flush();
  expect(await oc.shutdown()).toMatchObject([{ spans: { accepted: 2, delivered: 2 } }]);
  expect(names).toEqual(['s0', 'outer']);
});

test('health can be inspected and is a copy', async () => {
  const backend = await Backend.open();
  const { oc } = rig([wire(backend)]);
  endSpans(oc, 1);
  const before = oc.health();
  const shown = inspect(before, { depth: 9 });
  await oc.flush();
  expect(inspect(before, { depth: 9 })).toBe(shown);
});
