import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExportError, Metric } from '@oc/core/exporter';
import { answering, HttpServer } from '@oc/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { datadog } from '../src/index.ts';
import { decode04, decode05, linesIn } from './decode.ts';
import { call, counted, gauge, latency, span, start } from './samples.ts';

async function backend(): Promise<HttpServer & { readonly url: string }> {
  const server = await HttpServer.open(() => []);
  server.behave = answering({ status: 202, body: '{"errors":[]}' });
  onTestFinished(() => server.tcp.close());
  return Object.assign(server, { url: `http://127.0.0.1:${server.tcp.port}` });
}

/** The error that a call fails with. */
async function failureOf(calling: Promise<void> | undefined): Promise<ExportError> {
  return await Promise.resolve(calling).then(
    () => {
      throw new Error('the call did not fail');
    },
    (error) => error,
  );
}

describe('spans to the Agent', () => {
  it('say what the Agent wants to know, and carry what the resource and the tags say', async () => {
    const server = await backend();
    const exporter = datadog({
      url: `${server.url}/proxy/`,
      tags: { team: 'red', 'deployment.environment': 'none' },
      keep: 'always',
    });
    const labels = {
      'service.name': 'checkout',
      'service.version': '1.2.3',
      'deployment.environment': 'test',
      zone: 'a',
    };
    await exporter.exportSpans?.([span()], call({ resource: { labels } }));
    const [{ method, path, headers, body } = server.arrivals[0] as never] = server.arrivals;
    expect({ method, path, headers }).toMatchObject({
      method: 'PUT',
      path: '/proxy/v0.4/traces',
      headers: {
        'content-type': 'application/msgpack',
        'content-length': `${body.length}`,
        'x-datadog-trace-count': '1',
        'datadog-meta-lang': 'nodejs',
        'datadog-meta-lang-version': process.version,
        'datadog-meta-lang-interpreter': 'v8',
        'datadog-meta-tracer-version': expect.stringMatching(/^\d+\.\d+\.\d+/),
      },
    });
    expect(headers).not.toHaveProperty('datadog-client-computed-top-level');
    const [[sent] = []] = decode04(body);
    expect([sent?.service, sent?.metrics]).toEqual(['checkout', { _sampling_priority_v1: 2 }]);
    expect(sent?.meta).toEqual({
      '_dd.p.tid': '7d1f4a52c0b94e63',
      'span.kind': 'internal',
      team: 'red',
      'deployment.environment': 'test',
      'service.version': '1.2.3',
      zone: 'a',
      env: 'test',
      version: '1.2.3',
    });
  });

  it('go in version 0.4 for good when the Agent does not know 0.5, and in 0.5 when it does', async () => {
    const server = await backend();
    server.next(answering({ status: 404 }));
    const exporter = datadog({ url: server.url, protocolVersion: '0.5' });
    const told: string[] = [];
    const hearing = call({ warn: (message) => told.push(message) });
    await exporter.exportSpans?.([span()], hearing);
    await exporter.exportSpans?.([span()], hearing);
    expect(server.arrivals.map(({ path }) => path)).toEqual(['/v0.5/traces', '/v0.4/traces', '/v0.4/traces']);
    expect(decode04(server.arrivals[1]?.body as Buffer)).toEqual(decode05(server.arrivals[0]?.body as Buffer));
    expect(told).toEqual([
      'datadog: the Agent does not know version 0.5 of its protocol; from now on it is sent version 0.4',
    ]);

    await datadog({ url: server.url, protocolVersion: '0.5' }).exportSpans?.([span()], call());
    expect(server.arrivals.at(-1)?.path).toBe('/v0.5/traces');
  });

  it.each([
    [400, 'poisoned'],
    [403, 'misconfigured'],
    [404, 'misconfigured'],
    [408, 'unavailable'],
    [413, 'too-large'],
    [415, 'misconfigured'],
    [429, 'unavailable'],
    [500, 'unavailable'],
  ])('that are answered %i are %s', async (status, failure) => {
    const server = await backend();
    server.behave = answering({ status, body: 'no' });
    const error = await failureOf(datadog({ url: server.url }).exportSpans?.([span()], call()));
    expect([error.failure, error.message]).toEqual([
      failure,
      `datadog: PUT ${server.url}/v0.4/traces answered ${status}: no`,
    ]);
  });

  it('of more than 4 MB are too large before they are sent, but for one alone', async () => {
    const server = await backend();
    const large = span({
      attributes: Object.fromEntries(Array.from({ length: 5 }, (_, i) => [i, 'x'.repeat(500_000)])),
    });
    const exporter = datadog({ url: server.url });
    const error = await failureOf(exporter.exportSpans?.([large, large], call()));
    expect([error.failure, server.arrivals.length]).toEqual(['too-large', 0]);
    const huge = span({ attributes: { ...large.attributes, x: 'x'.repeat(2_000_000) } });
    await exporter.exportSpans?.([huge], call());
    expect(server.arrivals.length).toBe(1);
  });

  it('whose trace the Agent would drop in silence are refused by name, and the others are sent', async () => {
    const server = await backend();
    const lost = span({ traceId: `7d1f4a52c0b94e63${'0'.repeat(16)}` });
    const error = await failureOf(datadog({ url: server.url }).exportSpans?.([span(), lost], call()));
    expect([error.failure, error.items]).toEqual(['rejected', [lost]]);
    expect(decode04(server.arrivals[0]?.body as Buffer).flat().length).toBe(1);
  });
});

describe('metrics to the API', () => {
  const options = (url: string) => ({ metrics: 'api', apiUrl: url, apiKey: 'secret-key' }) as const;

  it('are compressed, carry the key, and wait as long as the API says by its own header', async () => {
    const server = await backend();
    server.next(answering({ status: 429, headers: { 'x-ratelimit-reset': '7' } }));
    const exporter = datadog(options(server.url));
    const many = Array.from({ length: 20 }, (_, i) => counted(`m${i}`, 1));
    const error = await failureOf(exporter.exportMetrics?.(many, call()));
    expect([error.failure, error.retryAfterMs]).toEqual(['unavailable', 7_000]);
    const { headers } = server.arrivals[0] as (typeof server.arrivals)[number];
    expect([headers['dd-api-key'], headers['content-encoding']]).toEqual(['secret-key', 'gzip']);
  });

  it.each([
    ['reset', 'unconfirmed', undefined],
    [504, 'unconfirmed', undefined],
    [503, 'unavailable', 15],
    [403, 'misconfigured', 15],
    [400, 'poisoned', 15],
    [413, 'too-large', 15],
  ] as const)('that meet %s are %s: of 10 and 15, next time %s is sent', async (meeting, failure, next) => {
    const server = await backend();
    server.next(meeting === 'reset' ? { act: (arrival) => arrival.reset() } : answering({ status: meeting }));
    const exporter = datadog(options(server.url));
    const error = await failureOf(exporter.exportMetrics?.([counted('m', 10, 1)], call()));
    expect(error.failure).toBe(failure);
    expect(error.message).not.toContain('secret-key');
    await exporter.exportMetrics?.([counted('m', 15, 2)], call());
    const { series } = JSON.parse(`${server.arrivals[1]?.body}`) as { series: { points: { value: number }[] }[] };
    expect(series[0]?.points).toEqual([{ timestamp: Math.floor(start / 1e6) + 120, value: next ?? 5 }]);
  });

  it('that were taken with a complaint are told', async () => {
    const server = await backend();
    server.behave = answering({ status: 202, body: '{"errors":["metric m\\nis odd"]}' });
    const told: string[] = [];
    const exporter = datadog(options(server.url));
    await exporter.exportMetrics?.([counted('m', 1)], call({ warn: (message) => told.push(message) }));
    expect(told).toEqual(['datadog: the API took the metrics and said: metric m is odd']);
  });

  it('of which two rows would be one and the same are added up: the API keeps only the last', async () => {
    const server = await backend();
    const two = counted('m', 3, 1, {
      timeSeries: ['a|b', 'a,b'].map((method) => ({ labelValues: [method], start, time: start + 60e6, value: 3 })),
    });
    await datadog(options(server.url)).exportMetrics?.([two], call());
    const { series } = JSON.parse(`${server.arrivals[0]?.body}`) as { series: { points: { value: number }[] }[] };
    expect(series.map(({ points }) => points[0]?.value)).toEqual([6]);
  });

  it('are not sent when nothing has changed', async () => {
    const server = await backend();
    const exporter = datadog(options(server.url));
    for (const minutes of [1, 2]) await exporter.exportMetrics?.([counted('m', 3, minutes)], call());
    expect(server.arrivals.length).toBe(1);
  });
});

describe('metrics to DogStatsD', () => {
  async function listening(): Promise<{ socket: Socket; url: string; datagrams: string[] }> {
    const socket = createSocket('udp4');
    const datagrams: string[] = [];
    socket.on('message', (datagram) => datagrams.push(`${datagram}`));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    return { socket, url: `udp://127.0.0.1:${(socket.address() as AddressInfo).port}`, datagrams };
  }

  const many = (minutes: number): Metric[] =>
    Array.from({ length: 60 }, (_, i) => counted(`m${i}`, 10 * minutes, minutes));

  it('come in datagrams of at most 1,432 bytes, with the lines of a row together', async () => {
    const { socket, url, datagrams } = await listening();
    const exporter = datadog({ dogstatsdUrl: url });
    await exporter.exportMetrics?.([...many(1), latency([1, 2, 4], 100), counted('last', 1)], call());
    while (!datagrams.join().includes('last')) await once(socket, 'message');
    expect(Math.max(...datagrams.map((datagram) => Buffer.byteLength(datagram)))).toBeLessThanOrEqual(1_432);
    expect(datagrams.length).toBeGreaterThan(1);
    expect(datagrams.flatMap((datagram) => linesIn(datagram)).length).toBe(60 + 5 + 1);
    const holding = datagrams.filter((datagram) => datagram.includes('shop_latency'));
    expect(holding.length).toBe(1);
  });

  it('that nobody takes are sent later, those that were taken are not', async () => {
    const { socket, url, datagrams } = await listening();
    const exporter = datadog({ dogstatsdUrl: url });
    await exporter.exportMetrics?.(many(1), call());
    const closed = createSocket('udp4').bind(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address();
    closed.close();
    const elsewhere = datadog({ dogstatsdUrl: `udp://127.0.0.1:${port}` });
    const rows = many(1);
    const error = await failureOf(elsewhere.exportMetrics?.(rows, call()));
    expect(error.failure).toBe('unavailable');
    expect(error.items).toEqual(rows.flatMap(({ timeSeries }) => [...timeSeries]));

    await exporter.exportMetrics?.([...many(2), gauge('last', 1)], call());
    while (!datagrams.join().includes('last')) await once(socket, 'message');
    const sums = new Map<string, number>();
    for (const { name, value } of datagrams.flatMap((datagram) => linesIn(datagram))) {
      sums.set(name, (sums.get(name) ?? 0) + value);
    }
    expect([...sums.values()]).toEqual([...Array<number>(60).fill(20), 1]);
  });

  interface UnixSocket extends NodeJS.EventEmitter {
    bind(path: string): void;
    close(): void;
  }
  const { createSocket: createUnixSocket } = createRequire(import.meta.url)('unix-dgram') as {
    createSocket(type: 'unix_dgram', listener: (datagram: Buffer) => void): UnixSocket;
  };

  it('over a Unix socket wait for a receiver that is not there, and then come whole', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dogstatsd-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'dsd.socket');
    const exporter = datadog({ dogstatsdUrl: `unix://${path}` });
    const error = await failureOf(exporter.exportMetrics?.([counted('m', 10, 1)], call()));
    expect([error.failure, error.message]).toEqual([
      'unavailable',
      expect.stringMatching(`^datadog: unix://${path} did not take a datagram of \\d+ bytes: ENOENT$`),
    ]);

    const datagrams: string[] = [];
    const receiver = createUnixSocket('unix_dgram', (datagram) => {
      datagrams.push(`${datagram}`);
      receiver.emit('heard');
    });
    receiver.bind(path);
    onTestFinished(() => receiver.close());
    // More than its queue has room for.
    const metrics = Array.from({ length: 8_000 }, (_, i) => counted(`a-name-of-some-length-${i}`, 15, 2));
    await exporter.exportMetrics?.([...metrics, counted('m', 15, 2)], call());
    while (!datagrams.at(-1)?.includes('\nm:15')) await once(receiver, 'heard');
    expect(datagrams.flatMap((datagram) => linesIn(datagram)).length).toBe(8_001);
    expect(Math.max(...datagrams.map(({ length }) => length))).toBeGreaterThan(8_000);
  });
});
