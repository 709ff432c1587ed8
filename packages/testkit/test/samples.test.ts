import { type Metric, type SpanData, STATUS_CODES, type TimeSeries } from '@oc/core/exporter';
import { samples } from '@oc/testkit';
import { describe, expect, it } from 'vitest';

const spans = Object.entries(samples.spans);
const metrics = Object.entries(samples.metrics);

function rowsOf({ timeSeries }: Metric): readonly TimeSeries[] {
  return [...(timeSeries as Iterable<TimeSeries>)];
}

it('samples are the same in each run', async () => {
  const again = {
    ...(await import('../src/samples/spans.ts?again' as '../src/samples/spans.ts')),
    ...(await import('../src/samples/metrics.ts?again' as '../src/samples/metrics.ts')),
  };
  for (const kind of ['spans', 'metrics'] as const) {
    expect(again[kind]).not.toBe(samples[kind]);
    expect(again[kind]).toEqual(samples[kind]);
  }
});

describe('sample spans', () => {
  it('have each kind, status, type of attribute, of link and of event', () => {
    const all = spans.map(([, span]) => span);
    const distinct = (valuesOf: (span: SpanData) => readonly unknown[]): readonly unknown[] =>
      [...new Set(all.flatMap(valuesOf))].sort();
    expect(distinct(({ kind }) => [kind])).toEqual(['client', 'consumer', 'producer', 'server', 'unspecified']);
    expect(distinct(({ status }) => [status.code]).length).toBe(STATUS_CODES.length);
    expect(distinct(({ links }) => links.map(({ type }) => type))).toEqual(['child', 'parent', 'unspecified']);
    expect(distinct(({ messageEvents }) => messageEvents.map(({ type }) => type))).toEqual(['received', 'sent']);
    const typesOf = (value: unknown): string => (Array.isArray(value) ? `${typeof value[0]}[]` : typeof value);
    expect(distinct(({ attributes }) => Object.values(attributes).map(typesOf))).toEqual([
      'boolean',
      'boolean[]',
      'number',
      'number[]',
      'string',
      'string[]',
      'undefined[]',
    ]);
  });

  it.each(spans)('%s: is what core would hand over', (_, span) => {
    expect(span.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(span.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
    expect(JSON.stringify(span).isWellFormed()).toBe(true);
    expect([Number.isInteger(span.start), span.start >= 0, span.end >= span.start]).toEqual([true, true, true]);
    expect(span.name.length).toBeLessThanOrEqual(1_024);
    expect(Object.keys(span.attributes).length).toBeLessThanOrEqual(32);
  });

  it('have ids of their own', () => {
    expect(new Set(spans.map(([, { spanId }]) => spanId)).size).toBe(spans.length);
  });
});

describe('sample metrics', () => {
  it('have each type, of whole numbers and of fractions, with and without labels', () => {
    const types = new Set(metrics.map(([, { type, valueType }]) => `${type} ${valueType}`));
    expect([...types].sort()).toEqual([
      'cumulative double',
      'cumulative int64',
      'distribution double',
      'distribution int64',
      'gauge double',
      'gauge int64',
    ]);
    expect(new Set(metrics.map(([, { labelKeys }]) => labelKeys.length > 0)).size).toBe(2);
  });

  it.each(metrics)('%s: is what core would hand over', (_, metric) => {
    const rows = rowsOf(metric);
    expect(rows.length).toBeGreaterThan(0);
    for (const { labelValues, value } of rows) {
      expect(labelValues.length).toBe(metric.labelKeys.length);
      if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
      else if (metric.type === 'distribution' && metric.bounds.length > 0) {
        expect(value.bucketCounts.length).toBe(metric.bounds.length + 1);
        expect(value.bucketCounts.reduce((sum, count) => sum + count, 0)).toBe(value.count);
      }
    }
  });
});
