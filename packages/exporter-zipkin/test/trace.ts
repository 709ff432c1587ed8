import type { SpanData } from '@oc/core/exporter';
import { span } from './samples.ts';

export const start = 1_735_689_600_250_000;

/** Three spans with all that Zipkin has a place for. */
export function traceOf(traceId: string): readonly SpanData[] {
  return [
    span({
      traceId,
      spanId: '1b9e44d2087f6ac5',
      name: 'POST /Charge',
      kind: 'server',
      start,
      end: start + 207_000,
      attributes: {
        'client.address': '2001:DB8::7',
        'client.port': 50_123,
        retry: true,
        ratio: 0.25,
        cards: ['visa', '"amex"'],
        'naïve ключ 🙂': 'line\nbreak \u2028 \\ "quoted"',
        myAnnotations: '',
      },
      annotations: [{ time: start + 5_000, description: 'cache miss', attributes: { key: 'u42' } }],
      dropped: { attributes: 0, annotations: 1, messageEvents: 1, links: 0 },
    }),
    span({
      traceId,
      spanId: 'a3c1f07e5d294b86',
      parentSpanId: '1b9e44d2087f6ac5',
      kind: 'client',
      start: start + 10_000,
      end: start + 52_750,
      status: { code: 14, message: 'backend down' },
      attributes: { 'server.address': 'billing', 'network.peer.address': '10.0.0.7', 'network.peer.port': 8443 },
      messageEvents: [{ time: start + 20_000, type: 'sent', id: 1 }],
    }),
    span({
      traceId,
      spanId: 'ffffffffffffffff',
      parentSpanId: 'a3c1f07e5d294b86',
      start: 0,
      end: 0,
      annotations: [{ time: 0, description: 'boot', attributes: {} }],
    }),
  ];
}

/** The tags of each span of the trace, by its kind. */
export const tags = {
  server: {
    'client.address': '2001:DB8::7',
    'client.port': '50123',
    retry: 'true',
    ratio: '0.25',
    cards: '["visa","\\"amex\\""]',
    'naïve ключ 🙂': 'line\nbreak \u2028 \\ "quoted"',
    myAnnotations: '',
    'census.status_code': '0',
    'otel.dropped_events_count': '2',
  },
  client: {
    'server.address': 'billing',
    'network.peer.address': '10.0.0.7',
    'network.peer.port': '8443',
    'census.status_code': '14',
    'census.status_description': 'backend down',
    error: 'backend down',
  },
  local: { 'census.status_code': '0' },
};
