import { type Format, headText } from './format.ts';
import { braced, labelText } from './labels.ts';
import { type Family, labelNames } from './names.ts';
import { numberText } from './number.ts';

/** One line of a page, not yet in any format. */
export interface Sample {
  /** With its suffix: 'shop_latency_bucket'. */
  readonly name: string;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly value: number;
  /** As it stands in OpenMetrics. */
  readonly exemplar?: string | undefined;
}

/** A family whose samples are few enough to be listed: health, the target, what comes from prom-client. */
export interface SampledFamily {
  readonly family: Family;
  readonly samples: readonly Sample[];
}

/** A family as text: its head, then one text a sample. Samples that Prometheus cannot tell apart are added up. */
export function* sampleTexts(
  { family, samples }: SampledFamily,
  constLabels: Readonly<Record<string, string>>,
  format: Format,
): Generator<string> {
  const lines = new Map<string, { value: number; exemplar: string }>();
  for (const { name, labels, value, exemplar = '' } of samples) {
    if (format === 'openmetrics' && !isAllowed(family, name, value, samples)) continue;
    const key = `${name}${braced(textOf({ ...labels, ...constLabels, ...labels }))}`;
    lines.set(key, { value: value + (lines.get(key)?.value ?? 0), exemplar });
  }
  yield headText(family, format);
  for (const [key, { value, exemplar }] of lines) {
    yield `${key} ${numberText(value)}${format === 'openmetrics' ? exemplar : ''}\n`;
  }
}

/** OpenMetrics 1.0 wants totals from 0 up, and no sum of a histogram that counts what is below 0. */
function isAllowed({ type, sample }: Family, name: string, value: number, samples: readonly Sample[]): boolean {
  if (type === 'counter') return value >= 0;
  if (type === 'histogram' && name === `${sample}_sum`) return !samples.some(({ labels }) => Number(labels.le) < 0);
  return true;
}

function textOf(labels: Readonly<Record<string, unknown>>): string {
  const keys = Object.keys(labels);
  const names = keys.every((key) => /^[a-z_]\w*$/i.test(key)) ? keys : labelNames(keys);
  const values = Object.values(labels).map((value) => (value === undefined ? undefined : `${value}`.toWellFormed()));
  return labelText(names, values);
}
