import type { Metric, SpanData } from '@oc/core/exporter';
import { samples } from '@oc/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMetrics as metricsJson } from '../src/json/metrics.ts';
import { encodeSpans as spansJson } from '../src/json/spans.ts';
import { encodeMetrics as metricsProtobuf } from '../src/protobuf/metrics.ts';
import { encodeSpans as spansProtobuf } from '../src/protobuf/spans.ts';
import { anyMetric, anySpan } from './arbitrary.ts';
import { expectedMetrics, expectedSpans } from './expected.ts';
import { decoded, type Json } from './oracle.ts';

const { resource } = samples;

/** What is in both encodings of spans: two entries that have to be the same. */
function spansIn(...spans: readonly SpanData[]): readonly Json[] {
  return [read(spansJson(spans, resource)), decoded('traces', spansProtobuf(spans, resource))];
}

function metricsIn(...metrics: readonly Metric[]): readonly Json[] {
  return [
    read(metricsJson(metrics, resource, 'delta')),
    decoded('metrics', metricsProtobuf(metrics, resource, 'delta')),
  ];
}

/** JSON, without the lists that are empty: protobuf leaves them out. */
function read(json: Uint8Array): Json {
  return JSON.parse(Buffer.from(json).toString(), (_, value) =>
    Array.isArray(value) && value.length === 0 ? undefined : value,
  );
}

describe.each(Object.entries(samples.spans))('the span %s', (_, sample) => {
  it('is in both encodings what the mapping says', () => {
    const expected = expectedSpans([{ ...sample, start: clamped(sample.start), end: clamped(sample.end) }], resource);
    expect(spansIn(sample)).toEqual([expected, expected]);
  });
});

/** Times beyond the year 2255 are told as its last exact microsecond. */
function clamped(micros: number): number {
  return Math.min(micros, Number.MAX_SAFE_INTEGER);
}

describe.each(Object.entries(samples.metrics))('the metric %s', (_, sample) => {
  it('is in both encodings what the mapping says', () => {
    const expected = expectedMetrics([sample], resource, 1);
    expect(metricsIn(sample)).toEqual([expected, expected]);
  });
});

it('any spans are in both encodings what the mapping says', () => {
  fc.assert(
    fc.property(fc.array(anySpan, { minLength: 1, maxLength: 4 }), (spans) => {
      const expected = expectedSpans(spans, resource);
      expect(spansIn(...spans)).toEqual([expected, expected]);
    }),
    { numRuns: 300 },
  );
});

it('any metrics are in both encodings what the mapping says', () => {
  fc.assert(
    fc.property(fc.array(anyMetric, { minLength: 1, maxLength: 3 }), (metrics) => {
      const expected = expectedMetrics(metrics, resource, 1);
      expect(metricsIn(...metrics)).toEqual([expected, expected]);
    }),
    { numRuns: 300 },
  );
});

it('thousands of spans are in one message, whatever the sizes of its parts', () => {
  const sizes = [0, 1, 63, 64, 127, 128, 129, 8_000, 16_383, 16_384, 20_000, 70_000, 2_100_000];
  const spans = sizes.map((size, i): SpanData => {
    const long = 'x'.repeat(size);
    return { ...(samples.spans.small as SpanData), spanId: String(i + 1).padStart(16, '0'), attributes: { long } };
  });
  const expected = expectedSpans(spans, resource);
  expect(spansIn(...spans)).toEqual([expected, expected]);
});
