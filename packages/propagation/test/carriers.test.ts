import { once } from 'node:events';
import { createServer, IncomingMessage, request } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { Metadata } from '@grpc/grpc-js';
import { type Span, type SpanContext, stats, telemetry, tracer } from '@oc/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  b3,
  baggage,
  correlationContext,
  datadog,
  type Format,
  grpc,
  grpcTags,
  jaeger,
  propagator,
  w3c,
} from '../src/index.ts';
import { REMOTE, SPAN_ID, TRACE_ID } from './contexts.ts';

const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;
const OTHER = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
const BINARY = Buffer.from(`0000${TRACE_ID}01${SPAN_ID}0201`, 'hex');
const LOCAL: SpanContext = { traceId: TRACE_ID, spanId: SPAN_ID, sampled: true };
const W3C_AND_GRPC = propagator({ formats: [w3c(), grpc()], tagFormats: [baggage(), grpcTags()] });

/** A server that answers with what `answer` makes of the request, and its address. */
async function serverThat(answer: (request: IncomingMessage) => unknown): Promise<string> {
  const server = createServer((incoming, response) => {
    response.end(JSON.stringify(answer(incoming) ?? null));
  });
  onTestFinished(() => {
    server.close().closeAllConnections();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('carriers', () => {
  it.each<[string, () => object]>([
    ['a plain object', () => ({})],
    ['an object without a prototype', () => Object.create(null)],
    ['Headers', () => new Headers()],
    ["fetch's Request", () => new Request('http://shop.example')],
    ['an object with headers', () => ({ method: 'GET', headers: {} })],
    ['a Map', () => new Map()],
    ['Metadata', () => new Metadata()],
  ])('%s takes and gives contexts and tags', (_, create) => {
    for (const formats of [[w3c()], [grpc()], [b3({ headers: 'multi' })], [datadog()]]) {
      for (const tagFormats of [[baggage()], [grpcTags()], [correlationContext()]]) {
        const propagation = propagator({ formats, tagFormats });
        const carrier = create();
        expect(propagation.inject(carrier, LOCAL)).toBe(carrier);
        expect(propagation.injectTags(carrier, { tenant: 'acme' })).toBe(carrier);
        expect(propagation.extract(carrier)).toEqual(REMOTE);
        expect(propagation.extractTags(carrier)).toEqual({ tenant: 'acme' });
      }
    }
  });

  it('Metadata holds bytes where the name ends in -bin', () => {
    const metadata = W3C_AND_GRPC.injectTags(W3C_AND_GRPC.inject(new Metadata(), LOCAL), { k: 'v' });
    expect(metadata.getMap()).toEqual({
      traceparent: TRACEPARENT,
      'grpc-trace-bin': BINARY,
      baggage: 'k=v',
      'grpc-tags-bin': Buffer.from('0000016b0176', 'hex'),
    });
  });

  it('other carriers hold base64 there', () => {
    const headers = W3C_AND_GRPC.inject({}, LOCAL);
    expect(headers).toEqual({ traceparent: TRACEPARENT, 'grpc-trace-bin': BINARY.toString('base64') });
  });

  it.each([
    ['a name in upper case', { TraceParent: TRACEPARENT }],
    ['a list', { traceparent: [TRACEPARENT] }],
    ['bytes', { traceparent: Buffer.from(TRACEPARENT) }],
    ['bytes of a binary name', { 'grpc-trace-bin': new Uint8Array(BINARY) }],
    ['Metadata as an object', { 'grpc-trace-bin': [BINARY] }],
  ])('a plain object may have %s', (_, carrier) => {
    expect(W3C_AND_GRPC.extract(carrier)).toEqual(REMOTE);
  });

  it('an object may have numbers', () => {
    const headers = { 'x-datadog-trace-id': 1, 'x-datadog-parent-id': 2, 'x-datadog-sampling-priority': 1 };
    expect(propagator({ formats: [datadog()] }).extract(headers)).toEqual({
      traceId: `${'0'.repeat(31)}1`,
      spanId: `${'0'.repeat(15)}2`,
      sampled: true,
      remote: true,
    });
  });

  it.each([
    ['two spellings', { traceparent: TRACEPARENT, Traceparent: TRACEPARENT }],
    ['a list', { traceparent: [TRACEPARENT, TRACEPARENT] }],
    [
      'Headers',
      new Headers([
        ['traceparent', TRACEPARENT],
        ['traceparent', TRACEPARENT],
      ]),
    ],
  ])('a traceparent that is there twice, by %s, is none', (_, carrier) => {
    expect(propagator().extract(carrier)).toBeUndefined();
  });

  it('a binary header that is there twice is none', () => {
    const metadata = new Metadata();
    metadata.add('grpc-trace-bin', BINARY);
    metadata.add('grpc-trace-bin', BINARY);
    expect(W3C_AND_GRPC.extract(metadata)).toBeUndefined();
  });

  it("node:http's requests carry them, and the message that arrives is a carrier as its headers are", async () => {
    const propagation = propagator();
    const url = await serverThat((incoming) => [
      propagation.extract(incoming),
      propagation.extract(incoming.headers),
      propagation.extractTags(incoming),
    ]);
    const call = propagation.injectTags(propagation.inject(request(url), LOCAL), { tenant: 'acme' }).end();
    const [response] = await once(call, 'response');
    const chunks = await response.toArray();
    expect(JSON.parse(`${chunks.join('')}`)).toEqual([REMOTE, REMOTE, { tenant: 'acme' }]);
  });

  it('fetch carries them', async () => {
    const propagation = propagator();
    const url = await serverThat((incoming) => propagation.extract(incoming.headers));
    const answer = await fetch(url, { headers: propagation.inject({ accept: '*/*' }, LOCAL) });
    expect(await answer.json()).toEqual(REMOTE);
  });

  it('several tracestate lines of a real request are joined in order', async () => {
    const propagation = propagator();
    const url = await serverThat((incoming) => propagation.extract(incoming.headers));
    const headers = new Headers([
      ['traceparent', TRACEPARENT],
      ['tracestate', 'foo=1'],
      ['tracestate', 'bar=2'],
    ]);
    expect(await (await fetch(url, { headers })).json()).toEqual({ ...REMOTE, traceState: 'foo=1,bar=2' });
  });
});

describe('inject', () => {
  it.each<[string, () => object]>([
    ['a plain object', () => ({ Traceparent: OTHER, TRACESTATE: 'old=1', accept: '*/*' })],
    ['Headers', () => new Headers({ Traceparent: OTHER, TRACESTATE: 'old=1', accept: '*/*' })],
    ['a Map', () => new Map(Object.entries({ traceparent: OTHER, tracestate: 'old=1', accept: '*/*' }))],
    ['Metadata', () => Metadata.fromHttp2Headers({ traceparent: OTHER, tracestate: 'old=1', accept: '*/*' })],
  ])('replaces what %s had, an old tracestate too', (_, create) => {
    const carrier = propagator().inject(create(), LOCAL);
    expect(propagator().extract(carrier)).toEqual(REMOTE);
    const names = carrier instanceof Metadata ? Object.keys(carrier.getMap()) : carrierNames(carrier);
    expect(names.sort()).toEqual(['accept', 'traceparent']);
  });

  it('replaces what a request had, an old tracestate too', async () => {
    const url = await serverThat(({ headers }) => [headers.traceparent, headers.tracestate]);
    const call = request(url, { headers: { Traceparent: OTHER, Tracestate: 'old=1' } });
    const [response] = await once(propagator().inject(call, LOCAL).end(), 'response');
    expect(JSON.parse((await response.toArray()).join(''))).toEqual([TRACEPARENT, null]);
  });

  it('with a format that has nothing to say leaves no old headers of it', () => {
    const headers = { 'x-datadog-trace-id': '1', 'x-datadog-parent-id': '2' };
    const context = { ...LOCAL, traceId: `${'1'.repeat(16)}${'0'.repeat(16)}` };
    expect(propagator({ formats: [datadog()] }).inject(headers, context)).toEqual({});
  });

  it('writes all formats, also two forms of one', () => {
    const formats = [b3(), b3({ headers: 'multi' }), jaeger()];
    expect(propagator({ formats }).inject({}, LOCAL)).toEqual({
      b3: `${TRACE_ID}-${SPAN_ID}-1`,
      'x-b3-traceid': TRACE_ID,
      'x-b3-spanid': SPAN_ID,
      'x-b3-sampled': '1',
      'uber-trace-id': `${TRACE_ID}:${SPAN_ID}:0:1`,
    });
  });

  it('takes a span, a context or the current span', () => {
    const oc = telemetry({ service: 'test' });
    const propagation = propagator();
    const headersOf = ({ context }: Span): unknown => ({ traceparent: `00-${context.traceId}-${context.spanId}-01` });
    oc.tracer.span('outer', (outer) => {
      expect(propagation.inject({})).toEqual(headersOf(outer));
      const inner = oc.tracer.startSpan('inner');
      expect(propagation.inject({}, inner)).toEqual(headersOf(inner));
      expect(propagation.inject({}, inner.context)).toEqual(headersOf(inner));
    });
  });

  it('takes the tracestate that came in along', () => {
    const oc = telemetry({ service: 'test' });
    const propagation = propagator();
    const parent = propagation.extract({ traceparent: TRACEPARENT, tracestate: 'foo=1' });
    oc.tracer.span('server', { kind: 'server', parent }, ({ context }) => {
      expect(context).toMatchObject({ traceId: TRACE_ID, sampled: true, traceState: 'foo=1' });
      expect(propagation.inject({})).toEqual({
        traceparent: `00-${TRACE_ID}-${context.spanId}-01`,
        tracestate: 'foo=1',
      });
    });
  });

  it('passes a decision not to sample on', () => {
    const oc = telemetry({ service: 'test' });
    const propagation = propagator();
    const parent = propagation.extract({ traceparent: TRACEPARENT.replace(/01$/, '00') });
    oc.tracer.span('server', { kind: 'server', parent }, () => {
      expect(propagation.extract(propagation.inject({}))).toMatchObject({ traceId: TRACE_ID, sampled: false });
    });
  });

  it('passes the context on where no telemetry is installed', () => {
    const propagation = propagator();
    const parent = propagation.extract({ traceparent: TRACEPARENT });
    tracer.span('library', { parent }, () => {
      expect(propagation.inject({})).toEqual({ traceparent: TRACEPARENT });
    });
  });

  it('leaves the carrier as it is without a current span and for a context that is not valid', () => {
    const before = { traceparent: OTHER, accept: '*/*' };
    const wrong = [
      undefined,
      { ...LOCAL, traceId: '0'.repeat(32) },
      { ...LOCAL, spanId: 'x' },
      { ...LOCAL, traceId: undefined },
      {},
      null,
    ];
    for (const context of wrong as (SpanContext | undefined)[]) {
      expect(propagator().inject({ ...before }, context)).toEqual(before);
    }
  });

  it('leaves out a tracestate that is no text', () => {
    const context = { ...LOCAL, traceState: { foo: '1' } as unknown as string };
    expect(propagator().inject({}, context)).toEqual({ traceparent: TRACEPARENT });
  });

  it('writes ids in lower case', () => {
    const upper = { traceId: TRACE_ID.toUpperCase(), spanId: SPAN_ID.toUpperCase(), sampled: true };
    expect(propagator().inject({}, upper)).toEqual({ traceparent: TRACEPARENT });
  });

  it('does not throw where headers can no longer be set', async () => {
    const url = await serverThat(() => 'ok');
    const call = request(url);
    call.end();
    await once(call, 'response').then(([response]) => response.resume());
    for (const carrier of [call, Object.freeze({}), Response.error().headers]) {
      expect(propagator().inject(carrier, LOCAL)).toBe(carrier);
    }
    expect(call.getHeader('traceparent')).toBeUndefined();
  });
});

describe('injectTags', () => {
  it('writes numbers and booleans as text, and leaves other values out', () => {
    const others = { object: {}, symbol: Symbol(), bigint: 1n } as Record<string, unknown> as Record<string, string>;
    const tags = { text: 'a', number: 1.5, boolean: true, absent: undefined, ...others };
    expect(propagator().injectTags({}, tags)).toEqual({
      baggage: 'text=a,number=1.5,boolean=true',
    });
  });

  it('replaces the tags that were there, even by none', () => {
    expect(propagator().injectTags({ Baggage: 'old=1', accept: '*/*' }, {})).toEqual({ accept: '*/*' });
  });

  it('leaves the context alone, as inject does with the tags', () => {
    const propagation = propagator();
    const headers = propagation.inject(propagation.injectTags({}, { k: 'v' }), LOCAL);
    expect(propagation.injectTags(headers, { k: 'w' })).toEqual({ traceparent: TRACEPARENT, baggage: 'k=w' });
  });
});

describe('extract', () => {
  const both = { traceparent: OTHER, b3: `${TRACE_ID}-${SPAN_ID}-1` };

  it('takes the first format that decodes', () => {
    expect(propagator({ formats: [b3(), w3c()] }).extract(both)).toEqual(REMOTE);
    expect(propagator({ formats: [w3c(), b3()] }).extract(both)?.traceId).toBe('1'.repeat(32));
    expect(propagator({ formats: [w3c(), b3()] }).extract({ ...both, traceparent: 'nonsense' })).toEqual(REMOTE);
  });

  it('takes the first format of tags that decodes', () => {
    const { extractTags } = propagator({ tagFormats: [correlationContext(), baggage()] });
    expect(extractTags({ 'correlation-context': 'a=1', baggage: 'b=2' })).toEqual({ a: '1' });
    expect(extractTags({ 'correlation-context': 'a', baggage: 'b=2' })).toEqual({ b: '2' });
    expect(extractTags({})).toEqual({});
  });

  it.each([
    undefined,
    null,
    {},
    [],
    { traceparent: null },
    { traceparent: {} },
    { headers: null },
    new IncomingMessage(new Socket()),
  ])('finds nothing on %j', (carrier) => {
    expect(propagator().extract(carrier)).toBeUndefined();
    expect(propagator().extractTags(carrier)).toEqual({});
  });

  it('does not look at what an object inherits', () => {
    expect(propagator().extract(Object.create({ traceparent: TRACEPARENT }))).toBeUndefined();
  });

  it('finds nothing on carriers that throw, loop or lie', () => {
    const loop: { headers?: object } = {};
    loop.headers = loop;
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const hostile = [
      loop,
      proxy,
      {
        get traceparent(): string {
          throw new Error('hostile');
        },
      },
      {
        get() {
          throw new Error('hostile');
        },
      },
      { get: () => ({ toString: null }) },
      { get: 1, traceparent: Symbol() },
      'text',
      1,
      true,
    ];
    for (const carrier of hostile as object[]) {
      expect(propagator().extract(carrier)).toBeUndefined();
      expect(propagator().extractTags(carrier)).toEqual({});
      expect(propagator().inject(carrier, LOCAL)).toBe(carrier);
      expect(propagator().injectTags(carrier, { k: 'v' })).toBe(carrier);
    }
  });
});

describe("formats of one's own", () => {
  const own: Format = {
    name: 'own',
    fields: ['x-trace'],
    encode: ({ traceId, spanId }) => [['x-trace', `${traceId}${spanId}`]],
    decode: (get) => {
      const text = get('x-trace');
      return text === undefined ? undefined : { traceId: text.slice(0, 32), spanId: text.slice(32), sampled: true };
    },
  };

  it('work beside the others, and need say neither remote nor whether ids are valid', () => {
    const propagation = propagator({ formats: [own, w3c()] });
    expect(propagation.inject({}, LOCAL)).toEqual({ 'x-trace': `${TRACE_ID}${SPAN_ID}`, traceparent: TRACEPARENT });
    expect(propagation.extract({ 'x-trace': `${TRACE_ID}${SPAN_ID}` })).toEqual(REMOTE);
    expect(propagation.extract({ 'x-trace': 'nonsense', traceparent: TRACEPARENT })).toEqual(REMOTE);
  });

  it('that throw do not stand in the way of the others', () => {
    const broken: Format = {
      name: 'broken',
      fields: [],
      encode: () => {
        throw new Error('broken');
      },
      decode: () => {
        throw new Error('broken');
      },
    };
    const propagation = propagator({ formats: [broken, w3c()] });
    expect(propagation.extract(propagation.inject({}, LOCAL))).toEqual(REMOTE);
  });

  it.each([[{ formats: [w3c] }], [{ formats: w3c() }], [{ formats: [undefined] }], [{ formats: [{ name: 'x' }] }]])(
    'that are none are a ConfigError: %j',
    (options) => {
      expect(() => propagator(options as never)).toThrow(
        'propagator: formats must be a list of formats, such as [w3c()]',
      );
    },
  );

  it('given by a wrong name are a ConfigError', () => {
    expect(() => propagator({ format: [w3c()] } as never)).toThrow("propagator: there is no option 'format'");
    expect(() => b3({ headers: 'many' } as never)).toThrow("b3: 'headers' must be 'single' or 'multi'");
  });

  it('of tags that are none are a ConfigError', () => {
    expect(() => propagator({ tagFormats: ['baggage'] as never })).toThrow(
      'propagator: tagFormats must be a list of formats, such as [baggage()]',
    );
  });
});

function carrierNames(carrier: object): string[] {
  return carrier instanceof Headers || carrier instanceof Map ? [...carrier.keys()] : Object.keys(carrier);
}

describe('the tags of the current context', () => {
  it('travel when none are given', () => {
    const propagation = propagator();
    const headers = stats.withTags({ tenant: 'acme', retries: 2 }, () => propagation.injectTags({}));
    expect(propagation.extractTags(headers)).toEqual({ tenant: 'acme', retries: '2' });
    expect(propagation.injectTags({})).toEqual({});
  });
});
