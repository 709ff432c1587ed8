import { once } from 'node:events';
import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { ConfigError, type SpanData } from '@oc/core/exporter';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ZipkinOptions, zipkin } from '../src/index.ts';
import { encodeJson } from '../src/json.ts';
import { backend } from './backend.ts';
import { protobufOf } from './oracle.ts';
import { call, span } from './samples.ts';

beforeEach(() => {
  vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', '');
  vi.stubEnv('OTEL_EXPORTER_ZIPKIN_TIMEOUT', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Sends spans and resolves when the backend has taken them. */
async function send(options: ZipkinOptions, spans: readonly SpanData[] = [span()]): Promise<void> {
  const exporter = zipkin(options);
  try {
    await exporter.exportSpans?.(spans, call());
  } finally {
    await exporter.close?.(AbortSignal.timeout(1_000));
  }
}

/** How sending fails. */
function failureOf(options: ZipkinOptions, spans?: readonly SpanData[]): Promise<Error> {
  return send(options, spans).then(
    () => expect.unreachable('it was taken'),
    (error) => error,
  );
}

describe('a request', () => {
  it('is of protobuf where that is chosen', async () => {
    const { host, arrivals } = await backend();
    await send({ url: `http://${host}/api/v2/spans`, encoding: 'protobuf' });
    expect(arrivals.map(({ headers, body }) => [headers['content-type'], body])).toEqual([
      ['application/x-protobuf', Buffer.from(protobufOf(span()))],
    ]);
  });

  it("has the user's headers, but tells its own type", async () => {
    const { host, arrivals } = await backend();
    await send({ url: `http://${host}`, headers: { 'X-Vendor-Key': 'k', 'Content-Type': 'text/plain' } });
    expect(arrivals[0]?.headers).toMatchObject({ 'x-vendor-key': 'k', 'content-type': 'application/json' });
  });

  it('goes over the socket of the one before, which close() closes', async () => {
    const { host, arrivals } = await backend();
    const exporter = zipkin({ url: `http://${host}` });
    for (const name of ['a', 'b']) await exporter.exportSpans?.([span({ name })], call());
    const [first, second] = arrivals.map(({ socket }) => socket);
    expect(second).toBe(first);
    await Promise.all([once(first as Socket, 'close'), exporter.close?.(AbortSignal.timeout(1_000))]);
  });

  it.each([
    ['', '/api/v2/spans'],
    ['/', '/api/v2/spans'],
    ['?tenant=7', '/api/v2/spans?tenant=7'],
    ['/spans', '/spans'],
    ['/vendor/zipkin/', '/vendor/zipkin/'],
  ])('to a URL that ends in "%s" goes to %s', async (end, path) => {
    const { host, arrivals } = await backend();
    await send({ url: new URL(`http://${host}${end}`) });
    expect(arrivals.map((arrival) => arrival.path)).toEqual([path]);
  });
});

it.each([
  [400, 'poisoned'],
  [415, 'rejected'],
  [500, 'unavailable'],
])('an answer of %i is %s, and its text is passed on', async (status, failure) => {
  const { host, arrivals } = await backend(status, {}, 'Missing : id reading List<Span> from json\n');
  const error = await failureOf({ url: `http://${host}` });
  expect({ ...error, message: error.message }).toEqual({
    name: 'ExportError',
    message: `zipkin: POST http://${host}/api/v2/spans answered ${status}: Missing : id reading List<Span> from json`,
    failure,
  });
  expect(arrivals).toHaveLength(1);
});

describe('a message above 500,000 bytes', () => {
  const large = span({ attributes: { text: 'x'.repeat(300_000) } });

  it.each(['json', 'protobuf'] as const)('of several spans is not sent in %s, but to be split', async (encoding) => {
    const { host, arrivals } = await backend();
    expect(await failureOf({ url: `http://${host}`, encoding }, [large, large])).toMatchObject({
      failure: 'too-large',
      message: expect.stringMatching(/^zipkin: 2 spans make a message of 600\d{3} bytes, above the customary 500000$/),
    });
    expect(arrivals).toEqual([]);
  });

  it('of one span is sent', async () => {
    const { host, arrivals } = await backend();
    await send({ url: `http://${host}` }, [span({ attributes: { text: 'x'.repeat(600_000) } })]);
    expect(arrivals.map(({ body }) => body.byteLength > 600_000)).toEqual([true]);
  });

  it('is counted in bytes, not in characters', async () => {
    const { host } = await backend();
    const wide = span({ attributes: { text: '\u044f'.repeat(130_000) } });
    await expect(failureOf({ url: `http://${host}` }, [wide, wide])).resolves.toMatchObject({ failure: 'too-large' });
  });
});

describe('credentials in the URL', () => {
  it('become Basic authorization', async () => {
    const { host, arrivals } = await backend();
    await send({ url: `http://shop:p%40ss-word@${host}` });
    expect(arrivals.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/api/v2/spans', `Basic ${btoa('shop:p@ss-word')}`],
    ]);
  });
});

describe('options', () => {
  it('fetch takes the place of node-fetch', async () => {
    const { host, arrivals } = await backend();
    const urls: string[] = [];
    await send({
      url: `http://${host}`,
      fetch: (url, init) => {
        urls.push(url);
        return globalThis.fetch(url, init);
      },
    });
    expect(urls).toEqual([`http://${host}/api/v2/spans`]);
    expect(arrivals.map(({ body }) => body)).toEqual([encodeJson([span()], 'checkout')]);
  });

  it("takes the runtime's own fetch as it is, failures too", async () => {
    const { host } = await backend(400, {}, 'no');
    expect(await failureOf({ url: `http://${host}`, fetch: globalThis.fetch })).toMatchObject({ failure: 'poisoned' });
  });

  it('agent carries the requests and is left open', async () => {
    const { host, arrivals } = await backend();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await send({ url: `http://${host}`, agent });
    await send({ url: `http://${host}`, agent });
    expect(new Set(arrivals.map(({ socket }) => socket)).size).toBe(1);
    agent.destroy();
  });

  it('are all named when they are wrong, without their values', () => {
    const options = {
      url: 'localhost:9411',
      headers: { 'x-key': 'secret\nkey' },
      encoding: 'thrift',
      fetch: 'secret',
      agent: 7,
      serviceName: 'secret',
      timeout: 1,
    } as unknown as ZipkinOptions;
    expect(() => zipkin(options)).toThrow(
      new ConfigError(
        "zipkin: there is no option 'serviceName'; there is no option 'timeout'; " +
          "'url' must be an absolute URL that begins with 'http://' or 'https://'; " +
          "'headers' has a character in 'x-key' that HTTP does not allow; " +
          "'encoding' must be one of 'json', 'protobuf'; 'fetch' must be a function; 'agent' must be an object",
      ),
    );
  });

  it('agent beside fetch is refused, since it would have no effect', () => {
    expect(() => zipkin({ fetch: globalThis.fetch, agent: new Agent() })).toThrow(
      new ConfigError("zipkin: 'agent' has no effect beside 'fetch'; give one of them"),
    );
  });
});

describe('the environment', () => {
  it('names the endpoint, whose path is completed as that of the option', async () => {
    const { host, arrivals } = await backend();
    vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', `http://${host}`);
    await send({});
    expect(arrivals.map(({ path }) => path)).toEqual(['/api/v2/spans']);
  });

  it('gives way to the option', async () => {
    const { host, arrivals } = await backend();
    vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', 'http://elsewhere.test:1/spans');
    await send({ url: `http://${host}/mine` });
    expect(arrivals.map(({ path }) => path)).toEqual(['/mine']);
  });

  it('sets the deadline of an attempt', () => {
    expect(zipkin().delivery).toEqual({ attemptMs: 10_000 });
    vi.stubEnv('OTEL_EXPORTER_ZIPKIN_TIMEOUT', '2500');
    expect(zipkin().delivery).toEqual({ attemptMs: 2_500 });
  });

  it('when it is wrong becomes a warning and the default is used', () => {
    vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', 'zipkin:9411');
    vi.stubEnv('OTEL_EXPORTER_ZIPKIN_TIMEOUT', 'soon');
    const { warnings, delivery } = zipkin();
    expect({ warnings, delivery }).toEqual({
      warnings: [
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT must be an absolute URL that begins with 'http://' or 'https://'; the default is used",
        'OTEL_EXPORTER_ZIPKIN_TIMEOUT must be a whole number from 1 to 2147483647; the default is used',
      ],
      delivery: { attemptMs: 10_000 },
    });
  });
});

it('building one opens nothing, and closing one that was never used is fine', async () => {
  const exporter = zipkin();
  expect(exporter).toEqual({
    name: 'zipkin',
    limits: { spans: 1_000 },
    delivery: { attemptMs: 10_000 },
    warnings: [],
    exportSpans: expect.any(Function),
    close: expect.any(Function),
  });
  await expect(exporter.close?.(AbortSignal.timeout(1_000))).resolves.toBeUndefined();
});
