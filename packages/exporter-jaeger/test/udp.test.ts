import { telemetry } from '@oc/core';
import { ExportError, type SpanData } from '@oc/core/exporter';
import { UdpServer } from '@oc/testkit';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CompactWriter } from '../src/compact.ts';
import { pack } from '../src/datagrams.ts';
import { type JaegerOptions, jaeger } from '../src/index.ts';
import { addressOf, sendAll } from '../src/udp.ts';
import { clearVariables } from './environment.ts';
import { CHECKOUT, readBinary, readByApache } from './oracle.ts';
import { call, span } from './samples.ts';

beforeEach(clearVariables);

async function agent(): Promise<UdpServer> {
  const server = await UdpServer.open(() => []);
  onTestFinished(() => server.close());
  return server;
}

/** Sends spans and resolves when they have been read at the other end, or rejects with how it failed. */
async function send(server: UdpServer, spans: readonly SpanData[], options: JaegerOptions = {}): Promise<void> {
  const exporter = jaeger({ host: server.host, port: server.port, ...options });
  try {
    await exporter.exportSpans?.(spans, call());
  } finally {
    await exporter.close?.(AbortSignal.timeout(1_000));
    await server.drained();
  }
}

function failureOf(sending: Promise<void>): Promise<ExportError & { readonly errors?: readonly ExportError[] }> {
  return sending.then(
    () => expect.unreachable('it was taken'),
    (error) => error,
  );
}

function idsIn(datagrams: readonly Buffer[]): readonly string[] {
  return datagrams.flatMap((datagram) => readByApache(datagram, 'compact').spans.map(({ spanId }) => spanId));
}

const many = Array.from({ length: 300 }, (_, at) => {
  return span({ spanId: `${at + 1}`.padStart(16, '0'), attributes: { pad: 'x'.repeat(1_000) } });
});
const ids = many.map(({ spanId }) => spanId);

describe('spans that go over UDP', () => {
  it('are compact, and say whose they are', async () => {
    const server = await agent();
    await send(server, [span({ name: 'a' }), span({ name: 'b' })]);
    expect(server.datagrams.map((datagram) => readByApache(datagram, 'compact'))).toMatchObject([
      { serviceName: 'checkout', spans: [{ operationName: 'a' }, { operationName: 'b' }] },
    ]);
  });

  it('or binary', async () => {
    const server = await agent();
    await send(server, [span()], { encoding: 'binary' });
    expect(server.datagrams.map(readBinary)).toMatchObject([{ serviceName: 'checkout', spans: [{}] }]);
  });

  it('fill as many datagrams as they need', async () => {
    const server = await agent();
    await send(server, many);
    expect(idsIn(server.datagrams)).toEqual(ids);
    const sizes = server.datagrams.map(({ byteLength }) => byteLength);
    expect(sizes.slice(0, -1).every((size) => size > 63_000 && size <= 65_000)).toBe(true);
    expect(sizes).toHaveLength(5);
  });

  it('keep to a limit of your own, and to the largest that there is', async () => {
    const [small, large] = [await agent(), await agent()];
    await send(small, many.slice(0, 10), { maxPacketSize: 1_500 });
    await send(large, many, { maxPacketSize: 65_507 });
    expect(small.datagrams.map(({ byteLength }) => byteLength <= 1_500)).toEqual(Array(10).fill(true));
    expect([idsIn(small.datagrams), idsIn(large.datagrams)]).toEqual([ids.slice(0, 10), ids]);
  });

  it('go at 5 MB a second and no faster, however many calls there are', async () => {
    const server = await agent();
    const exporter = jaeger({ host: server.host, port: server.port });
    const start = performance.now();
    await Promise.all([many, many, many].map((spans) => exporter.exportSpans?.(spans, call())));
    const ms = performance.now() - start;
    await exporter.close?.(AbortSignal.timeout(1_000));
    await server.drained();
    expect(idsIn(server.datagrams).toSorted()).toEqual([...ids, ...ids, ...ids].toSorted());
    const [last = 0, ...before] = server.datagrams.map(({ byteLength }) => byteLength).reverse();
    const bytes = before.reduce((sum, size) => sum + size, 0);
    expect(last).toBeGreaterThan(0);
    expect(ms).toBeGreaterThan(bytes / 5_000 - before.length); // a timer may be early by less than a millisecond
  });

  it('to a name come to one of its addresses', async () => {
    const server = await agent();
    const exporter = jaeger({ host: 'localhost', port: server.port });
    // Where the name stands for ::1 too, that address is refused first.
    await exporter.exportSpans?.([span()], call()).catch(() => exporter.exportSpans?.([span()], call()));
    await server.drained();
    await exporter.close?.(AbortSignal.timeout(1_000));
    expect(server.datagrams).toHaveLength(1);
  });
});

describe('what fails over UDP', () => {
  it('is a span that no datagram holds, while the others arrive', async () => {
    const server = await agent();
    const large = span({ name: 'large', attributes: { pad: 'x'.repeat(65_000) } });
    const error = await failureOf(send(server, [...many.slice(0, 100), large, ...many.slice(100)]));
    expect({ ...error, message: error.message }).toEqual({
      name: 'ExportError',
      failure: 'too-large',
      message: expect.stringMatching(/^jaeger: a datagram of 65\d{3} bytes would exceed maxPacketSize, 65000$/),
      items: [large],
    });
    expect(idsIn(server.datagrams)).toEqual(ids);
  });

  it('is all of it when nobody listens, until somebody does', async () => {
    const server = await agent();
    await server.close();
    const exporter = jaeger({ host: server.host, port: server.port });
    const error = await failureOf(exporter.exportSpans?.(many, call()) ?? Promise.resolve());
    expect({ ...error, message: error.message }).toEqual({
      name: 'ExportError',
      failure: 'unavailable',
      message: `jaeger: UDP 127.0.0.1:${server.port} failed: ECONNREFUSED`,
      items: many,
    });
    await server.listen();
    await exporter.exportSpans?.(many, call());
    await server.drained();
    expect(idsIn(server.datagrams)).toEqual(ids);
    await exporter.close?.(AbortSignal.timeout(1_000));
  });

  it('is a call that ends while it waits for its turn', async () => {
    const server = await agent();
    const exporter = jaeger({ host: server.host, port: server.port });
    const first = exporter.exportSpans?.(many, call());
    const late = call({ signal: AbortSignal.abort(new Error('the deadline has passed')) });
    const { failure, items } = await failureOf(exporter.exportSpans?.(many.slice(0, 10), late) ?? Promise.resolve());
    expect({ failure, items }).toEqual({ failure: 'unavailable', items: many.slice(0, 10) });
    await first;
    await server.drained();
    await exporter.close?.(AbortSignal.timeout(1_000));
    expect(idsIn(server.datagrams)).toEqual(ids);
  });

  it('is told apart when parts fail differently', async () => {
    const server = await agent();
    await server.close();
    const large = span({ attributes: { pad: 'x'.repeat(65_000) } });
    const { errors } = await failureOf(send(server, [large, ...many]));
    expect(errors?.map(({ failure, items }) => ({ failure, items }))).toEqual([
      { failure: 'too-large', items: [large] },
      { failure: 'unavailable', items: many },
    ]);
  });

  it('is sent again in smaller groups where the system takes less than maxPacketSize', async () => {
    const taken: Buffer[] = [];
    const likeMacOs = {
      async send(datagram: Uint8Array): Promise<void> {
        if (datagram.byteLength > 9_216) throw new ExportError('too-large', 'jaeger: UDP: too large');
        taken.push(Buffer.from(datagram));
      },
    };
    const writers = { spans: new CompactWriter(), datagrams: new CompactWriter() };
    const messages: string[] = [];
    const oc = telemetry({
      service: 'checkout',
      flushOn: [],
      onError: ({ message }) => messages.push(message),
      exporters: [
        {
          name: 'jaeger',
          exportSpans: (spans, each) => sendAll(pack(spans, CHECKOUT, 65_000, writers), likeMacOs, each),
        },
      ],
    });
    for (let at = 0; at < 200; at++) oc.tracer.startSpan(`s${at}`, { attributes: { pad: 'x'.repeat(1_000) } }).end();
    oc.tracer.startSpan('large', { attributes: { a: 'x'.repeat(8_000), b: 'x'.repeat(8_000) } }).end();
    const [health] = await oc.shutdown();
    expect(health?.spans).toMatchObject({ accepted: 201, delivered: 200, dropped: { 'too-large': 1 } });
    expect(idsIn(taken)).toHaveLength(200);
    expect(messages).toEqual([expect.stringContaining("span 'large'")]);
  });
});

it.each<[Parameters<typeof addressOf>[0], ReturnType<typeof addressOf>]>([
  [
    { host: 'agent', port: undefined, encoding: undefined },
    { host: 'agent', port: 6831, encoding: 'compact' },
  ],
  [
    { host: 'agent', port: undefined, encoding: 'binary' },
    { host: 'agent', port: 6832, encoding: 'binary' },
  ],
  [
    { host: undefined, port: 6832, encoding: undefined },
    { host: 'localhost', port: 6832, encoding: 'binary' },
  ],
  [
    { host: undefined, port: 6832, encoding: 'compact' },
    { host: 'localhost', port: 6832, encoding: 'compact' },
  ],
  [
    { host: '::1', port: 7000, encoding: undefined },
    { host: '::1', port: 7000, encoding: 'compact' },
  ],
])('of the options %j follows %j', (options, expected) => {
  expect(addressOf(options)).toEqual(expected);
});
