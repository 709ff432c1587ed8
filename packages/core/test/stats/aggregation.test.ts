import {
  type Aggregation,
  count,
  distribution,
  lastValue,
  type Measure,
  measure,
  sum,
  type Tags,
  view,
} from '@oc/core';
import type { DistributionSeries, DistributionValue, Metric, NumberSeries } from '@oc/core/exporter';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, NEW_YEAR } from '../spans/fake-clock.ts';
import { recorded } from '../spans/recorded.ts';

const latency = measure({ name: 'latency', unit: 'ms', description: 'time to answer' });
const bytes = measure({ name: 'bytes', unit: 'By', type: 'int64' });

/** The only row of a view of these values. */
async function valueAfter(
  aggregation: Aggregation,
  values: readonly number[],
  of: Measure = latency,
): Promise<unknown> {
  const telemetry = recorded({ views: [view({ measure: of, aggregation })] });
  for (const value of values) telemetry.oc.stats.record([[of, value]]);
  const rows = await telemetry.rows(of.name);
  expect(rows.length).toBeLessThanOrEqual(1);
  return rows[0]?.value;
}

describe('by value', () => {
  it('a distribution counts, adds up, and knows least, greatest, deviation and buckets', async () => {
    expect(await valueAfter(distribution([5, 10, 50]), [3, 5, 5, 20, 100])).toEqual({
      count: 5,
      sum: 133,
      min: 3,
      max: 100,
      sumOfSquaredDeviation: expect.closeTo(6921.2, 9),
      bucketCounts: [1, 2, 1, 1],
    });
  });

  it('a distribution without bounds has no buckets', async () => {
    expect(await valueAfter(distribution([]), [3, 5])).toEqual({
      count: 2,
      sum: 8,
      min: 3,
      max: 5,
      sumOfSquaredDeviation: 2,
      bucketCounts: [],
    });
  });

  it('a value at a bound belongs to the bucket that begins there', async () => {
    const { bucketCounts } = (await valueAfter(
      distribution([1, 2]),
      [0, 0.999, 1, 1.999, 2, 1e300],
    )) as DistributionValue;
    expect(bucketCounts).toEqual([2, 2, 2]);
  });

  it('one value deviates by nothing', async () => {
    expect(await valueAfter(distribution([1]), [0])).toEqual({
      count: 1,
      sum: 0,
      min: 0,
      max: 0,
      sumOfSquaredDeviation: 0,
      bucketCounts: [1, 0],
    });
  });

  it.each<[string, Aggregation, readonly number[], number]>([
    ['count', count(), [3, 5, 5, 0], 4],
    ['sum', sum(), [3, 5.5, 0], 8.5],
    ['lastValue', lastValue(), [3, 9, 5], 5],
    ['lastValue of 0', lastValue(), [3, 0], 0],
    ['lastValue below 0', lastValue(), [3, -5], -5],
  ])('%s of its values', async (_, aggregation, values, expected) => {
    expect(await valueAfter(aggregation, values)).toBe(expected);
  });

  it('an int64 is cut to a whole number, for each aggregation', async () => {
    const values = [1.9, 2.999, 0.5];
    expect(await valueAfter(sum(), values, bytes)).toBe(3);
    expect(await valueAfter(lastValue(), [-1.9], bytes)).toBe(-1);
    expect(await valueAfter(count(), values, bytes)).toBe(3);
    expect(await valueAfter(distribution([1, 2]), values, bytes)).toEqual({
      count: 3,
      sum: 3,
      min: 0,
      max: 2,
      sumOfSquaredDeviation: 2,
      bucketCounts: [1, 1, 1],
    });
  });
});

describe('as a metric', () => {
  const clock = new FakeClock();
  const views = [
    view({ name: 'counted', measure: latency, aggregation: count(), tagKeys: ['method'], description: 'answers' }),
    view({ name: 'total', measure: bytes, aggregation: sum(), tagKeys: ['b', 'a'] }),
    view({ name: 'newest', measure: latency, aggregation: lastValue() }),
    view({ name: 'spread', measure: latency, aggregation: distribution([10]), tagKeys: ['method'] }),
    view({ name: 'unused', measure: measure({ name: 'unused' }), aggregation: sum() }),
  ];

  it('has the descriptor, labels, type, unit and times of its view; one without rows is not there', async () => {
    const telemetry = recorded({ views, clock });
    clock.pass(1_000);
    telemetry.oc.stats.record(
      [
        [latency, 12.5],
        [bytes, 7],
      ],
      { method: 'GET', a: '1', b: '2', other: 'x' },
    );
    clock.pass(1_000);
    const metrics = await telemetry.metrics();
    const start = expect.toSatisfy((at: number) => at >= NEW_YEAR * 1_000 && at < NEW_YEAR * 1_000 + 1_000);
    const time = (NEW_YEAR + 2_000) * 1_000;
    expect(metrics).toEqual([
      {
        name: 'counted',
        description: 'answers',
        unit: '1',
        labelKeys: ['method'],
        valueType: 'int64',
        type: 'cumulative',
        timeSeries: [{ labelValues: ['GET'], start, time, value: 1 }],
      },
      {
        name: 'total',
        description: '',
        unit: 'By',
        labelKeys: ['b', 'a'],
        valueType: 'int64',
        type: 'cumulative',
        timeSeries: [{ labelValues: ['2', '1'], start, time, value: 7 }],
      },
      {
        name: 'newest',
        description: 'time to answer',
        unit: 'ms',
        labelKeys: [],
        valueType: 'double',
        type: 'gauge',
        timeSeries: [{ labelValues: [], time, value: 12.5 }],
      },
      {
        name: 'spread',
        description: 'time to answer',
        unit: 'ms',
        labelKeys: ['method'],
        valueType: 'double',
        type: 'distribution',
        bounds: [10],
        timeSeries: [
          {
            labelValues: ['GET'],
            start,
            time,
            value: { count: 1, sum: 12.5, min: 12.5, max: 12.5, sumOfSquaredDeviation: 0, bucketCounts: [0, 1] },
          },
        ],
      },
    ] satisfies Metric[]);
  });

  it('is the same for exporters as for Source.metrics, with arrays of rows', async () => {
    const calls: (readonly Metric[])[] = [];
    const own = new FakeClock();
    const telemetry = recorded({
      views,
      clock: own,
      exporters: [{ name: 'push', exportMetrics: async (metrics) => void calls.push(metrics) }],
    });
    telemetry.oc.stats.record([[latency, 1]], { method: 'GET' });
    telemetry.oc.stats.record([[latency, 2]], { method: 'PUT' });
    await telemetry.oc.flush();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.map(({ name, timeSeries }) => [name, Array.isArray(timeSeries), timeSeries.length])).toEqual([
      ['counted', true, 2],
      ['newest', true, 1],
      ['spread', true, 2],
    ]);
  });

  it('can be walked more than once, and has as many rows as it says', async () => {
    const telemetry = recorded({ views });
    for (const method of ['a', 'b', 'c']) telemetry.oc.stats.record([[latency, 1]], { method });
    for (const { timeSeries } of await telemetry.source.metrics()) {
      expect([...timeSeries]).toHaveLength(timeSeries.length);
      expect([...timeSeries]).toEqual([...timeSeries]);
      expect(Array.from(timeSeries as Iterable<unknown>, () => 0)).toHaveLength(timeSeries.length);
    }
  });

  it('keeps its length when rows come after it was collected', async () => {
    const telemetry = recorded({ views });
    telemetry.oc.stats.record([[latency, 1]], { method: 'a' });
    const [metric] = await telemetry.source.metrics();
    telemetry.oc.stats.record([[latency, 1]], { method: 'b' });
    expect([metric?.timeSeries.length, [...(metric?.timeSeries ?? [])].length]).toEqual([1, 1]);
  });
});

describe('times', () => {
  const timesOf = async (telemetry: ReturnType<typeof recorded>) =>
    (await telemetry.metrics()).flatMap(({ timeSeries }) =>
      [...(timeSeries as Iterable<NumberSeries | DistributionSeries>)].map(
        ({ start = -1, time }) => [start, time] as const,
      ),
    );

  it('start before they end, and end later at each collection, whatever the wall clock does', async () => {
    const clock = new FakeClock();
    const views = [
      view({ name: 'a', measure: latency, aggregation: sum() }),
      view({ name: 'b', measure: latency, aggregation: distribution([1]) }),
      view({ name: 'c', measure: latency, aggregation: lastValue() }),
    ];
    const telemetry = recorded({ clock, views });
    telemetry.oc.stats.record([[latency, 1]]);
    let last = 0;
    const jumps = [0, 0, 3_600_000, -7_200_000, 0, -NEW_YEAR, 0, 60_000, 0];
    for (const jump of jumps) {
      clock.setWall(jump);
      clock.pass(jump === 0 ? 0 : 200);
      const times = await timesOf(telemetry);
      expect(times).toHaveLength(3);
      for (const [start, time] of times) {
        expect(start).toBeLessThan(time);
        expect(time).toBeGreaterThan(last);
        expect(Number.isInteger(time)).toBe(true);
      }
      expect(new Set(times.map(([, time]) => time)).size).toBe(1);
      last = times[0]?.[1] ?? 0;
    }
  });

  it('of a view start at its registration and stay', async () => {
    const clock = new FakeClock();
    const telemetry = recorded({ clock });
    clock.pass(5_000);
    telemetry.oc.stats.register(view({ measure: latency, aggregation: sum() }));
    clock.pass(5_000);
    telemetry.oc.stats.record([[latency, 1]]);
    const [[first] = []] = await timesOf(telemetry);
    clock.pass(5_000);
    const [[again] = []] = await timesOf(telemetry);
    expect([first, again]).toEqual([(NEW_YEAR + 5_000) * 1_000, (NEW_YEAR + 5_000) * 1_000]);
  });
});

/** The plainest way to put values together. */
function naive(bounds: readonly number[], values: readonly number[]): DistributionValue {
  const total = values.reduce((all, value) => all + value, 0);
  const mean = total / values.length;
  return {
    count: values.length,
    sum: total,
    min: Math.min(...values),
    max: Math.max(...values),
    sumOfSquaredDeviation: values.reduce((all, value) => all + (value - mean) ** 2, 0),
    bucketCounts:
      bounds.length === 0
        ? []
        : [0, ...bounds].map(
            (from, i) =>
              values.filter((value) => value >= from && value < (bounds[i] ?? Number.POSITIVE_INFINITY)).length,
          ),
  };
}

describe('against the plainest way to do it', () => {
  const someBounds = fc
    .uniqueArray(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { maxLength: 12 })
    .map((bounds) => bounds.sort((one, other) => one - other));
  const someTags = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('', 'x', 'y', '(other)'), {
    noNullPrototype: true,
  });
  const positive = fc.oneof(
    fc.double({ min: 0, max: 1e6, noNaN: true }),
    fc.integer({ min: 0, max: 100 }),
    fc.constantFrom(0, 1, 5),
  );
  const measurements = (value: fc.Arbitrary<number>) => fc.array(fc.tuple(value, someTags), { maxLength: 60 });

  /** Values by row: the tag values of the columns, in JSON. */
  function byRow(tagKeys: readonly string[], given: readonly (readonly [number, Tags])[]): Map<string, number[]> {
    const rows = new Map<string, number[]>();
    for (const [value, tags] of given) {
      const key = JSON.stringify(tagKeys.map((tag) => tags[tag] ?? null));
      rows.set(key, [...(rows.get(key) ?? []), value]);
    }
    return rows;
  }
  const keyOf = (labelValues: readonly (string | undefined)[]) =>
    JSON.stringify(labelValues.map((label) => label ?? null));

  it('distributions agree: counts, sums, least, greatest, buckets; the deviation to 1e-9', async () => {
    await fc.assert(
      fc.asyncProperty(
        someBounds,
        fc.subarray(['a', 'b', 'c']),
        measurements(positive),
        async (bounds, tagKeys, given) => {
          const telemetry = recorded({
            views: [view({ measure: latency, aggregation: distribution(bounds), tagKeys })],
          });
          for (const [value, tags] of given) telemetry.oc.stats.record([[latency, value]], tags);
          const expected = byRow(tagKeys, given);
          const rows = (await telemetry.rows('latency')) as DistributionSeries[];
          expect(rows.map(({ labelValues }) => keyOf(labelValues))).toEqual([...expected.keys()]);
          for (const { labelValues, value } of rows) {
            const values = expected.get(keyOf(labelValues)) ?? [];
            const { sumOfSquaredDeviation: deviation, ...exact } = naive(bounds, values);
            const { sumOfSquaredDeviation, ...got } = value;
            expect(got).toEqual(exact);
            if (bounds.length > 0) expect(value.bucketCounts.reduce((all, each) => all + each, 0)).toBe(value.count);
            // What a double can hold of the squares, for values that hardly deviate.
            const squares = values.reduce((all, each) => all + each * each, 0);
            expect(Math.abs(sumOfSquaredDeviation - deviation)).toBeLessThanOrEqual(
              1e-9 * deviation + 1e-12 * squares + 1e-300,
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('the deviation is right for many values far from zero', async () => {
    const values = Array.from({ length: 10_000 }, (_, i) => 1e6 + Math.sin(i) * 100);
    const { sumOfSquaredDeviation } = (await valueAfter(distribution([]), values)) as DistributionValue;
    const expected = naive([], values).sumOfSquaredDeviation;
    expect(Math.abs(sumOfSquaredDeviation - expected) / expected).toBeLessThan(1e-9);
  });

  it.each<[string, Aggregation, (values: readonly number[]) => number]>([
    ['counts', count(), (values) => values.length],
    ['sums', sum(), (values) => values.reduce((all, value) => all + value, 0)],
    ['last values', lastValue(), (values) => values.at(-1) ?? Number.NaN],
  ])('%s agree', async (_, aggregation, expectedOf) => {
    const value = aggregation.type === 'lastValue' ? fc.double({ noNaN: true, noDefaultInfinity: true }) : positive;
    await fc.assert(
      fc.asyncProperty(fc.subarray(['a', 'b', 'c']), measurements(value), async (tagKeys, given) => {
        const telemetry = recorded({ views: [view({ measure: latency, aggregation, tagKeys })] });
        for (const [each, tags] of given) telemetry.oc.stats.record([[latency, each]], tags);
        const rows = (await telemetry.rows('latency')) as NumberSeries[];
        expect(rows.map(({ labelValues, value: got }) => [keyOf(labelValues), got])).toEqual(
          [...byRow(tagKeys, given)].map(([key, values]) => [key, expectedOf(values)]),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe('numbers that outgrow a double', () => {
  it('never make a metric that is not finite', async () => {
    const views = [
      view({ name: 's', measure: latency, aggregation: sum() }),
      view({ name: 'd', measure: latency, aggregation: distribution([1, 1e300]) }),
      view({ name: 'l', measure: latency, aggregation: lastValue() }),
      view({ name: 'i', measure: bytes, aggregation: sum() }),
    ];
    const telemetry = recorded({ views });
    for (const value of [Number.MAX_VALUE, 0, Number.MAX_VALUE, 1e308, Number.MIN_VALUE, Number.MAX_VALUE]) {
      telemetry.oc.stats.record([
        [latency, value],
        [bytes, value],
      ]);
      const numbers: number[] = [];
      JSON.stringify(await telemetry.metrics(), (_, member) => {
        if (typeof member === 'number') numbers.push(member);
        return member;
      });
      expect(numbers.length).toBeGreaterThan(10);
      expect(numbers.filter((number) => !Number.isFinite(number))).toEqual([]);
    }
  });

  it('never do so for any values, negative and tiny ones included', async () => {
    const telemetry = recorded({
      views: [
        view({ name: 's', measure: latency, aggregation: sum() }),
        view({ name: 'd', measure: latency, aggregation: distribution([1]) }),
        view({ name: 'l', measure: latency, aggregation: lastValue() }),
      ],
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double(), { maxLength: 5 }), async (values) => {
        for (const value of values) telemetry.oc.stats.record([[latency, value]]);
        const text = JSON.stringify(await telemetry.metrics(), (_, member) =>
          typeof member === 'number' && !Number.isFinite(member) ? 'NOT FINITE' : member,
        );
        expect(text).not.toContain('NOT FINITE');
      }),
      { numRuns: 300 },
    );
  });
});
