import type { Metric, RunningSpan, SpanData } from '@oc/core/exporter';
import type { KeptSpan } from '../src/intake.ts';

let made = 0;

/** A span with ids of its own and little else; `ms` is how long it took. */
export function span({ ms = 42.75, ...fields }: Partial<SpanData> & { readonly ms?: number } = {}): SpanData {
  const number = ++made;
  const start = fields.start ?? 1_735_689_600_250_000;
  return {
    traceId: number.toString(16).padStart(32, 'a'),
    spanId: number.toString(16).padStart(16, 'b'),
    remoteParent: false,
    name: 'GET /cart',
    kind: 'unspecified',
    start,
    end: start + Math.round(ms * 1_000),
    status: { code: 0 },
    attributes: {},
    annotations: [],
    messageEvents: [],
    links: [],
    dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
    ...fields,
  };
}

/** The same, as it is kept. */
export function kept(fields: Parameters<typeof span>[0] = {}, sampled = true): KeptSpan {
  return { ...span(fields), sampled };
}

/** The same, while it runs. */
export function running(fields: Partial<SpanData> = {}): RunningSpan {
  return { ...span(fields), end: undefined };
}

/** A cumulative metric with one row for each label. */
export function total(name: string, rows: Readonly<Record<string, number>>): Metric {
  const timeSeries = Object.entries(rows).map(([label, value]) => ({ labelValues: [label], start: 1, time: 2, value }));
  return { name, description: '', unit: '1', labelKeys: ['route'], valueType: 'int64', type: 'cumulative', timeSeries };
}
