import type { DistributionSeries, Exemplar, Metric, NumberSeries, UnixMicros } from '@oc/core/exporter';
import { exemplarsByBucket, exemplarText } from './exemplar.ts';
import type { Format } from './format.ts';
import { braced, type LabelledRow, type LabelTexts } from './labels.ts';
import type { Family } from './names.ts';
import { boundText, canonicalBoundText } from './number.ts';

/** How the rows of a metric are written. */
export interface RowStyle {
  readonly family: Family;
  readonly labels: LabelTexts;
  readonly format: Format;
  /** Whether each sample has the time of its collection. */
  readonly stamped: boolean;
}

/** The samples of a metric, one text for each of its rows; an empty one gives others a turn. */
export function rowTexts(metric: Metric, style: RowStyle): Iterable<string> {
  const { labels } = style;
  return metric.type === 'distribution'
    ? histogramTexts(labels.walk(metric.timeSeries), metric.bounds, style)
    : numberTexts(labels.walk(metric.timeSeries), style);
}

function* numberTexts(rows: Iterable<LabelledRow<NumberSeries>>, style: RowStyle): Generator<string> {
  const { family, format } = style;
  const { name, sample } = family;
  const hasStart = format === 'openmetrics' && family.type === 'counter' && name !== sample;
  const stamp = stampOf(style);
  for (const entry of rows) {
    if (!entry) {
      yield '';
      continue;
    }
    const [labels, { value, time, start }] = entry;
    const set = braced(labels);
    const line = `${sample}${set} ${value}${stamp(time)}\n`;
    yield hasStart && start !== undefined ? `${line}${name}_created${set} ${start / 1e6}\n` : line;
  }
}

function* histogramTexts(
  rows: Iterable<LabelledRow<DistributionSeries>>,
  bounds: readonly number[],
  style: RowStyle,
): Generator<string> {
  const { family, format } = style;
  const { sample } = family;
  const isOpenMetrics = format === 'openmetrics';
  const stamp = stampOf(style);
  const le = [...bounds.map(isOpenMetrics ? canonicalBoundText : boundText), '+Inf'].map((text) => `le="${text}"} `);
  for (const entry of rows) {
    if (!entry) {
      yield '';
      continue;
    }
    const [labels, { value, time, start }] = entry;
    const set = braced(labels);
    const bucket = `${sample}_bucket{${labels}${labels && ','}`;
    const at = stamp(time);
    const exemplars = isOpenMetrics && value.exemplars ? byBucket(value.exemplars, bounds) : undefined;
    let text = '';
    let below = 0;
    for (let i = 0; i < le.length; i++) {
      // An OpenCensus bucket is [a, b), so what lies on a bound is counted one `le` higher than by Prometheus's own rule.
      below = i < bounds.length ? below + (value.bucketCounts[i] as number) : value.count;
      text += `${bucket}${le[i]}${below}${at}${exemplars?.[i] ?? ''}\n`;
    }
    const sum = `${sample}_sum${set} ${value.sum}${at}\n`;
    const count = `${sample}_count${set} ${value.count}${at}\n`;
    yield isOpenMetrics ? `${text}${count}${sum}${sample}_created${set} ${start / 1e6}\n` : text + sum + count;
  }
}

/** A time in the unit of the format: milliseconds in text, seconds in OpenMetrics. */
function stampOf({ stamped, format }: RowStyle): (time: UnixMicros) => string {
  if (!stamped) return () => '';
  return format === 'text' ? (time) => ` ${Math.floor(time / 1e3)}` : (time) => ` ${time / 1e6}`;
}

/** The text of each bucket's newest exemplar. */
function byBucket(exemplars: readonly Exemplar[], bounds: readonly number[]): readonly string[] {
  return exemplarsByBucket(exemplars, bounds).map((each) =>
    each ? exemplarText(each.value, each.time / 1e6, each.attachments) : '',
  );
}
