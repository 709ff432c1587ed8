import type { DistributionSeries, Exemplar, Metric, NumberSeries, Resource } from '@oc/core/exporter';
import { exemplarOf, isWholeIn, OWN_SCOPE, TEMPORALITY, type Temporality } from '../model.ts';
import { writeAttribute, writeAttributes } from './attributes.ts';
import { writeResource, writeScope } from './resource.ts';
import { delimited, fixed64, ProtobufWriter, varint } from './writer.ts';

// opentelemetry/proto/metrics/v1/metrics.proto
const REQUEST = { resourceMetrics: delimited(1) };
const RESOURCE_METRICS = { resource: delimited(1), scopeMetrics: delimited(2) };
const SCOPE_METRICS = { scope: delimited(1), metrics: delimited(2) };
const METRIC = { name: delimited(1), description: delimited(2), unit: delimited(3) };
const DATA = { gauge: delimited(5), cumulative: delimited(7), distribution: delimited(9) };
const POINTS = { points: delimited(1), temporality: varint(2), isMonotonic: varint(3) };
const NUMBER = { start: fixed64(2), time: fixed64(3), double: fixed64(4), int: fixed64(6), attributes: delimited(7) };
const HISTOGRAM = {
  start: fixed64(2),
  time: fixed64(3),
  count: fixed64(4),
  sum: fixed64(5),
  bucketCounts: delimited(6),
  bounds: delimited(7),
  exemplars: delimited(8),
  attributes: delimited(9),
  min: fixed64(11),
  max: fixed64(12),
};
const EXEMPLAR = {
  time: fixed64(2),
  double: fixed64(3),
  spanId: delimited(4),
  traceId: delimited(5),
  int: fixed64(6),
  attributes: delimited(7),
};

const writer = new ProtobufWriter();

/** An `ExportMetricsServiceRequest`. */
export function encodeMetrics(metrics: readonly Metric[], resource: Resource, temporality: Temporality): Uint8Array {
  writer.clear();
  const resourceMetrics = writer.open(REQUEST.resourceMetrics, 3);
  writeResource(writer, RESOURCE_METRICS.resource, resource);
  const scopeMetrics = writer.open(RESOURCE_METRICS.scopeMetrics, 3);
  writeScope(writer, SCOPE_METRICS.scope, OWN_SCOPE);
  for (const metric of metrics) writeMetric(metric, TEMPORALITY[temporality]);
  writer.close(scopeMetrics, 3);
  writer.close(resourceMetrics, 3);
  return writer.take();
}

function writeMetric(metric: Metric, temporality: number): void {
  const { name, description, unit } = metric;
  const start = writer.open(SCOPE_METRICS.metrics, 2);
  writer.string(METRIC.name, name);
  if (description) writer.string(METRIC.description, description);
  if (unit) writer.string(METRIC.unit, unit);
  const data = writer.open(DATA[metric.type], 2);
  if (metric.type === 'distribution') for (const series of metric.timeSeries) writeHistogram(metric, series);
  else for (const series of metric.timeSeries) writeNumber(metric, series);
  if (metric.type !== 'gauge') writer.uint32(POINTS.temporality, temporality);
  if (metric.type === 'cumulative') writer.uint32(POINTS.isMonotonic, 1);
  writer.close(data, 2);
  writer.close(start, 2);
}

function writeNumber(metric: Metric, { labelValues, start, time, value }: NumberSeries): void {
  const length = writer.open(POINTS.points);
  if (start !== undefined) writer.nanoseconds(NUMBER.start, start);
  writer.nanoseconds(NUMBER.time, time);
  writeEither(NUMBER, metric, value);
  writeLabels(NUMBER.attributes, metric.labelKeys, labelValues);
  writer.close(length);
}

function writeHistogram(
  metric: Metric & { readonly type: 'distribution' },
  { labelValues, start, time, value }: DistributionSeries,
): void {
  const { count, sum, min, max, bucketCounts, exemplars = [] } = value;
  const length = writer.open(POINTS.points, 2);
  writer.nanoseconds(HISTOGRAM.start, start);
  writer.nanoseconds(HISTOGRAM.time, time);
  writer.sfixed64(HISTOGRAM.count, count);
  writer.double(HISTOGRAM.sum, sum);
  if (bucketCounts.length > 0) writer.packedFixed64(HISTOGRAM.bucketCounts, bucketCounts);
  if (metric.bounds.length > 0) writer.packedDoubles(HISTOGRAM.bounds, metric.bounds);
  for (const exemplar of exemplars) writeExemplar(metric, exemplar);
  writeLabels(HISTOGRAM.attributes, metric.labelKeys, labelValues);
  if (min !== undefined) writer.double(HISTOGRAM.min, min);
  if (max !== undefined) writer.double(HISTOGRAM.max, max);
  writer.close(length, 2);
}

function writeExemplar(metric: Metric, exemplar: Exemplar): void {
  const { traceId, spanId, attributes } = exemplarOf(exemplar);
  const start = writer.open(HISTOGRAM.exemplars);
  writer.nanoseconds(EXEMPLAR.time, exemplar.time);
  writeEither(EXEMPLAR, metric, exemplar.value);
  if (spanId) writer.hex(EXEMPLAR.spanId, spanId);
  if (traceId) writer.hex(EXEMPLAR.traceId, traceId);
  writeAttributes(writer, EXEMPLAR.attributes, attributes);
  writer.close(start);
}

/** The number of a point, zero too: a point without one is none. */
function writeEither(tags: { readonly int: number; readonly double: number }, metric: Metric, value: number): void {
  if (isWholeIn(metric, value)) writer.sfixed64(tags.int, value);
  else writer.double(tags.double, value);
}

function writeLabels(tag: number, keys: readonly string[], values: readonly (string | undefined)[]): void {
  for (let i = 0; i < keys.length; i++) {
    const value = values[i];
    if (value !== undefined) writeAttribute(writer, tag, keys[i] as string, value);
  }
}
