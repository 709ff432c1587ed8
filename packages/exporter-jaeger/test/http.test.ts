import { once } from 'node:events';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import type { SpanData } from '@oc/core/exporter';
import { beforeEach, describe, expect, it } from 'vitest';
import { type JaegerOptions, jaeger } from '../src/index.ts';
import { backend } from './backend.ts';
import { clearVariables, stubVariables } from './environment.ts';
import { readBody } from './oracle.ts';
import { call, span } from './samples.ts';

beforeEach(clearVariables);

/** Sends spans and resolves when the backend has taken them. */
async function send(options: JaegerOptions, spans: readonly SpanData[] = [span()]): Promise<void> {
  const exporter = jaeger(options);
  try {
    await exporter.exportSpans?.(spans, call());
  } finally {
    await exporter.close?.(AbortSignal.timeout(1_000));
  }
}

/** How sending fails. */
function failureOf(options: JaegerOptions, spans?: readonly SpanData[]): Promise<Error> {
  return send(options, spans).then(
    () => expect.unreachable('it was taken'),
    (error) => error,
  );
}

describe('a request', () => {
  it('is a POST of one batch of Thrift', async () => {
    const { host, arrivals } = await backend();
    await send({ url: `http://${host}/api/traces` }, [span({ name: 'a' }), span({ name: 'b' })]);
    expect(arrivals.map(({ method, path, headers }) => [method, path, headers['content-type']])).toEqual([
      ['POST', '/api/traces', 'application/x-thrift'],
    ]);
    const { serviceName, tags, spans } = readBody(arrivals[0]?.body ?? Buffer.alloc(0));
    expect([serviceName, spans.map(({ operationName }) => operationName)]).toEqual(['checkout', ['a', 'b']]);
    expect(tags[0]).toEqual(['hostname', 'STRING', expect.stringMatching(/./)]);
  });

  it("has the user's headers, but tells its own type", async () => {
    const { host, arrivals } = await backend();
    await send({ url: `http://${host}`, headers: { Authorization: 'Bearer t', 'Content-Type': 'text/plain' } });
    expect(arrivals[0]?.headers).toMatchObject({ authorization: 'Bearer t', 'content-type': 'application/x-thrift' });
  });

  it('goes over the socket of the one before, which close() closes', async () => {
    const { host, arrivals } = await backend();
    const exporter = jaeger({ url: `http://${host}` });
    for (const name of ['a', 'b']) await exporter.exportSpans?.([span({ name })], call());
    const [first, second] = arrivals.map(({ socket }) => socket);
    expect(second).toBe(first);
    await Promise.all([once(first as Socket, 'close'), exporter.close?.(AbortSignal.timeout(1_000))]);
  });

  it('to side-by-side calls has the spans of each', async () => {
    const { host, arrivals } = await backend();
    const exporter = jaeger({ url: `http://${host}` });
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(names.map((name) => exporter.exportSpans?.([span({ name })], call())));
    const came = arrivals.map(({ body }) =>
      readBody(body)
        .spans.map(({ operationName }) => operationName)
        .join(),
    );
    expect(came.sort()).toEqual(names);
  });

  it('is whole again after a span that could not be read', async () => {
    const { host, arrivals } = await backend();
    const exporter = jaeger({ url: `http://${host}` });
    const broken: SpanData = Object.defineProperty(span(), 'end', {
      get() {
        throw new Error('gone');
      },
    });
    await expect(exporter.exportSpans?.([span(), broken], call())).rejects.toThrow('gone');
    await exporter.exportSpans?.([span({ name: 'next' })], call());
    expect(arrivals.map(({ body }) => readBody(body).spans.map(({ operationName }) => operationName))).toEqual([
      ['next'],
    ]);
  });

  it.each([
    ['', '/api/traces'],
    ['/', '/api/traces'],
    ['?format=jaeger.thrift', '/api/traces?format=jaeger.thrift'],
    ['/v2/trace', '/v2/trace'],
  ])('to a URL that ends in "%s" goes to %s', async (end, path) => {
    const { host, arrivals } = await backend();
    await send({ url: new URL(`http://${host}${end}`) });
    expect(arrivals.map((arrival) => arrival.path)).toEqual([path]);
  });

  it('takes a fetch in place of node-fetch', async () => {
    const { host, arrivals } = await backend();
    await send({ url: `http://${host}`, fetch: globalThis.fetch });
    expect(arrivals.map(({ body }) => readBody(body).spans.length)).toEqual([1]);
  });
});

describe('an answer that is no', () => {
  it.each([
    [400, {}, { failure: 'poisoned' }],
    [401, {}, { failure: 'misconfigured' }],
    [404, {}, { failure: 'misconfigured' }],
    [413, {}, { failure: 'too-large' }],
    [415, {}, { failure: 'rejected' }],
    [500, {}, { failure: 'unavailable' }],
    [503, { 'retry-after': '7' }, { failure: 'unavailable', retryAfterMs: 7_000 }],
  ])('%i %j', async (status, headers, expected) => {
    const { host } = await backend(status, headers, 'Unable to process request body: unexpected EOF\n');
    const error = await failureOf({ url: `http://${host}` });
    expect({ ...error, message: error.message }).toEqual({
      name: 'ExportError',
      message: `jaeger: POST http://${host}/api/traces answered ${status}: Unable to process request body: unexpected EOF`,
      ...expected,
    });
  });
});

describe('a message above 1,000,000 bytes', () => {
  const large = span({ attributes: { text: 'x'.repeat(600_000) } });

  it('of several spans is not sent, but to be split', async () => {
    const { host, arrivals } = await backend();
    expect(await failureOf({ url: `http://${host}` }, [large, large])).toMatchObject({
      failure: 'too-large',
      message: expect.stringMatching(/^jaeger: 2 spans make a message of 1200\d{3} bytes, above 1000000$/),
    });
    expect(arrivals).toEqual([]);
  });

  it('of one span is sent', async () => {
    const { host, arrivals } = await backend();
    await send({ url: `http://${host}` }, [span({ attributes: { text: 'x'.repeat(5_000_000) } })]);
    expect(arrivals.map(({ body }) => body.byteLength > 5_000_000)).toEqual([true]);
  });
});

describe('credentials become Basic authorization', () => {
  const basic = `Basic ${btoa('shop:p@ss/w%41rd')}`;

  it.each<[string, (host: string) => JaegerOptions, Record<string, string>]>([
    ['of the URL', (host) => ({ url: `http://shop:p%40ss%2Fw%2541rd@${host}` }), {}],
    ['of the options', (host) => ({ url: `http://a:b@${host}`, user: 'shop', password: 'p@ss/w%41rd' }), {}],
    [
      "of Jaeger's variables",
      (host) => ({ url: `http://${host}` }),
      { JAEGER_USER: 'shop', JAEGER_PASSWORD: 'p@ss/w%41rd' },
    ],
    [
      "of OpenTelemetry's variables, which win",
      (host) => ({ url: `http://${host}` }),
      {
        OTEL_EXPORTER_JAEGER_USER: 'shop',
        OTEL_EXPORTER_JAEGER_PASSWORD: 'p@ss/w%41rd',
        JAEGER_USER: 'other',
        JAEGER_PASSWORD: 'other',
      },
    ],
  ])('%s', async (_, options, variables) => {
    stubVariables(variables);
    const { host, arrivals } = await backend();
    await send(options(host));
    expect(arrivals.map(({ path, headers }) => [path, headers.authorization])).toEqual([['/api/traces', basic]]);
  });

  it('and are in no error and no inspection, even if the backend repeats them', async () => {
    const secrets = ['p@ss/w%41rd', 'p%40ss%2Fw%2541rd', btoa('shop:p@ss/w%41rd'), 'vendor-key-1'];
    const { host } = await backend(400, {}, `no: ${basic} p@ss/w%41rd vendor-key-1`);
    const options = {
      url: `http://${host}`,
      user: 'shop',
      password: 'p@ss/w%41rd',
      headers: { 'x-key': 'vendor-key-1' },
    };
    const seen = [jaeger(options), await failureOf(options)].map((each) => {
      return inspect(each, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true });
    });
    expect(secrets.filter((secret) => seen.some((text) => text.includes(secret)))).toEqual([]);
  });
});
