import { createSocket } from 'node:dgram';
import { promisify } from 'node:util';
import type { SpanData } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { collector } from '../../../tools/receivers/collector.ts';
import type { ArrivedSpan } from '../../../tools/receivers/collector-output.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';
import { type JaegerOptions, jaeger } from '../src/index.ts';
import { bodyOf, datagramOf } from './oracle.ts';
import { call, span } from './samples.ts';

// The receiver is the Collector's, which Jaeger 2 has within. It keeps tags in a map, so that it does not see one that is
// sent twice; it does not compare a tag's type with the member that holds its value, and it takes any flags. The two
// readers of encode.test.ts look at these.

const running = receiving(collector, {
  receivers: { jaeger: { thrift_http: {}, thrift_compact: {}, thrift_binary: {} } },
});

/** Host and port of one of its ways in. */
function inlet(name: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`udp://${running().address(`jaeger/${name}`)}`);
  return { host: hostname, port: Number(port) };
}

const start = 1_735_689_600_250_000;
const nanos = (micros: number): string => `${BigInt(micros) * 1_000n}`;

function traceOf(traceId: string): readonly SpanData[] {
  return [
    span({
      traceId,
      spanId: '1b9e44d2087f6ac5',
      name: 'POST /Charge',
      kind: 'server',
      end: start + 207_000,
      attributes: {
        text: 'line\nbreak \u2028 \\ "quoted"',
        empty: '',
        yes: true,
        no: false,
        whole: -7,
        large: Number.MAX_SAFE_INTEGER,
        ratio: 0.25,
        inexact: 2 ** 60,
        nan: Number.NaN,
        cards: ['visa', '"amex"'],
        'naïve ключ 🙂': 'x'.repeat(300),
      },
      annotations: [
        { time: start + 5_000, description: 'cache miss', attributes: { key: 'u42', tries: 2, cold: true } },
      ],
      messageEvents: [{ time: start + 4_000, type: 'received', id: 1, uncompressedBytes: 512 }],
    }),
    span({
      traceId,
      spanId: 'ffeeddccbbaa9988',
      parentSpanId: '1b9e44d2087f6ac5',
      kind: 'client',
      status: { code: 14, message: 'backend down' },
      links: [
        { traceId: '80000000000000000000000000000001', spanId: '8000000000000001', type: 'child', attributes: {} },
        { traceId, spanId: '1b9e44d2087f6ac5', type: 'parent', attributes: {} },
      ],
      dropped: { attributes: 1, annotations: 0, messageEvents: 0, links: 0 },
    }),
    span({ traceId, spanId: '0000000000000001', parentSpanId: 'ffeeddccbbaa9988', start: 1, end: 1 }),
  ];
}

const tags = { hostname: 'web-7', ip: '10.0.0.7', canary: true, slot: 3 };

/** A trace as the Collector has it, by the ids of its spans. */
async function arrived(traceId: string, count: number): Promise<readonly Partial<ArrivedSpan>[]> {
  const of = (spans: readonly ArrivedSpan[]): readonly ArrivedSpan[] =>
    spans.filter((each) => each.traceId === traceId);
  const spans = of(await running().traces((all) => of(all).length >= count));
  return spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
}

describe.each<[string, string, () => JaegerOptions]>([
  [
    'HTTP',
    '7d1f4a52c0b94e6388a1d6f05b3e2c97',
    () => ({ url: `http://${running().address('jaeger/thrift_http')}`, tags }),
  ],
  ['compact datagrams', 'f1e2d3c4b5a697880af7651916cd43dd', () => ({ ...inlet('thrift_compact'), tags })],
  [
    'binary datagrams',
    '0af7651916cd43dd8448eb211c80319c',
    () => ({ ...inlet('thrift_binary'), encoding: 'binary', tags }),
  ],
])('a Collector that is sent %s', (_, traceId, options) => {
  it('has the whole trace', async () => {
    const exporter = jaeger(options());
    await exporter.exportSpans?.(traceOf(traceId), call());
    await exporter.close?.(AbortSignal.timeout(1_000));
    const origin = {
      scope: {},
      resource: {
        'service.name': { stringValue: 'checkout' },
        'host.name': { stringValue: 'web-7' },
        ip: { stringValue: '10.0.0.7' },
        canary: { boolValue: true },
        slot: { intValue: '3' },
      },
    };
    expect(await arrived(traceId, 3)).toEqual([
      {
        ...origin,
        traceId,
        spanId: '0000000000000001',
        parentSpanId: 'ffeeddccbbaa9988',
        name: 'GET /cart',
        startTimeUnixNano: '1000',
        endTimeUnixNano: '1000',
        status: {},
      },
      {
        ...origin,
        traceId,
        spanId: '1b9e44d2087f6ac5',
        parentSpanId: '',
        name: 'POST /Charge',
        kind: 2,
        startTimeUnixNano: nanos(start),
        endTimeUnixNano: nanos(start + 207_000),
        attributes: {
          text: { stringValue: 'line\nbreak \u2028 \\ "quoted"' },
          empty: { stringValue: '' },
          yes: { boolValue: true },
          no: { boolValue: false },
          whole: { intValue: '-7' },
          large: { intValue: '9007199254740991' },
          ratio: { doubleValue: 0.25 },
          inexact: { doubleValue: 2 ** 60 },
          nan: { stringValue: 'NaN' },
          cards: { stringValue: '["visa","\\"amex\\""]' },
          'naïve ключ 🙂': { stringValue: 'x'.repeat(300) },
        },
        events: [
          {
            timeUnixNano: nanos(start + 4_000),
            name: 'message',
            attributes: {
              'message.type': { stringValue: 'RECEIVED' },
              'message.id': { intValue: '1' },
              'message.uncompressed_size': { intValue: '512' },
            },
          },
          {
            timeUnixNano: nanos(start + 5_000),
            name: 'cache miss',
            attributes: { key: { stringValue: 'u42' }, tries: { intValue: '2' }, cold: { boolValue: true } },
          },
        ],
        status: {},
      },
      {
        ...origin,
        traceId,
        spanId: 'ffeeddccbbaa9988',
        parentSpanId: '1b9e44d2087f6ac5',
        name: 'GET /cart',
        kind: 3,
        startTimeUnixNano: nanos(start),
        endTimeUnixNano: nanos(start + 42_750),
        attributes: {
          'status.code': { intValue: '14' },
          'status.message': { stringValue: 'backend down' },
          'otel.dropped_attributes_count': { intValue: '1' },
        },
        links: [
          { traceId: '80000000000000000000000000000001', spanId: '8000000000000001' },
          { traceId, spanId: '1b9e44d2087f6ac5' },
        ].map((link) => ({ ...link, attributes: { 'opentracing.ref_type': { stringValue: 'follows_from' } } })),
        status: { code: 2, message: 'backend down' },
      },
    ]);
  });
});

it('a Collector has all of a batch that needs many datagrams', async () => {
  const traceId = '5759e988bd862e3fe1be46a994272793';
  const spans = Array.from({ length: 200 }, (_, at) =>
    span({ traceId, spanId: `${at + 1}`.padStart(16, '0'), attributes: { pad: 'x'.repeat(1_000) } }),
  );
  const exporter = jaeger(inlet('thrift_compact'));
  await exporter.exportSpans?.(spans, call());
  await exporter.close?.(AbortSignal.timeout(1_000));
  const ids = (await arrived(traceId, 200)).map(({ spanId }) => spanId);
  expect(ids).toEqual(spans.map(({ spanId }) => spanId));
});

describe('a Collector that is sent what it cannot read', () => {
  const good = span({ traceId: '463ac35c9f6413ad48485a3953bb6124' });

  it('refuses a request, and its reason is told', async () => {
    const whole = bodyOf([good]);
    const cut: JaegerOptions['fetch'] = (url, init) => fetch(url, { ...init, body: whole.subarray(0, -20) });
    const url = `http://${running().address('jaeger/thrift_http')}`;
    await expect(jaeger({ url, fetch: cut }).exportSpans?.([good], call())).rejects.toMatchObject({
      failure: 'poisoned',
      message: expect.stringMatching(
        /^jaeger: POST http:\S+\/api\/traces answered 400: Unable to process request body: .*EOF/,
      ),
    });
  });

  it.each([
    ['compact', 'binary', 'Expected protocol id 82 but got 80', 'a2fb4a1d1a96d312a2fb4a1d1a96d312'],
    ['binary', 'compact', 'Bad version in ReadMessageBegin', '53995c3f42cd8ad853995c3f42cd8ad8'],
  ] as const)('drops at its %s port a datagram that is %s, and takes the next one', async (...row) => {
    const [encoding, wrong, error, traceId] = row;
    const { host, port } = inlet(`thrift_${encoding}`);
    const socket = createSocket('udp4');
    const send = promisify<Buffer, number, string>(socket.send.bind(socket));
    await send(datagramOf([good], wrong), port, host);
    expect(await running().logged(new RegExp(error))).toMatchObject({ level: 'error', msg: 'Processor failed', error });
    await send(datagramOf([span({ traceId })], encoding), port, host);
    expect(await arrived(traceId, 1)).toHaveLength(1);
    socket.close();
  });
});
