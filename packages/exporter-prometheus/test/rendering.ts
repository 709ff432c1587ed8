import type { ExporterHealth, Metric, Source } from '@oc/core/exporter';
import { type ExpositionOptions, exposition } from '../src/exposition.ts';
import { END, type Format } from '../src/format.ts';
import { Names } from '../src/names.ts';
import { type ViewStyle, Views } from '../src/views.ts';

/** Options of a rendering; those that are left out have their defaults. */
export interface Rendering extends Partial<ViewStyle> {
  /** Takes the warnings. */
  readonly warnings?: string[];
}

/** Metrics as one text. */
export function rendered(metrics: readonly Metric[], format: Format, { warnings, ...style }: Rendering = {}): string {
  const views = new Views(new Names((message) => warnings?.push(message)), {
    prefix: '',
    constLabels: {},
    legacyNames: false,
    appendTimestamp: false,
    ...style,
  });
  return [...metrics.flatMap((metric) => [...views.texts(metric, format)]), END[format]].join('');
}

/** A time at which metrics are collected, in microseconds: 2026-03-01T10:00:00Z. */
export const START = 1_772_359_200_000_000;

/** A metric of one kind with rows of labels and values. */
export function numbers(
  name: string,
  labelKeys: readonly string[],
  rows: readonly (readonly [labels: readonly (string | undefined)[], value: number])[],
  fields: { readonly type?: 'cumulative' | 'gauge'; readonly description?: string } = {},
): Metric {
  const { type = 'cumulative', description = '' } = fields;
  const timeSeries = rows.map(([labelValues, value]) => {
    return { labelValues, time: START + 60_000_000, value, ...(type === 'cumulative' && { start: START }) };
  });
  return { type, name, description, unit: '1', labelKeys, valueType: 'double', timeSeries };
}

/** What an exporter that is read may look at, with these metrics. */
export function sourceOf(
  metrics: readonly Metric[],
  { health = [], warnings = [] }: { readonly health?: readonly ExporterHealth[]; readonly warnings?: string[] } = {},
): Source {
  return {
    resource: { labels: { 'service.name': 'checkout' } },
    metrics: async () => metrics,
    views: () => [],
    health: () => health,
    watch: () => () => {},
    sampling: {
      read: () => ({ description: 'never', sample: () => false }),
      set() {},
    },
    warn: (message) => void warnings.push(message),
  };
}

/** A page of ours as a scrape gets it. */
export async function pageOf(
  options: Partial<ExpositionOptions>,
  format: Format = 'text',
  source = sourceOf([]),
): Promise<string> {
  const shown = await exposition(source, {
    prefix: '',
    constLabels: {},
    legacyNames: false,
    appendTimestamp: false,
    registry: undefined,
    include: undefined,
    defaultMetrics: false,
    ...options,
  });
  const chunks: Buffer[] = [];
  for await (const chunk of await shown.page(format, 500)) chunks.push(chunk);
  return `${Buffer.concat(chunks)}`;
}

/** The lines of a page that are not about the exporters themselves. */
export function withoutOwn(page: string): readonly string[] {
  return page.split('\n').filter((line) => line !== '' && !/target|oc_exporter/.test(line));
}
