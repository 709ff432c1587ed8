import { count, distribution, lastValue, measure, sum, type TelemetryOptions, view } from '@oc/core';
import { ExportError, type Exporter, type Metric } from '@oc/core/exporter';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import {
  type Arrival,
  Backend,
  endSpans,
  figures,
  imbalance,
  metricsOf,
  ok,
  randomFrom,
  rig,
  rowsOf,
  status,
  turn,
  wire,
} from './wire.ts';

const requests = measure({ name: 'requests', unit: '1' });
const latency = measure({ name: 'latency', unit: 'ms' });
const depth = measure({ name: 'depth' });

const IDLE = { state: 'idle', dropped: {}, queued: 0, inFlight: 0 };

/** One view with a row for each key that was recorded. */
const keyed: TelemetryOptions = { views: [view({ measure: requests, aggregation: count(), tagKeys: ['key'] })] };

function record(oc: ReturnType<typeof rig>['oc'], keys: number): readonly string[] {
  for (let key = 0; key < keys; key++) oc.stats.record([[requests, 1]], { key: `k${key}` });
  return Array.from({ length: keys }, (_, key) => `requests{k${key}}`);
}

interface Point {
  readonly id: string;
  readonly time: number;
  readonly value: unknown;
}

function pointsOf({ body }: Arrival): readonly Point[] {
  return JSON.parse(body) as readonly Point[];
}

test('a retry sends the very same points, with the same times, whatever was recorded in between', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(status(503));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([exporter], {
    clock,
    views: [
      view({ name: 'n', measure: requests, aggregation: count(), tagKeys: ['key'] }),
      view({ name: 's', measure: latency, aggregation: sum() }),
      view({ name: 'd', measure: latency, aggregation: distribution([10, 100]) }),
      view({ name: 'g', measure: depth, aggregation: lastValue() }),
    ],
  });
  const put = (): void => {
    record(oc, 3);
    oc.stats.record([
      [latency, 42],
      [depth, 5],
    ]);
  };
  put();
  const flushing = oc.flush({ withinMs: 20_000 });
  for (let i = 0; i < 3; i++) {
    await clock.until(() => exporter.calls.length === i + 1, busy);
    put();
  }
  backend.behave = ok;
  await clock.settle(flushing, busy);
  expect(backend.arrivals.length).toBeGreaterThanOrEqual(3);
  const [first, ...others] = backend.arrivals.map(pointsOf);
  for (const other of others) expect(other).toEqual(first);
  expect(first?.map(({ id }) => id)).toEqual(['n{k0}', 'n{k1}', 'n{k2}', 's{}', 'd{}', 'g{}']);
  expect(first?.map(({ value }) => value)).toMatchObject([1, 1, 1, 42, { count: 1, sum: 42 }, 5]);
});

test('calls of one exporter never overlap and come in the order of collection, in retries, splits and halves too', async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 30));
  const random = randomFrom(seed);
  const clock = new ManualClock();
  const backend = await Backend.open((arrival) => {
    const dice = random();
    if (arrival.ids.length > 3) arrival.answer(413);
    else if (dice < 0.2) arrival.answer(503);
    else if (dice < 0.3) arrival.socket.resetAndDestroy();
    else if (dice < 0.4) arrival.answer(400);
    else arrival.answer(204);
  });
  const exporter = wire(backend, { clock, limits: { timeSeries: 7 }, failures: { 400: 'poisoned' } });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([[exporter, { metricsEveryMs: 1_000 }]], { clock, ...keyed });
  const ids = record(oc, 20);
  await clock.pass(120_000, busy);
  const calls = backend.arrivals.map(pointsOf);
  const times = calls.map((points) => new Set(points.map(({ time }) => time)));
  expect(exporter.most, `SEED=${seed}`).toBe(1);
  // Each call holds rows of one collection, and no collection begins before the one ahead of it is over.
  expect(times.every((all) => all.size === 1)).toBe(true);
  const order = times.map((all) => Math.max(...all));
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(new Set(order).size).toBeGreaterThan(5);
  // Within a collection the rows come in order, those that are sent again in between.
  for (const time of new Set(order)) {
    const first = new Map<string, number>();
    for (const points of calls) {
      for (const { id, time: at } of points) if (at === time && !first.has(id)) first.set(id, first.size);
    }
    expect([...first.keys()]).toEqual(ids.slice(0, first.size));
  }
  expect(calls.every((points) => points.length <= 7)).toBe(true);
  expect(imbalance(metricsOf(oc))).toBe(0);
});

test('a collection is one call, cut only at limits.timeSeries; the slices repeat the descriptor and follow at once', async () => {
  const calls: (readonly Metric[])[] = [];
  const exporter: Exporter = {
    name: 'slices',
    limits: { timeSeries: 4 },
    async exportMetrics(metrics) {
      calls.push(metrics);
    },
  };
  const { oc } = rig([exporter, { ...exporter, limits: undefined }], {
    views: [
      view({ name: 'a', measure: requests, aggregation: count(), tagKeys: ['key'], description: 'all of a' }),
      view({ name: 'b', measure: requests, aggregation: sum(), tagKeys: ['key'] }),
    ],
  });
  record(oc, 5);
  const drained = await oc.flush();
  expect(drained.map(({ metrics }) => [metrics.accepted, metrics.delivered])).toEqual([
    [10, 10],
    [10, 10],
  ]);
  const slices = calls.filter((metrics) => rowsOf(metrics).length <= 4);
  expect(slices.map((metrics) => metrics.map(({ name, timeSeries }) => [name, timeSeries.length]))).toEqual([
    [['a', 4]],
    [
      ['a', 1],
      ['b', 3],
    ],
    [['b', 2]],
  ]);
  expect(slices.flatMap(rowsOf).map(({ id }) => id)).toEqual(
    calls
      .filter((metrics) => !slices.includes(metrics))
      .flatMap(rowsOf)
      .map(({ id }) => id),
  );
  for (const [metric] of slices.slice(0, 2)) {
    const { timeSeries, ...descriptor } = metric as Metric;
    expect(descriptor).toEqual({
      name: 'a',
      description: 'all of a',
      unit: '1',
      labelKeys: ['key'],
      valueType: 'int64',
      type: 'cumulative',
    });
    expect(Array.isArray(timeSeries)).toBe(true);
  }
});

test('without rows there is no call', async () => {
  const backend = await Backend.open();
  const { oc } = rig([wire(backend)], keyed);
  expect(await oc.flush()).toMatchObject([{ unsettled: 0, metrics: { state: 'idle', accepted: 0 } }]);
  await oc.shutdown();
  expect(backend.arrivals).toEqual([]);
});

test('a newer collection takes the place of one that waits, which is counted, and nothing of the totals is lost', async () => {
  const clock = new ManualClock();
  const held: Arrival[] = [];
  const backend = await Backend.open((arrival) => held.push(arrival));
  const exporter = wire(backend, { clock });
  const { oc } = rig([[exporter, { metricsEveryMs: 1_000, attemptMs: 1_000_000 }]], { clock, ...keyed });
  for (let second = 0; second < 4; second++) {
    record(oc, 3);
    await clock.pass(1_000);
    await backend.until(() => held.length === 1);
  }
  expect(figures(metricsOf(oc))).toEqual({
    state: 'delivering',
    accepted: 12,
    delivered: 0,
    dropped: { superseded: 6 },
    queued: 3,
    inFlight: 3,
  });
  backend.behave = ok;
  held[0]?.answer(204);
  await backend.until(({ arrivals }) => arrivals[1]?.status === 204);
  await clock.pass(0, () => exporter.running > 0);
  expect(backend.arrivals.map((arrival) => pointsOf(arrival).map(({ value }) => value))).toEqual([
    [1, 1, 1],
    [4, 4, 4],
  ]);
  expect(figures(metricsOf(oc))).toEqual({ ...IDLE, accepted: 12, delivered: 6, dropped: { superseded: 6 } });
});

test('a collection that is retried stays, and newer ones wait behind it', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(status(503));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([[exporter, { metricsEveryMs: 10_000 }]], { clock, ...keyed });
  record(oc, 2);
  await clock.pass(45_000, busy);
  expect(figures(metricsOf(oc))).toMatchObject({
    state: 'retrying',
    accepted: 8,
    queued: 4,
    dropped: { superseded: 4 },
  });
  const times = new Set(backend.arrivals.flatMap(pointsOf).map(({ time }) => time));
  expect(times.size).toBe(1);
  backend.behave = ok;
  await clock.until(() => metricsOf(oc).delivered === 4, busy);
  expect(metricsOf(oc)).toMatchObject({ accepted: 8, queued: 0, dropped: { superseded: 4 } });
});

test('the time for retries of a collection runs in an outage too, and then the next one has its turn', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(status(503));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([[exporter, { metricsEveryMs: 10_000, retryForMs: 30_000 }]], { clock, ...keyed });
  record(oc, 2);
  const start = clock.monotonic();
  await clock.until(() => 'retry-exhausted' in metricsOf(oc).dropped, busy);
  const gaveUp = clock.monotonic() - start;
  expect(gaveUp).toBeGreaterThanOrEqual(40_000);
  expect(gaveUp).toBeLessThanOrEqual(46_000);
  expect(metricsOf(oc).dropped['retry-exhausted']).toBe(2);
  const before = backend.arrivals.length;
  backend.behave = ok;
  await clock.until(() => backend.arrivals.length > before, busy);
  const [first, last] = [backend.arrivals[0], backend.arrivals.at(-1)].map(
    (arrival) => pointsOf(arrival as Arrival)[0]?.time ?? 0,
  );
  expect(last).toBeGreaterThan(first as number);
});

test.each([
  ['the interval', { metricsEveryMs: 10_000 }, undefined, 10_000],
  [
    'the exporter’s least time between two collections, when that is longer',
    { metricsEveryMs: 10_000 },
    25_000,
    25_000,
  ],
  ['the default of a minute', {}, undefined, 60_000],
])('metrics are collected at %s', async (_, delivery, leastMs, everyMs) => {
  const clock = new ManualClock();
  const backend = await Backend.open();
  const exporter = wire(backend, { clock, limits: { metricsEveryMs: leastMs } });
  const { oc } = rig([[exporter, delivery]], { clock, ...keyed });
  record(oc, 1);
  const start = clock.monotonic();
  await clock.pass(4 * everyMs + 1_000, () => exporter.running > 0);
  expect(exporter.calls.map(({ at }) => at - start)).toEqual([1, 2, 3, 4].map((n) => n * everyMs));
});

test('a flush collects once, unless the last collection is younger than the exporter’s least time', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open();
  const patient = wire(backend, { clock, name: 'patient', limits: { metricsEveryMs: 30_000 } });
  const eager = wire(backend, { clock, name: 'eager' });
  const busy = (): boolean => patient.running + eager.running > 0;
  const { oc } = rig([patient, eager], { clock, ...keyed });
  record(oc, 1);
  await clock.settle(oc.flush(), busy);
  expect([patient.calls.length, eager.calls.length]).toEqual([1, 1]);
  await clock.pass(29_000, busy);
  await clock.settle(oc.flush(), busy);
  expect([patient.calls.length, eager.calls.length]).toEqual([1, 2]);
  await clock.pass(1_000, busy);
  await clock.settle(oc.flush(), busy);
  expect([patient.calls.length, eager.calls.length]).toEqual([2, 3]);
});

test('flushes at one time share one collection', async () => {
  const backend = await Backend.open();
  const { oc } = rig([wire(backend)], keyed);
  record(oc, 3);
  const drained = await Promise.all([oc.flush(), oc.flush(), oc.flush()]);
  expect(drained.map(([only]) => only?.unsettled)).toEqual([0, 0, 0]);
  expect(figures(metricsOf(oc))).toEqual({ ...IDLE, accepted: 3, delivered: 3 });
  expect(backend.arrivals).toHaveLength(1);
});

test('a flush waits for the collection that it made, an asynchronous reading included', async () => {
  const backend = await Backend.open();
  const { oc } = rig([wire(backend)], { views: [view({ measure: depth, aggregation: lastValue() })] });
  let read = (_: number): void => {};
  oc.stats.observe(
    depth,
    () =>
      new Promise((resolve) => {
        read = resolve;
      }),
  );
  const flushing = oc.flush();
  await turn();
  read(11);
  expect(await flushing).toMatchObject([{ unsettled: 0, metrics: { delivered: 1 } }]);
  expect(pointsOf(backend.arrivals[0] as Arrival)).toMatchObject([{ id: 'depth{}', value: 11 }]);
});

test('a reading that never comes does not make a flush or shutdown late', async () => {
  const backend = await Backend.open();
  const { oc } = rig([wire(backend)], { views: [view({ measure: depth, aggregation: lastValue() })] });
  oc.stats.observe(depth, () => new Promise(() => {}));
  const names = endSpans(oc, 3);
  const asked = performance.now();
  await oc.flush({ withinMs: 200 });
  const closed = await oc.shutdown({ withinMs: 200 });
  expect(performance.now() - asked).toBeLessThan(700);
  expect(closed).toMatchObject([{ unsettled: 0, spans: { delivered: 3, dropped: {} } }]);
  expect([...backend.took.keys()]).toEqual(names);
});

test('the size that passed is kept for the next collections', async () => {
  const backend = await Backend.open((arrival) => arrival.answer(arrival.ids.length > 4 ? 413 : 204));
  const { oc } = rig([wire(backend)], keyed);
  record(oc, 16);
  await oc.flush();
  const before = backend.arrivals.length;
  await oc.flush();
  expect(backend.log.slice(before)).toEqual(Array.from({ length: 4 }, () => [4, 204]));
});

test('a paused exporter of metrics keeps the collection that was refused and the newest one', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(status(401));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc, problems } = rig([[exporter, { metricsEveryMs: 10_000 }]], { clock, ...keyed });
  record(oc, 2);
  await clock.pass(41_000, busy);
  expect(metricsOf(oc)).toMatchObject({ state: 'paused', accepted: 8, queued: 4, dropped: { superseded: 4 } });
  expect(problems.filter(({ message }) => /paused/.test(message))).toHaveLength(1);
  backend.behave = ok;
  await clock.settle(oc.flush(), busy);
  expect(metricsOf(oc)).toMatchObject({ state: 'idle', queued: 0 });
});

test('an exporter that never settles a call gets no second one beside it', async () => {
  let running = 0;
  let most = 0;
  const exporter: Exporter = {
    name: 'deaf',
    exportMetrics() {
      most = Math.max(most, ++running);
      return new Promise(() => {});
    },
  };
  const clock = new ManualClock();
  const { oc } = rig([[exporter, { attemptMs: 1_000, metricsEveryMs: 5_000 }]], { clock, ...keyed });
  record(oc, 2);
  await clock.pass(600_000);
  expect(most).toBe(1);
  expect(imbalance(metricsOf(oc))).toBe(0);
  const closed = await clock.settle(oc.shutdown({ withinMs: 2_000 }), () => false);
  expect(closed).toMatchObject([{ unsettled: 0, metrics: { state: 'closed', queued: 0, inFlight: 0 } }]);
});

test('two exporters get one collection each of the same rows, and one that fails does not hold up the other', async () => {
  const good = await Backend.open();
  const bad = await Backend.open(status(503));
  const { oc } = rig([wire(good), wire(bad)], keyed);
  record(oc, 3);
  const drained = await oc.flush({ withinMs: 300 });
  expect(drained).toMatchObject([
    { unsettled: 0, metrics: { delivered: 3 } },
    { unsettled: 3, metrics: { delivered: 0, queued: 3 } },
  ]);
  expect(pointsOf(bad.arrivals[0] as Arrival)).toEqual(pointsOf(good.arrivals[0] as Arrival));
});

test('an error of the exporter itself drops the collection, and the next one is sent', async () => {
  let calls = 0;
  const exporter: Exporter = {
    name: 'odd',
    async exportMetrics() {
      if (++calls === 1) throw new TypeError('cannot read of undefined');
      if (calls === 2) throw new ExportError('rejected', 'odd: no');
    },
  };
  const { oc } = rig([exporter], keyed);
  record(oc, 2);
  await oc.flush();
  await oc.flush();
  await oc.flush();
  expect(figures(metricsOf(oc))).toEqual({
    ...IDLE,
    accepted: 6,
    delivered: 2,
    dropped: { 'exporter-error': 2, rejected: 2 },
  });
});

test('signals leaves out what an exporter is not to get', async () => {
  const backend = await Backend.open();
  const { oc } = rig(
    [
      [wire(backend, { name: 'spans' }), { signals: ['spans'] }],
      [wire(backend, { name: 'metrics' }), { signals: ['metrics'] }],
    ],
    keyed,
  );
  record(oc, 1);
  endSpans(oc, 1);
  const drained = await oc.flush();
  expect(drained.map(({ spans, metrics }) => [spans.state, spans.delivered, metrics.state, metrics.delivered])).toEqual(
    [
      ['idle', 1, 'unused', 0],
      ['unused', 0, 'idle', 1],
    ],
  );
});
