import { distribution, lastValue, measure, sum, view } from '@oc/core';
import {
  type DeltaMetric,
  type DistributionMetric,
  type DistributionSeries,
  type DistributionValue,
  deltas,
  type Metric,
  type NumberMetric,
  type NumberSeries,
  type TimeSeries,
} from '@oc/core/exporter';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../spans/fake-clock.ts';
import { recorded } from '../spans/recorded.ts';

const descriptor = { name: 'jobs', description: 'd', unit: '1', labelKeys: ['k'], valueType: 'int64' } as const;

function total(rows: Record<string, number>, time: number, start = 0): NumberMetric {
  const timeSeries = Object.entries(rows).map(([k, value]) => ({ labelValues: [k], start, time, value }));
  return { ...descriptor, type: 'cumulative', timeSeries };
}

function gauge(value: number, time: number): NumberMetric {
  return { ...descriptor, name: 'heap', type: 'gauge', timeSeries: [{ labelValues: ['a'], time, value }] };
}

/** A distribution of these values, with bounds 10 and 100. */
function spread(
  values: readonly number[],
  time: number,
  more: Partial<DistributionValue> = {},
  start = 0,
): DistributionMetric {
  return {
    ...descriptor,
    name: 'latency',
    type: 'distribution',
    bounds: [10, 100],
    timeSeries: [{ labelValues: ['a'], start, time, value: { ...distributionOf(values), ...more } }],
  };
}

function distributionOf(values: readonly number[]): DistributionValue {
  const sumOf = values.reduce((all, value) => all + value, 0);
  const mean = sumOf / values.length;
  return {
    count: values.length,
    sum: sumOf,
    ...(values.length > 0 && { min: Math.min(...values), max: Math.max(...values) }),
    sumOfSquaredDeviation: values.reduce((all, value) => all + (value - mean) ** 2, 0),
    bucketCounts: [
      values.filter((value) => value < 10).length,
      values.filter((value) => value >= 10 && value < 100).length,
      values.filter((value) => value >= 100).length,
    ],
  };
}

/** Labels, start, time and value of each row. */
function points(metrics: readonly DeltaMetric[]): unknown[] {
  return metrics.flatMap((metric) =>
    (metric.timeSeries as readonly TimeSeries[]).map((series) => [
      ...series.labelValues,
      series.start,
      series.time,
      series.value,
    ]),
  );
}

describe('totals', () => {
  it('come as what was added since the last commit, with the times of that part', () => {
    const since = deltas();
    const first = since([total({ a: 5 }, 100)]);
    expect(points(first.metrics)).toEqual([['a', 0, 100, 5]]);
    first.commit();
    const second = since([total({ a: 7 }, 200)]);
    expect(points(second.metrics)).toEqual([['a', 100, 200, 2]]);
    second.commit();
    expect(points(since([total({ a: 12 }, 300)]).metrics)).toEqual([['a', 200, 300, 5]]);
  });

  it('keep all else of their metrics, and name the row that they came from', () => {
    const given = total({ a: 5, b: 6 }, 100);
    const [metric] = deltas()([given]).metrics;
    const rows = [...given.timeSeries];
    expect(metric).toEqual({
      ...given,
      timeSeries: rows.map((row) => ({ ...row, of: row })),
    });
    expect((metric?.timeSeries ?? []).map(({ of }) => rows.indexOf(of as NumberSeries))).toEqual([0, 1]);
  });

  it('without a commit hold everything since the last one', () => {
    const since = deltas();
    since([total({ a: 5 }, 100)]).commit();
    since([total({ a: 7 }, 200)]);
    since([total({ a: 8 }, 300)]);
    expect(points(since([total({ a: 12 }, 400)]).metrics)).toEqual([['a', 100, 400, 7]]);
  });

  it('of which a part failed are there again next time, from where they were', () => {
    const since = deltas();
    since([total({ a: 1, b: 1, c: 1 }, 100)]).commit();
    const made = since([total({ a: 2, b: 3, c: 4 }, 200)]);
    const [metric] = made.metrics;
    made.commit((metric?.timeSeries ?? []).filter(({ labelValues }) => labelValues[0] === 'b'));
    expect(points(since([total({ a: 3, b: 4, c: 5 }, 300)]).metrics)).toEqual([
      ['a', 200, 300, 1],
      ['b', 100, 300, 3],
      ['c', 200, 300, 1],
    ]);
  });

  it('may have their failed part named by the rows of the call too, from any iterable, and all of it', () => {
    const since = deltas();
    const given = total({ a: 1, b: 1 }, 100);
    const [, failed] = [...given.timeSeries];
    since([given]).commit(new Set([failed as NumberSeries]));
    const next = since([total({ a: 2, b: 2 }, 200)]);
    expect(points(next.metrics)).toEqual([
      ['a', 100, 200, 1],
      ['b', 0, 200, 2],
    ]);
    next.commit(next.metrics.flatMap(({ timeSeries }) => timeSeries as readonly TimeSeries[]));
    expect(points(since([total({ a: 3, b: 3 }, 300)]).metrics)).toEqual([
      ['a', 100, 300, 2],
      ['b', 0, 300, 3],
    ]);
  });

  it('that were retried give the same points with the same times', () => {
    const since = deltas();
    since([total({ a: 1, b: 2 }, 100), spread([1, 20], 100)]).commit();
    const totals = total({ a: 3, b: 5 }, 200);
    const given = [totals, spread([1, 20, 300], 200), gauge(7, 200)];
    const first = since(given);
    const retry = since(given);
    expect(retry.metrics).toEqual(first.metrics);
    // A part of it, as core sends after a partial failure.
    const rest = since([{ ...totals, timeSeries: [...totals.timeSeries].slice(1) }]);
    expect(points(rest.metrics)).toEqual([['b', 100, 200, 3]]);
    rest.commit();
    expect(points(since([total({ a: 3, b: 5 }, 300)]).metrics)).toEqual([['a', 100, 300, 2]]);
  });

  it('that did not change are left out, and so is a metric without rows', () => {
    const since = deltas();
    since([total({ a: 1, b: 1 }, 100), spread([5], 100)]).commit();
    expect(since([total({ a: 1, b: 1 }, 200), spread([5], 200)]).metrics).toEqual([]);
    const next = since([total({ a: 1, b: 2 }, 300), spread([5], 300)]);
    expect(points(next.metrics)).toEqual([['b', 100, 300, 1]]);
    next.commit();
    expect(points(since([total({ a: 4, b: 2 }, 400)]).metrics)).toEqual([['a', 100, 400, 3]]);
  });

  it('with new rows hold those whole, from their own start', () => {
    const since = deltas();
    since([total({ a: 1 }, 100)]).commit();
    expect(points(since([total({ a: 1, b: 9 }, 200, 50)]).metrics)).toContainEqual(['b', 50, 200, 9]);
  });

  it('that began anew later hold all since then, also when they are greater than before', () => {
    for (const value of [2, 50]) {
      const since = deltas();
      since([total({ a: 10 }, 100)]).commit();
      const next = since([total({ a: value }, 300, 200)]);
      expect(points(next.metrics)).toEqual([['a', 200, 300, value]]);
      next.commit();
      expect(points(since([total({ a: value + 1 }, 400, 200)]).metrics)).toEqual([['a', 300, 400, 1]]);
    }
  });

  it('are told apart by name, type, labels and their values: null is not the empty text', () => {
    const since = deltas();
    const labels = [
      ['a', 'b'],
      ['b', 'a'],
      [undefined, ''],
      ['', undefined],
      [undefined, undefined],
      ['null', 'a,b'],
    ];
    const of = (name: string, value: number, time: number): NumberMetric => ({
      ...descriptor,
      name,
      labelKeys: ['k', 'l'],
      type: 'cumulative',
      timeSeries: labels.map((labelValues, i) => ({ labelValues, start: 0, time, value: value + i })),
    });
    since([of('one', 10, 100), of('two', 20, 100)]).commit();
    const next = since([of('one', 11, 200), of('two', 22, 200)]);
    expect(points(next.metrics)).toEqual([
      ...labels.map((label) => [...label, 100, 200, 1]),
      ...labels.map((label) => [...label, 100, 200, 2]),
    ]);
  });

  it('that were committed late, after a newer commit, do not count again', () => {
    const since = deltas();
    const slow = since([total({ a: 5 }, 100)]);
    const newer = since([total({ a: 8 }, 200)]);
    newer.commit();
    slow.commit();
    expect(points(since([total({ a: 9 }, 300)]).metrics)).toEqual([['a', 200, 300, 1]]);
  });

  it('that were committed twice are committed once', () => {
    const since = deltas();
    const made = since([total({ a: 5 }, 100)]);
    made.commit();
    made.commit();
    expect(points(since([total({ a: 9 }, 300)]).metrics)).toEqual([['a', 100, 300, 4]]);
  });
});

describe('gauges', () => {
  it('pass through as they are, each time', () => {
    const since = deltas();
    for (const [value, time] of [
      [7, 100],
      [7, 200],
      [3, 300],
    ] as const) {
      const given = gauge(value, time);
      const made = since([given]);
      const rows = [...given.timeSeries];
      expect(made.metrics).toEqual([{ ...given, timeSeries: rows.map((row) => ({ ...row, of: row })) }]);
      made.commit();
    }
  });
});

describe('distributions', () => {
  const valuesOf = (metrics: readonly DeltaMetric[]) =>
    metrics.flatMap(({ timeSeries }) => (timeSeries as readonly DistributionSeries[]).map(({ value }) => value));

  it('come as the values since the last commit: count, sum, buckets, deviation; the first one is whole', () => {
    const since = deltas();
    const first = since([spread([3, 20], 100)]);
    expect(valuesOf(first.metrics)).toEqual([
      { count: 2, sum: 23, min: 3, max: 20, sumOfSquaredDeviation: 144.5, bucketCounts: [1, 1, 0] },
    ]);
    first.commit();
    const second = since([spread([3, 20, 5, 500, 95], 200)]);
    expect(points(second.metrics)).toEqual([
      [
        'a',
        100,
        200,
        { count: 3, sum: 600, sumOfSquaredDeviation: expect.closeTo(139_050, 6), bucketCounts: [1, 1, 1] },
      ],
    ]);
  });

  it('keep the exemplars that are new', () => {
    const since = deltas();
    const exemplar = (value: number, time: number) => ({ value, time, attachments: { trace_id: 't' } });
    since([spread([3, 20], 100, { exemplars: [exemplar(3, 50), exemplar(20, 60)] })]).commit();
    const next = since([spread([3, 20, 30], 200, { exemplars: [exemplar(3, 50), exemplar(30, 150)] })]);
    expect(valuesOf(next.metrics).map(({ exemplars }) => exemplars)).toEqual([[exemplar(30, 150)]]);
    next.commit();
    const last = since([spread([3, 20, 30, 4], 300, { exemplars: [exemplar(3, 50), exemplar(30, 150)] })]);
    expect(valuesOf(last.metrics).map(({ exemplars = [] }) => exemplars)).toEqual([[]]);
  });

  it('that began anew later are whole', () => {
    const since = deltas();
    since([spread([3, 20, 30], 100)]).commit();
    const values = [1, 2, 3, 4];
    expect(points(since([spread(values, 300, {}, 200)]).metrics)).toEqual([['a', 200, 300, distributionOf(values)]]);
  });
});

describe('nothing is counted twice, and nothing is left out', () => {
  /** What happens between two collections, and what becomes of the call. */
  const step = fc.record({
    added: fc.array(
      fc.tuple(
        fc.constantFrom('a', 'b', 'c'),
        fc.oneof(fc.integer({ min: 0, max: 500 }), fc.double({ min: 0, max: 500, noNaN: true })),
      ),
      { maxLength: 6 },
    ),
    outcome: fc.constantFrom('all', 'none', 'part', 'retry'),
    failed: fc.subarray(['a', 'b', 'c']),
    restart: fc.boolean(),
  });

  it('for totals and distributions, whatever fails and begins anew', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const since = deltas();
        /** By row: all values since the start, and those that the backend has yet to get. */
        const rows = new Map<string, { values: number[]; owed: number[]; start: number }>();
        let time = 0;
        let restartedAt = 0;
        for (const { added, outcome, failed, restart } of steps) {
          time += 100;
          if (restart) {
            // The process's totals begin anew; what was owed before is lost with them.
            rows.clear();
            restartedAt = time - 50;
          }
          for (const [k, value] of added) {
            const row = rows.get(k) ?? { values: [], owed: [], start: restartedAt };
            rows.set(k, row);
            row.values.push(value);
            row.owed.push(value);
          }
          const given: Metric[] = [
            {
              ...total({}, time),
              timeSeries: [...rows].map(([k, { values, start }]) => ({
                labelValues: [k],
                start,
                time,
                value: values.reduce((all, value) => all + value, 0),
              })),
            },
            {
              ...spread([], time),
              timeSeries: [...rows].map(([k, { values, start }]) => ({
                labelValues: [k],
                start,
                time,
                value: distributionOf(values),
              })),
            },
          ];
          if (outcome === 'retry') since(given);
          const made = since(given);
          const byType = new Map(
            made.metrics.map((metric) => [metric.type, metric.timeSeries as readonly TimeSeries[]]),
          );
          const magnitude =
            1e-9 * (1 + [...rows.values()].reduce((all, { values }) => all + values.reduce((a, b) => a + b * b, 0), 0));
          for (const [k, { owed }] of rows) {
            const find = (type: Metric['type']) => byType.get(type)?.find(({ labelValues }) => labelValues[0] === k);
            const expected = distributionOf(owed);
            const number = (find('cumulative')?.value ?? 0) as number;
            expect(Math.abs(number - expected.sum)).toBeLessThanOrEqual(magnitude);
            const got = find('distribution')?.value as DistributionValue | undefined;
            expect([got?.count ?? 0, got?.bucketCounts ?? [0, 0, 0]]).toEqual([expected.count, expected.bucketCounts]);
            expect(Math.abs((got?.sum ?? 0) - expected.sum)).toBeLessThanOrEqual(magnitude);
            const deviation = owed.length === 0 ? 0 : expected.sumOfSquaredDeviation;
            expect(Math.abs((got?.sumOfSquaredDeviation ?? 0) - deviation)).toBeLessThanOrEqual(magnitude);
            expect(got?.sumOfSquaredDeviation ?? 0).toBeGreaterThanOrEqual(0);
          }
          for (const row of made.metrics.flatMap(({ timeSeries }) => timeSeries as readonly TimeSeries[])) {
            expect(row.start).toBeLessThan(row.time);
            expect(row.time).toBe(time);
          }
          if (outcome === 'none') continue;
          const lost = outcome === 'part' ? failed : [];
          made.commit(
            made.metrics
              .flatMap(({ timeSeries }) => timeSeries as readonly TimeSeries[])
              .filter(({ labelValues }) => lost.includes(labelValues[0] as string)),
          );
          for (const [k, row] of rows) if (!lost.includes(k)) row.owed = [];
        }
      }),
      { numRuns: 500 },
    );
  });

  it('for what a telemetry collects, whatever is recorded and the wall clock does', async () => {
    const latency = measure({ name: 'latency' });
    const clock = new FakeClock();
    const telemetry = recorded({
      clock,
      views: [
        view({ name: 'sum', measure: latency, aggregation: sum(), tagKeys: ['k'] }),
        view({ name: 'spread', measure: latency, aggregation: distribution([10, 100]), tagKeys: ['k'] }),
        view({ name: 'last', measure: latency, aggregation: lastValue(), tagKeys: ['k'] }),
      ],
    });
    const since = deltas();
    const sent = { sum: 0, count: 0, spread: 0, buckets: 0 };
    let recordedSum = 0;
    let recordedCount = 0;
    for (let turn = 0; turn < 50; turn++) {
      clock.pass(150);
      if (turn % 7 === 0) clock.setWall(turn % 2 === 0 ? -3_600_000 : 3_600_000);
      for (let i = 0; i < turn % 5; i++) {
        recordedSum += turn + i;
        recordedCount++;
        telemetry.oc.stats.record([[latency, turn + i]], { k: `${i % 3}` });
      }
      const made = since(await telemetry.metrics());
      if (turn % 4 === 3) continue;
      for (const { name, timeSeries } of made.metrics) {
        for (const { value } of timeSeries as readonly TimeSeries[]) {
          if (name === 'sum') sent.sum += value as number;
          if (name !== 'spread') continue;
          const { count, sum: part, bucketCounts } = value as DistributionValue;
          sent.count += count;
          sent.spread += part;
          sent.buckets += bucketCounts.reduce((all, each) => all + each, 0);
        }
      }
      made.commit();
    }
    expect(sent).toEqual({ sum: recordedSum, count: recordedCount, spread: recordedSum, buckets: recordedCount });
  });
});
