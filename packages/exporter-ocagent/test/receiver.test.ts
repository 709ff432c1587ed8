import { grpcSender, type SpanData } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { collector } from '../../../tools/receivers/collector.ts';
import type { ArrivedSpan, ArrivedValue } from '../../../tools/receivers/collector-output.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';
import { ocagent } from '../src/index.ts';
import { call, metrics, span } from './samples.ts';

// What the Collector does not check, encode.test.ts does, where protobufjs reads all by the published definitions: it fills
// up ids that are too short, passes over fields that it does not know, and has no place for a link's type, dropped
// annotations apart from dropped messages, and the sum of squared deviations.

const start = 1_735_689_600_250_000;
const traceOf = { grpc: '7d1f4a52c0b94e6388a1d6f05b3e2c97', http: '0af7651916cd43dd8448eb211c80319c' } as const;

function spansOf(traceId: string): readonly SpanData[] {
  return [
    span({
      traceId,
      spanId: '1b9e44d2087f6ac5',
      name: 'POST /charge',
      kind: 'server',
      start,
      end: start + 207_001,
      traceState: 'acme=a=b,other=1',
      attributes: {
        card: 'visa "gold" 🙂',
        retry: true,
        count: 503,
        negative: -5,
        ratio: 0.25,
        list: ['a', 'b'],
      },
      annotations: [{ time: start + 5_000, description: 'cache miss', attributes: { key: 'u42', hit: false } }],
      messageEvents: [{ time: start + 6_000, type: 'sent', id: 7, uncompressedBytes: 512, compressedBytes: 128 }],
      links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), type: 'parent', attributes: { why: 'retry' } }],
      dropped: { attributes: 1, annotations: 2, messageEvents: 3, links: 4 },
    }),
    span({
      traceId,
      spanId: 'ffffffffffffffff',
      parentSpanId: '1b9e44d2087f6ac5',
      kind: 'client',
      remoteParent: true,
      start: start + 10_000,
      end: start + 52_750,
      status: { code: 14, message: 'backend down' },
    }),
  ];
}

const resource = {
  'service.name': { stringValue: 'checkout' },
  'host.name': { stringValue: 'h1' },
  'process.pid': { intValue: `${process.pid}` },
  'telemetry.sdk.language': { stringValue: 'nodejs' },
  'opencensus.resourcetype': { stringValue: 'container' },
  'opencensus.starttime': { stringValue: expect.stringMatching(/^20\d\d-.*\d{6}Z$/) },
};

const text = (stringValue: string): ArrivedValue => ({ stringValue });

describe.each(['grpc', 'http'] as const)('a Collector that is sent %s', (protocol) => {
  const running = receiving(collector, { receivers: { opencensus: {} } });
  const url = (): string => `http://${running().address('opencensus')}`;
  const traceId = traceOf[protocol];

  it('has the whole trace', async () => {
    const exporter = ocagent({ url: url(), protocol });
    await exporter.exportSpans?.(spansOf(traceId), call());
    const arrived = await running().traces(({ length }) => length >= 2);
    expect(arrived).toEqual<readonly ArrivedSpan[]>([
      {
        resource,
        scope: {},
        traceId,
        spanId: '1b9e44d2087f6ac5',
        parentSpanId: '',
        traceState: 'acme=a=b,other=1',
        name: 'POST /charge',
        kind: 2,
        startTimeUnixNano: `${start}000`,
        endTimeUnixNano: `${start + 207_001}000`,
        attributes: {
          card: text('visa "gold" 🙂'),
          retry: { boolValue: true },
          count: { intValue: '503' },
          negative: { intValue: '-5' },
          ratio: { doubleValue: 0.25 },
          list: text('["a","b"]'),
        },
        events: [
          {
            timeUnixNano: `${start + 5_000}000`,
            name: 'cache miss',
            attributes: { key: text('u42'), hit: { boolValue: false } },
          },
          {
            timeUnixNano: `${start + 6_000}000`,
            name: 'message',
            attributes: {
              'message.type': text('SENT'),
              'messaging.message_id': { intValue: '7' },
              'messaging.message_payload_size_bytes': { intValue: '512' },
              'messaging.message_payload_compressed_size_bytes': { intValue: '128' },
            },
          },
        ],
        links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), attributes: { why: text('retry') } }],
        status: {},
        droppedAttributesCount: 1,
        droppedEventsCount: 5,
        droppedLinksCount: 4,
      },
      {
        resource,
        scope: {},
        traceId,
        spanId: 'ffffffffffffffff',
        parentSpanId: '1b9e44d2087f6ac5',
        name: 'GET /cart',
        kind: 3,
        startTimeUnixNano: `${start + 10_000}000`,
        endTimeUnixNano: `${start + 52_750}000`,
        attributes: { 'opencensus.same_process_as_parent_span': { boolValue: false } },
        status: { code: 2, message: 'backend down' },
      },
    ]);
    await exporter.close?.(AbortSignal.timeout(1_000));
  });

  it('has every metric, with bounds, labels and zeros', async () => {
    const exporter = ocagent({ url: url(), protocol });
    await exporter.exportMetrics?.(metrics, call());
    const times = { startTimeUnixNano: '1735689600000000000', timeUnixNano: '1735689660000000000' };
    const { timeUnixNano } = times;
    const arrived = await running().metrics(({ length }) => length >= 5);
    expect(arrived.map(({ resource: _, scope, ...metric }) => metric)).toEqual([
      {
        name: 'checkout/latency',
        description: 'time to answer',
        unit: 'ms',
        histogram: {
          aggregationTemporality: 2,
          dataPoints: [
            {
              ...times,
              attributes: { method: text('GET') },
              count: '3',
              sum: 43,
              bucketCounts: ['1', '0', '1', '1'],
              explicitBounds: [5, 10, 25],
              exemplars: [
                {
                  timeUnixNano: '1735689659999995000',
                  asDouble: 30,
                  spanId: '',
                  traceId: '',
                  filteredAttributes: { trace_id: text('a'.repeat(32)), span_id: text('b'.repeat(16)) },
                },
              ],
            },
          ],
        },
      },
      {
        name: 'checkout/orders',
        unit: '1',
        sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ ...times, asInt: '7' }] },
      },
      {
        name: 'checkout/revenue',
        description: 'what was paid',
        unit: 'EUR',
        sum: {
          aggregationTemporality: 2,
          isMonotonic: true,
          dataPoints: [
            { ...times, attributes: { card: text('visa'), shop: text('') }, asDouble: 12.5 },
            { ...times, attributes: { card: text('amex'), shop: text('Köln "1"') }, asDouble: 0 },
          ],
        },
      },
      {
        name: 'queue/length',
        description: 'jobs that wait',
        unit: '1',
        gauge: { dataPoints: [{ timeUnixNano, attributes: { queue: text('mail') }, asInt: '0' }] },
      },
      { name: 'queue/load', unit: '1', gauge: { dataPoints: [{ timeUnixNano, asDouble: -0.25 }] } },
    ]);
    await exporter.close?.(AbortSignal.timeout(1_000));
  });

  it('refuses a message that does not say who sends it, and its reason is told', async () => {
    const reason = "protocol violation: Export's first message must have a Node";
    if (protocol === 'http') {
      const answer = await fetch(`${url()}/v1/trace`, { method: 'POST', body: '{}' });
      expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining(reason)]);
      return;
    }
    const sender = grpcSender({ exporter: 'ocagent', url: new URL(url()), load: () => import('@grpc/grpc-js') });
    const path = '/opencensus.proto.agent.trace.v1.TraceService/Export';
    await expect(sender.send({ path, message: Buffer.from('') }, call())).rejects.toMatchObject({
      failure: 'rejected',
      message: `ocagent: ${url()}${path} ended with UNKNOWN: ${reason}`,
    });
    sender.close();
  });
});
