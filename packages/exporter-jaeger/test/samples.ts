import type { ExportCall, SpanData } from '@oc/core/exporter';

/** A span with an id and little else. */
export function span(fields: Partial<SpanData> = {}): SpanData {
  return {
    traceId: '7d1f4a52c0b94e6388a1d6f05b3e2c97',
    spanId: 'a3c1f07e5d294b86',
    remoteParent: false,
    name: 'GET /cart',
    kind: 'unspecified',
    start: 1_735_689_600_250_000,
    end: 1_735_689_600_292_750,
    status: { code: 0 },
    attributes: {},
    annotations: [],
    messageEvents: [],
    links: [],
    dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
    ...fields,
  };
}

/** A call of the service 'checkout' that refuses every warning. */
export function call(fields: Partial<ExportCall> = {}): ExportCall {
  return {
    resource: { labels: { 'service.name': 'checkout' } },
    signal: AbortSignal.timeout(20_000),
    warn(message) {
      throw new Error(`unexpected warning: ${message}`);
    },
    ...fields,
  };
}
