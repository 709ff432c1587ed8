import type { DistributionMetric, ExportCall, NumberMetric, SpanData } from '@oc/core/exporter';

export const start = 1_735_689_600_250_001;

/** A span with an id and little else. */
export function span(fields: Partial<SpanData> = {}): SpanData {
  return {
    traceId: '7d1f4a52c0b94e63a3ce929d0e0e4736',
    spanId: 'a3c1f07e5d294b86',
    remoteParent: false,
    name: 'GET /cart',
    kind: 'unspecified',
    start,
    end: start + 42_750,
    status: { code: 0 },
    attributes: {},
    annotations: [],
    messageEvents: [],
    links: [],
    dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
    ...fields,
  };
}

/** Three spans of one trace, with what spans may have. */
export function trace(traceId: string): readonly SpanData[] {
  return [
    span({
      traceId,
      spanId: 'ffffffffffffffff',
      name: 'POST /Charge',
      kind: 'server',
      end: start + 207_000,
      attributes: {
        'http.method': 'POST',
        'http.route': '/charge/:id',
        'http.status_code': 500,
        ratio: 0.25,
        items: 3,
        retry: true,
        cards: ['visa', '"amex"'],
        'naïve ключ 🙂': 'line\nbreak \u2028 \\ "quoted"',
      },
      status: { code: 13, message: 'no stock' },
      annotations: [{ time: start + 5_000, description: 'cache "miss"', attributes: { key: 'u42', tries: 2 } }],
      dropped: { attributes: 0, annotations: 1, messageEvents: 1, links: 0 },
    }),
    span({
      traceId,
      spanId: 'a3c1f07e5d294b86',
      parentSpanId: 'ffffffffffffffff',
      kind: 'client',
      start: start + 10_000,
      end: start + 10_000,
      status: { code: 5 },
      attributes: { 'db.system': 'redis' },
      links: [
        {
          traceId: '463ac35c9f6413ad48485a3953bb6124',
          spanId: 'a2fb4a1d1a96d312',
          type: 'parent',
          attributes: { queue: 'orders' },
        },
      ],
    }),
    span({ traceId, spanId: '0000000000000007', parentSpanId: 'a3c1f07e5d294b86', end: start + 1 }),
  ];
}

/** A call of the service 'checkout' that refuses every warning. */
export function call(fields: Partial<ExportCall> = {}): ExportCall {
  return {
    resource: { labels: { 'service.name': 'checkout', 'service.version': '1.2.3' } },
    signal: AbortSignal.timeout(20_000),
    warn(message) {
      throw new Error(`unexpected warning: ${message}`);
    },
    ...fields,
  };
}

const minute = 60_000_000;

/** A collection that ended so many minutes after the start. */
export function counted(name: string, value: number, minutes = 1, fields: Partial<NumberMetric> = {}): NumberMetric {
  return {
    name,
    description: '',
    unit: '1',
    labelKeys: ['method'],
    valueType: 'double',
    type: 'cumulative',
    timeSeries: [{ labelValues: ['GET'], start, time: start + minutes * minute, value }],
    ...fields,
  };
}

export function gauge(name: string, value: number, minutes = 1): NumberMetric {
  return counted(name, value, minutes, {
    type: 'gauge',
    timeSeries: [{ labelValues: ['GET'], time: start + minutes * minute, value }],
  });
}

export function latency(bucketCounts: readonly number[], sum: number, minutes = 1): DistributionMetric {
  const count = bucketCounts.reduce((one, other) => one + other, 0);
  return {
    name: 'shop/latency',
    description: 'time to answer',
    unit: 'ms',
    labelKeys: ['method'],
    valueType: 'double',
    type: 'distribution',
    bounds: [10, 20],
    timeSeries: [
      {
        labelValues: ['GET'],
        start,
        time: start + minutes * minute,
        value: { count, sum, sumOfSquaredDeviation: 0, bucketCounts },
      },
    ],
  };
}
