import type { Metric } from '@oc/core/exporter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileOf } from '../src/quantiles.ts';
import { Readings, rateBetween, windowStart } from '../src/readings.ts';
import { sumOf } from '../src/stats.ts';
import { total } from './samples.ts';

const BOUNDS = [1, 2, 5, 10, 20, 50, 100];

/** What core would make of the values. */
function distributionOf(values: readonly number[]) {
  const bucketCounts = [...BOUNDS, 0].map(() => 0);
  for (const value of values) {
    const at = BOUNDS.filter((bound) => bound <= value).length;
    bucketCounts[at] = (bucketCounts[at] ?? 0) + 1;
  }
  const sum = values.reduce((a, b) => a + b, 0);
  const mean = values.length > 0 ? sum / values.length : 0;
  return {
    count: values.length,
    sum,
    min: values.length > 0 ? Math.min(...values) : undefined,
    max: values.length > 0 ? Math.max(...values) : undefined,
    sumOfSquaredDeviation: values.reduce((ssd, value) => ssd + (value - mean) ** 2, 0),
    bucketCounts,
  };
}

const values = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 200 });

describe('a quantile', () => {
  it('lies in the bucket of the true one, and between the least and the greatest', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1), (given, q) => {
        const value = distributionOf(given);
        const found = quantileOf(q, BOUNDS, value.bucketCounts, value);
        const sorted = given.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(q * given.length) - 1] ?? Number.NaN;
        const bucket = BOUNDS.filter((bound) => bound <= exact).length;
        const lower = Math.max(BOUNDS[bucket - 1] ?? 0, sorted[0] ?? 0);
        const upper = Math.min(BOUNDS[bucket] ?? Number.POSITIVE_INFINITY, sorted.at(-1) ?? 0);
        expect(found).toBeGreaterThanOrEqual(lower);
        expect(found).toBeLessThanOrEqual(Math.max(lower, upper));
      }),
    );
  });

  it('of nothing, or without buckets, is not known', () => {
    expect([quantileOf(0.5, BOUNDS, [0, 0, 0, 0, 0, 0, 0, 0], {}), quantileOf(0.5, [], [], {})]).toEqual([
      Number.NaN,
      Number.NaN,
    ]);
  });
});

describe('distributions put together', () => {
  it('are the distribution of all their measurements', () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        const { sumOfSquaredDeviation: ssd, sum, ...exact } = distributionOf([...one, ...other]);
        const found = sumOf([{ value: distributionOf(one) }, { value: distributionOf(other) }]);
        expect(found).toMatchObject(exact);
        expect(found).toMatchObject({ sum: expect.closeTo(sum, 6), sumOfSquaredDeviation: expect.closeTo(ssd, 4) });
      }),
    );
  });
});

describe('readings', () => {
  it('follow each series and all of a metric together, and know rates in a window', () => {
    const readings = new Readings();
    for (let at = 0; at <= 12; at++) readings.add(at * 10_000, [total('hits', { a: at * 10, b: at * 5 })], []);
    const course = readings.of('hits', ['a']);
    const together = readings.of('hits');
    expect([course.length, course.at(-1)?.value, together.at(-1)?.value]).toEqual([13, 120, 180]);
    const first = windowStart(course, 60_000);
    expect([first?.at, windowStart(course, 3_600_000)?.at]).toEqual([60_000, 0]);
    const last = course.at(-1);
    expect(first && last && rateBetween(first, last)).toBe(1);
  });

  it('keep the last hour, of at most 1,000 series, and count those that they do not follow', () => {
    const readings = new Readings();
    const many = total('many', Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`r${at}`, at])));
    for (let at = 0; at < 400; at++)
      readings.add(at * 10_000, at < 390 ? [total('hits', { a: at })] : [total('hits', { a: at }), many], []);
    const course = readings.of('hits', ['a']);
    expect([course.length, course[0]?.value, course.at(-1)?.value]).toEqual([360, 40, 399]);
    expect([
      readings.of('many', ['r997']).length,
      readings.of('many', ['r998']).length,
      readings.of('many').length,
    ]).toEqual([10, 0, 0]);
    expect(readings.unfollowed).toBe(502);
  });

  it('show a total that fell as one that began anew, and a series that was gone as a gap', () => {
    const readings = new Readings();
    const rows: readonly Readonly<Record<string, number>>[] = [{ a: 10 }, { a: 30 }, { b: 1 }, { a: 4 }];
    for (const [at, row] of rows.entries()) readings.add(at * 10_000, [total('hits', row)], []);
    const course = readings.of('hits', ['a']);
    expect(course.map(({ value }) => value)).toEqual([10, 30, Number.NaN, 4]);
    const [, before, , after] = course;
    expect(before && after && rateBetween(before, after)).toBe(0.2);
  });

  it('know the quantiles of what was measured since the reading before', () => {
    const readings = new Readings();
    const metric = (given: readonly number[]): Metric => ({
      name: 'latency',
      description: '',
      unit: 'ms',
      labelKeys: ['route'],
      valueType: 'double',
      type: 'distribution',
      bounds: BOUNDS,
      timeSeries: [{ labelValues: ['a'], start: 1, time: 2, value: distributionOf(given) }],
    });
    readings.add(0, [metric([60, 60, 60])], []);
    readings.add(10_000, [metric([60, 60, 60, 1.5, 1.5])], []);
    const [first, second] = readings.of('latency', ['a']);
    expect([first?.p50, second?.value, second?.sum]).toEqual([60, 5, 183]);
    expect(second?.p95).toBeLessThanOrEqual(2);
  });
});
