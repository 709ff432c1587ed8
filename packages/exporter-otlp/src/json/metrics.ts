import {
  type DistributionSeries,
  type Exemplar,
  JsonWriter,
  type Metric,
  type NumberSeries,
  type Resource,
} from '@oc/core/exporter';
import { exemplarOf, isWholeIn, OWN_SCOPE, TEMPORALITY, type Temporality } from '../model.ts';
import { doubleJson, writeAttributes, writeLabels } from './attributes.ts';
import { writeResource, writeScope } from './resource.ts';

const DATA = { gauge: 'gauge', cumulative: 'sum', distribution: 'histogram' };

const writer = new JsonWriter();

/** An `ExportMetricsServiceRequest`. */
export function encodeMetrics(metrics: readonly Metric[], resource: Resource, temporality: Temporality): Uint8Array {
  writer.clear();
  writer.text('{"resourceMetrics":[{"resource":');
  writeResource(writer, resource);
  writer.text(',"scopeMetrics":[{"scope":');
  writeScope(writer, OWN_SCOPE);
  writer.text(',"metrics":');
  writer.list(metrics, (metric) => writeMetric(metric, TEMPORALITY[temporality]));
  writer.text('}]}]}');
  return writer.take();
}

function writeMetric(metric: Metric, temporality: number): void {
  const { type, name, description, unit } = metric;
  writer.text('{"name":');
  writer.string(name);
  if (description) {
    writer.text(',"description":');
    writer.string(description);
  }
  if (unit) {
    writer.text(',"unit":');
    writer.string(unit);
  }
  writer.text(`,"${DATA[type]}":{"dataPoints":`);
  if (type === 'distribution') writer.list(metric.timeSeries, (series) => writeHistogram(metric, series));
  else writer.list(metric.timeSeries, (series) => writeNumber(metric, series));
  if (type !== 'gauge') writer.text(`,"aggregationTemporality":${temporality}`);
  if (type === 'cumulative') writer.text(',"isMonotonic":true');
  writer.text('}}');
}

function writeNumber(metric: Metric, series: NumberSeries): void {
  writeTimes(series);
  writeEither(metric, series.value);
  writer.text(',"attributes":');
  writeLabels(writer, metric.labelKeys, series.labelValues);
  writer.text('}');
}

function writeHistogram(metric: Metric & { readonly type: 'distribution' }, series: DistributionSeries): void {
  const { count, sum, min, max, bucketCounts, exemplars = [] } = series.value;
  writeTimes(series);
  writer.text(`,"count":"${count}","sum":${doubleJson(sum)}`);
  if (bucketCounts.length > 0) writer.text(`,"bucketCounts":["${bucketCounts.join('","')}"]`);
  if (metric.bounds.length > 0) writer.text(`,"explicitBounds":[${metric.bounds.join()}]`);
  if (exemplars.length > 0) {
    writer.text(',"exemplars":');
    writer.list(exemplars, (exemplar) => writeExemplar(metric, exemplar));
  }
  writer.text(',"attributes":');
  writeLabels(writer, metric.labelKeys, series.labelValues);
  if (min !== undefined) writer.text(`,"min":${doubleJson(min)}`);
  if (max !== undefined) writer.text(`,"max":${doubleJson(max)}`);
  writer.text('}');
}

function writeExemplar(metric: Metric, exemplar: Exemplar): void {
  const { traceId, spanId, attributes } = exemplarOf(exemplar);
  writer.text('{"timeUnixNano":"');
  writer.nanoseconds(exemplar.time);
  writer.text('"');
  writeEither(metric, exemplar.value);
  if (spanId) writer.text(`,"spanId":"${spanId}"`);
  if (traceId) writer.text(`,"traceId":"${traceId}"`);
  writer.text(',"filteredAttributes":');
  writeAttributes(writer, attributes);
  writer.text('}');
}

/** The beginning of a point. */
function writeTimes({ start, time }: NumberSeries | DistributionSeries): void {
  writer.text('{');
  if (start !== undefined) {
    writer.text('"startTimeUnixNano":"');
    writer.nanoseconds(start);
    writer.text('",');
  }
  writer.text('"timeUnixNano":"');
  writer.nanoseconds(time);
  writer.text('"');
}

/** The number of a point, zero too: a point without one is none. */
function writeEither(metric: Metric, value: number): void {
  writer.text(isWholeIn(metric, value) ? `,"asInt":"${value}"` : `,"asDouble":${doubleJson(value)}`);
}
