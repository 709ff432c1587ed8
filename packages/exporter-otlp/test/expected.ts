import type { AttributeValue, DistributionSeries, Metric, NumberSeries, Resource, SpanData } from '@oc/core/exporter';
import type { Json } from './oracle.ts';

// The mapping once more, without regard to speed: OTLP's JSON as values. Empty lists and what is not there are left out.

const KINDS = { unspecified: 1, server: 2, client: 3, producer: 4, consumer: 5 };

export function expectedSpans(spans: readonly SpanData[], resource: Resource): Json {
  const scopes = [...new Set(spans.map((span) => JSON.stringify(scopeOf(span))))];
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(labelsOf(resource)) },
        scopeSpans: scopes.map((scope) => ({
          scope: JSON.parse(scope),
          spans: spans.filter((span) => JSON.stringify(scopeOf(span)) === scope).map(spanOf),
        })),
      },
    ],
  };
}

export function expectedMetrics(metrics: readonly Metric[], resource: Resource, temporality: 1 | 2): Json {
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(labelsOf(resource)) },
        scopeMetrics: [
          { scope: { name: '@oc/core' }, metrics: metrics.map((metric) => metricOf(metric, temporality)) },
        ],
      },
    ],
  };
}

function labelsOf({ type, labels }: Resource): Readonly<Record<string, string>> {
  return type === undefined ? labels : { ...labels, 'opencensus.resourcetype': type };
}

function scopeOf({ scope = { name: '@oc/core' } }: SpanData): Json {
  return { name: scope.name, ...(scope.version && { version: scope.version }) };
}

function spanOf(span: SpanData): Json {
  const { status, dropped } = span;
  const messages = span.messageEvents.map(({ time, type, id, uncompressedBytes, compressedBytes }) => ({
    time,
    description: 'message',
    attributes: {
      'message.type': type.toUpperCase(),
      'messaging.message_id': id,
      ...(uncompressedBytes !== undefined && { 'messaging.message_payload_size_bytes': uncompressedBytes }),
      ...(compressedBytes !== undefined && { 'messaging.message_payload_compressed_size_bytes': compressedBytes }),
    },
  }));
  const events = [...span.annotations, ...messages].toSorted((a, b) => a.time - b.time);
  const droppedEvents = dropped.annotations + dropped.messageEvents;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.traceState !== undefined && { traceState: span.traceState }),
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: KINDS[span.kind],
    startTimeUnixNano: nanos(span.start),
    endTimeUnixNano: nanos(span.end),
    ...list('attributes', attributesOf(span.attributes)),
    ...(dropped.attributes && { droppedAttributesCount: dropped.attributes }),
    ...list(
      'events',
      events.map(({ time, description, attributes }) => ({
        timeUnixNano: nanos(time),
        name: description,
        ...list('attributes', attributesOf(attributes)),
      })),
    ),
    ...(droppedEvents && { droppedEventsCount: droppedEvents }),
    ...list(
      'links',
      span.links.map(({ traceId, spanId, traceState, attributes }) => ({
        traceId,
        spanId,
        ...(traceState !== undefined && { traceState }),
        ...list('attributes', attributesOf(attributes)),
      })),
    ),
    ...(dropped.links && { droppedLinksCount: dropped.links }),
    ...((status.code !== 0 || status.message) && {
      status: { ...(status.message && { message: status.message }), ...(status.code !== 0 && { code: 2 }) },
    }),
    flags: span.remoteParent ? 0x301 : 0x101,
  };
}

function metricOf(metric: Metric, temporality: 1 | 2): Json {
  const { name, description, unit } = metric;
  const dataPoints =
    metric.type === 'distribution'
      ? Array.from(metric.timeSeries, (series) => histogramOf(metric, series))
      : Array.from(metric.timeSeries, (series) => pointOf(metric, series));
  return {
    name,
    ...(description && { description }),
    ...(unit && { unit }),
    ...(metric.type === 'gauge' && { gauge: { dataPoints } }),
    ...(metric.type === 'cumulative' && {
      sum: { dataPoints, aggregationTemporality: temporality, isMonotonic: true },
    }),
    ...(metric.type === 'distribution' && { histogram: { dataPoints, aggregationTemporality: temporality } }),
  };
}

function pointOf(metric: Metric, { labelValues, start, time, value }: NumberSeries): Json {
  return {
    ...(start !== undefined && { startTimeUnixNano: nanos(start) }),
    timeUnixNano: nanos(time),
    ...eitherOf(metric, value),
    ...list('attributes', attributesOfLabels(metric, labelValues)),
  };
}

function histogramOf(
  metric: Metric & { readonly type: 'distribution' },
  { labelValues, start, time, value }: DistributionSeries,
): Json {
  return {
    startTimeUnixNano: nanos(start),
    timeUnixNano: nanos(time),
    count: String(value.count),
    sum: value.sum,
    ...list('bucketCounts', value.bucketCounts.map(String)),
    ...list('explicitBounds', metric.bounds),
    ...list(
      'exemplars',
      (value.exemplars ?? []).map((exemplar) => {
        const { trace_id: traceId, span_id: spanId, ...rest } = exemplar.attachments;
        return {
          timeUnixNano: nanos(exemplar.time),
          ...eitherOf(metric, exemplar.value),
          ...(spanId && { spanId }),
          ...(traceId && { traceId }),
          ...list('filteredAttributes', attributesOf(rest)),
        };
      }),
    ),
    ...list('attributes', attributesOfLabels(metric, labelValues)),
    ...(value.min !== undefined && { min: value.min }),
    ...(value.max !== undefined && { max: value.max }),
  };
}

function eitherOf({ valueType }: Metric, value: number): Json {
  return valueType === 'int64' && Number.isSafeInteger(value) ? { asInt: String(value) } : { asDouble: value };
}

function attributesOfLabels({ labelKeys }: Metric, values: readonly (string | undefined)[]): readonly Json[] {
  return labelKeys.flatMap((key, i) => (values[i] === undefined ? [] : [{ key, value: { stringValue: values[i] } }]));
}

function attributesOf(attributes: Readonly<Record<string, AttributeValue>>): readonly Json[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValueOf(value) }));
}

function anyValueOf(value: AttributeValue): Json {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return numberOf(value, isInt(value));
  const isOfInts = value.every((item) => isInt(item));
  const values = value.map((item) => (typeof item === 'number' ? numberOf(item, isOfInts) : anyValueOf(item)));
  return { arrayValue: list('values', values) };
}

function isInt(value: unknown): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function numberOf(value: number, asInt: boolean): Json {
  if (asInt) return { intValue: String(value) };
  return { doubleValue: Number.isFinite(value) ? value : String(value) };
}

function nanos(micros: number): string {
  return String(BigInt(micros) * 1_000n);
}

function list(name: string, items: readonly unknown[]): Json {
  return items.length > 0 ? { [name]: items } : {};
}
