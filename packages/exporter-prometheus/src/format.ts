import type { Family, FamilyType } from './names.ts';

/** The two languages that Prometheus reads: text 0.0.4 and OpenMetrics 1.0. */
export type Format = 'text' | 'openmetrics';

/** The content type of each. */
export const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What stands at the very end of a page. */
export const END: Readonly<Record<Format, string>> = { text: '', openmetrics: '# EOF\n' };

const TEXT_TYPE: Readonly<Record<FamilyType, string>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  info: 'gauge',
  unknown: 'untyped',
};

/**
 * The format to answer in: OpenMetrics where a client takes it at least as gladly as text, by its Accept header. Nothing
 * and nonsense get text: Prometheus would rather read something than a 406.
 */
export function formatFor(accept: string | undefined): Format {
  const weight = { text: 0, openmetrics: 0 };
  for (const range of accept?.split(',') ?? []) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const read = (name: string): string | undefined =>
      parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
    const format = type === 'text/plain' ? 'text' : type === 'application/openmetrics-text' ? 'openmetrics' : undefined;
    if (!format || (format === 'openmetrics' && !['1.0.0', '0.0.1'].includes(read('version') ?? '1.0.0'))) continue;
    weight[format] = Math.max(weight[format], Number(read('q') ?? 1) || 0);
  }
  return weight.openmetrics > 0 && weight.openmetrics >= weight.text ? 'openmetrics' : 'text';
}

/** The lines before a family's samples. */
export function headText({ name, sample, type, help }: Family, format: Format): string {
  const text = (help || sample).toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  if (format === 'text') return `# HELP ${sample} ${text}\n# TYPE ${sample} ${TEXT_TYPE[type]}\n`;
  // OpenMetrics has no counter without `_total`; client_golang declares it so too.
  const declared = type === 'counter' && name === sample ? 'unknown' : type;
  return `# TYPE ${name} ${declared}\n# HELP ${name} ${text.replaceAll('"', '\\"')}\n`;
}
