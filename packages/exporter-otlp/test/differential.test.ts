import { createRequire } from 'node:module';
import type { AttributeValue, DistributionSeries, Metric, NumberSeries, SpanData } from '@oc/core/exporter';
import { samples } from '@oc/testkit';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { eventsOf } from '../src/events.ts';
import { encodeMetrics } from '../src/protobuf/metrics.ts';
import { encodeSpans } from '../src/protobuf/spans.ts';
import { anyMetric, anySpan } from './arbitrary.ts';
import { decoded, type Json } from './oracle.ts';

// OpenTelemetry's exporter is given the same data in its own terms: what its bytes decode to, ours have to decode to, but
// for what it does in another way: it writes no flags and no exemplars, and a whole number of any size as an int64.

interface Serializer {
  serializeRequest(data: unknown): Uint8Array;
}

const { ProtobufTraceSerializer, ProtobufMetricsSerializer } = createRequire(import.meta.url)(
  '@opentelemetry/otlp-transformer',
) as { readonly ProtobufTraceSerializer: Serializer; readonly ProtobufMetricsSerializer: Serializer };

const { resource } = samples;
const attributesOfResource = { ...resource.labels, 'opencensus.resourcetype': resource.type };
const theirResource = { attributes: attributesOfResource };
const OWN_SCOPE = { name: '@oc/core' };

/** Seconds and nanoseconds. */
function hrTime(micros: number): [number, number] {
  return [Math.floor(micros / 1e6), (micros % 1e6) * 1_000];
}

const KIND = { unspecified: 0, server: 1, client: 2, producer: 3, consumer: 4 };

function readableSpanOf(span: SpanData): object {
  const { traceId, spanId, parentSpanId, traceState, status, dropped, scope } = span;
  const stateOf = (text: string | undefined): object | undefined =>
    text === undefined ? undefined : { serialize: () => text };
  return {
    spanContext: () => ({ traceId, spanId, traceFlags: 1, traceState: stateOf(traceState) }),
    parentSpanContext: parentSpanId === undefined ? undefined : { traceId, spanId: parentSpanId, traceFlags: 1 },
    name: span.name,
    kind: KIND[span.kind],
    startTime: hrTime(span.start),
    endTime: hrTime(span.end),
    status: { code: status.code === 0 ? 0 : 2, message: status.message },
    attributes: span.attributes,
    events: eventsOf(span).map(({ time, description, attributes }) => {
      return { time: hrTime(time), name: description, attributes };
    }),
    links: span.links.map(({ attributes, ...context }) => ({
      context: { traceId: context.traceId, spanId: context.spanId, traceState: stateOf(context.traceState) },
      attributes,
    })),
    resource: theirResource,
    instrumentationScope: scope ?? OWN_SCOPE,
    droppedAttributesCount: dropped.attributes,
    droppedEventsCount: dropped.annotations + dropped.messageEvents,
    droppedLinksCount: dropped.links,
  };
}

const TYPE = { distribution: 0, gauge: 2, cumulative: 3 };

function metricDataOf(metric: Metric): object {
  const { name, description, unit, valueType, labelKeys, type } = metric;
  const pointOf = ({ labelValues, start, time, value }: NumberSeries | DistributionSeries): object => ({
    attributes: Object.fromEntries(
      labelKeys.flatMap((key, i) => (labelValues[i] === undefined ? [] : [[key, labelValues[i]]])),
    ),
    startTime: hrTime(start ?? 0),
    endTime: hrTime(time),
    value:
      typeof value === 'number'
        ? value
        : {
            count: value.count,
            sum: value.sum,
            min: value.min,
            max: value.max,
            buckets: { boundaries: metric.type === 'distribution' ? metric.bounds : [], counts: value.bucketCounts },
          },
  });
  return {
    descriptor: { name, description, unit, valueType: valueType === 'int64' ? 0 : 1 },
    dataPointType: TYPE[type],
    aggregationTemporality: 1,
    isMonotonic: true,
    dataPoints: Array.from(metric.timeSeries as Iterable<NumberSeries | DistributionSeries>, pointOf),
  };
}

it('spans decode to what OpenTelemetry makes of them', () => {
  fc.assert(
    fc.property(fc.array(anySpan.filter(isAlike), { minLength: 1, maxLength: 4 }), (spans) => {
      const theirs = ProtobufTraceSerializer.serializeRequest(spans.map(readableSpanOf));
      const ours = encodeSpans(spans, resource);
      expect(without(decoded('traces', ours), ['flags'])).toEqual(without(decoded('traces', theirs), ['flags']));
    }),
    { numRuns: 300 },
  );
});

it('metrics decode to what OpenTelemetry makes of them', () => {
  fc.assert(
    fc.property(fc.array(anyMetric.filter(isWhole), { minLength: 1, maxLength: 3 }), (metrics) => {
      const theirs = ProtobufMetricsSerializer.serializeRequest({
        resource: theirResource,
        scopeMetrics: [{ scope: OWN_SCOPE, metrics: metrics.map(metricDataOf) }],
      });
      const ours = encodeMetrics(metrics, resource, 'cumulative');
      expect(without(decoded('metrics', ours), ['exemplars'])).toEqual(without(decoded('metrics', theirs), []));
    }),
    { numRuns: 300 },
  );
});

/** Whether all numbers in a span's attributes are written by both in the same way. */
function isAlike({ attributes, annotations, links }: SpanData): boolean {
  const isOne = (value: AttributeValue): boolean =>
    typeof value === 'number'
      ? !Number.isInteger(value) || (Number.isSafeInteger(value) && !Object.is(value, -0))
      : typeof value !== 'object' ||
        (value.every((item) => isOne(item)) && new Set(value.map((item) => Number.isInteger(item))).size <= 1);
  return [{ attributes }, ...annotations, ...links].every((each) => Object.values(each.attributes).every(isOne));
}

/** Whether all numbers of an int64 are some. */
function isWhole({ type, valueType, timeSeries }: Metric): boolean {
  const values = Array.from(timeSeries as Iterable<{ readonly value: unknown }>, ({ value }) => value);
  return type === 'distribution' || valueType === 'double' || values.every(Number.isSafeInteger);
}

/**
 * Without some members; what is empty or zero is left out, since they write it at times, and attributes are in the order
 * of their keys, since theirs come out of objects, which put numbers first.
 */
function without(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => without(item, names) as { key?: string });
    return items.every(({ key }) => key !== undefined)
      ? items.sort((a, b) => (`${a.key}` < `${b.key}` ? -1 : 1))
      : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Json)
      .filter(([name, member]) => !names.includes(name) && !isDefault(name, member))
      .map(([name, member]) => [name, without(member, names)]),
  );
}

function isDefault(name: string, value: unknown): boolean {
  if (name === 'status') return Object.values(value as Json).every((member) => isDefault('', member));
  if (/^(dropped|startTime|description|unit|parentSpanId|code|message$|$)/.test(name)) {
    return value === 0 || value === '0' || value === '';
  }
  return Array.isArray(value) && value.length === 0;
}
