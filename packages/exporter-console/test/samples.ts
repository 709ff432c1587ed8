import type { DistributionMetric, ExportCall, NumberMetric, Resource, SpanData } from '@oc/core/exporter';

export const resource: Resource = { labels: { 'service.name': 'checkout', 'service.instance.id': 'i-1' } };

/** 14:03:05.678 in whatever time zone the tests run. */
export const at: number = new Date(2026, 0, 2, 14, 3, 5, 678).getTime() * 1_000;

export function span(fields: Partial<SpanData> = {}): SpanData {
  return {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    remoteParent: false,
    name: 'charge',
    kind: 'server',
    start: at,
    end: at + 12_345,
    status: { code: 0 },
    attributes: {},
    annotations: [],
    messageEvents: [],
    links: [],
    dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
    ...fields,
  };
}

export function spans(many: number, fields: Partial<SpanData> = {}): SpanData[] {
  return Array.from({ length: many }, (_, n) => span({ name: `span ${n}`, ...fields }));
}

export function gauge(fields: Partial<NumberMetric> = {}): NumberMetric {
  return {
    type: 'gauge',
    name: 'shop/queue',
    description: 'orders that wait',
    unit: '1',
    labelKeys: ['method'],
    valueType: 'double',
    timeSeries: [{ labelValues: ['POST'], time: at, value: 17.5 }],
    ...fields,
  };
}

export function distribution(fields: Partial<DistributionMetric> = {}): DistributionMetric {
  return {
    type: 'distribution',
    name: 'shop/latency',
    description: 'time to answer',
    unit: 'ms',
    labelKeys: ['method'],
    valueType: 'double',
    bounds: [5, 10, 25, 50, 100],
    timeSeries: [
      {
        labelValues: ['POST'],
        start: at - 60_000_000,
        time: at,
        value: {
          count: 17,
          sum: 300.5,
          min: 6.25,
          max: 88.123456,
          sumOfSquaredDeviation: 4_000,
          bucketCounts: [0, 1, 8, 0, 8, 0],
        },
      },
    ],
    ...fields,
  };
}

export function call(fields: Partial<ExportCall> = {}): ExportCall {
  return {
    resource,
    signal: new AbortController().signal,
    warn(message) {
      throw new Error(`unexpected warning: ${message}`);
    },
    ...fields,
  };
}

/** Text that would break a line, forge one, move the cursor or turn the reading direction. */
export const hostile: readonly string[] = [
  'a\nforged line',
  'a\r\nb',
  '\rb',
  'tab\there',
  '\x1b[31mred\x1b[0m',
  '\x1b]0;title\x07',
  '\x9b2J',
  'null\x00byte',
  '\x7f\x85',
  'line\u2028paragraph\u2029',
  'abc\u202edcba',
  '\u2066x\u2069\u200f\u061c\ufeff',
  '"quoted" \\ {a=b}, [c]',
  '  spaces  between  ',
  '</script>',
  '',
  '__proto__',
  'constructor',
];
