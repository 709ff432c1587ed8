import type { ExportCall, Metric, SpanData } from '@oc/core/exporter';

/** A span with ids and little else. */
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
    resource: { type: 'container', labels: { 'service.name': 'checkout', 'host.name': 'h1' } },
    signal: AbortSignal.timeout(20_000),
    warn(message) {
      throw new Error(`unexpected warning: ${message}`);
    },
    ...fields,
  };
}

const start = 1_735_689_600_000_000;
const time = start + 60_000_000;

/** One metric of each kind. */
export const metrics: readonly Metric[] = [
  {
    name: 'checkout/latency',
    description: 'time to answer',
    unit: 'ms',
    labelKeys: ['method', 'region'],
    valueType: 'double',
    type: 'distribution',
    bounds: [5, 10, 25],
    timeSeries: [
      {
        labelValues: ['GET', undefined],
        start,
        time,
        value: {
          count: 3,
          sum: 43,
          min: 3,
          max: 30,
          sumOfSquaredDeviation: 1178 / 3,
          bucketCounts: [1, 0, 1, 1],
          exemplars: [
            { value: 30, time: time - 5, attachments: { trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16) } },
          ],
        },
      },
    ],
  },
  {
    name: 'checkout/orders',
    description: '',
    unit: '1',
    labelKeys: [],
    valueType: 'int64',
    type: 'cumulative',
    timeSeries: [{ labelValues: [], start, time, value: 7 }],
  },
  {
    name: 'checkout/revenue',
    description: 'what was paid',
    unit: 'EUR',
    labelKeys: ['card', 'shop'],
    valueType: 'double',
    type: 'cumulative',
    timeSeries: [
      { labelValues: ['visa', ''], start, time, value: 12.5 },
      { labelValues: ['amex', 'Köln "1"'], start, time, value: 0 },
    ],
  },
  {
    name: 'queue/length',
    description: 'jobs that wait',
    unit: '1',
    labelKeys: ['queue'],
    valueType: 'int64',
    type: 'gauge',
    timeSeries: [{ labelValues: ['mail'], time, value: 0 }],
  },
  {
    name: 'queue/load',
    description: '',
    unit: '1',
    labelKeys: [],
    valueType: 'double',
    type: 'gauge',
    timeSeries: [{ labelValues: [], time, value: -0.25 }],
  },
];
