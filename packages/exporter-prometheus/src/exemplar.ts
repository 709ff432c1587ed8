import type { Exemplar } from '@oc/core/exporter';
import { labelText } from './labels.ts';
import { labelNames } from './names.ts';
import { numberText } from './number.ts';

/** Most code points in the names and values of an exemplar's labels (OpenMetrics 1.0, "Exemplars"). */
const MOST_CODE_POINTS = 128;

/** What follows a bucket's or counter's value: ` # {trace_id="..."} 5 1772359230`. */
export function exemplarText(
  value: number,
  seconds: number | undefined,
  attachments: Readonly<Record<string, unknown>>,
): string {
  const labels = exemplarLabels(attachments);
  const stamp = seconds === undefined ? '' : ` ${seconds}`;
  return ` # {${labelText(Object.keys(labels), Object.values(labels))}} ${numberText(value)}${stamp}`;
}

/** Of the attachments as many as the bound allows, those of the trace first. */
export function exemplarLabels(attachments: Readonly<Record<string, unknown>>): Record<string, string> {
  const isOfTrace = (key: string): number => (key === 'trace_id' || key === 'span_id' ? 0 : 1);
  const keys = Object.keys(attachments).sort((one, other) => isOfTrace(one) - isOfTrace(other));
  const names = labelNames(keys);
  const labels: Record<string, string> = {};
  let left = MOST_CODE_POINTS;
  keys.forEach((key, i) => {
    const name = names[i] as string;
    const value = String(attachments[key]).toWellFormed();
    const size = name.length + [...value].length;
    if (value === '' || size > left) return;
    left -= size;
    labels[name] = value;
  });
  return labels;
}

/** The newest exemplar of each bucket, at the place of the bucket. */
export function exemplarsByBucket(
  exemplars: readonly Exemplar[],
  bounds: readonly number[],
): readonly (Exemplar | undefined)[] {
  const newest: (Exemplar | undefined)[] = Array(bounds.length + 1).fill(undefined);
  for (const exemplar of exemplars) {
    const above = bounds.findIndex((bound) => exemplar.value < bound);
    const bucket = above < 0 ? bounds.length : above;
    if (exemplar.time >= (newest[bucket]?.time ?? 0)) newest[bucket] = exemplar;
  }
  return newest;
}
