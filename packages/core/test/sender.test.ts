import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { type ExportCall, type HttpSender, type HttpSenderOptions, httpSender, httpUrl } from '@oc/core/exporter';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { certificates, testAuthority } from '../../testkit/src/certificates.ts';

const call: ExportCall = { resource: { labels: {} }, signal: AbortSignal.timeout(30_000), warn: () => {} };

function senderTo(origin: string, options: Partial<HttpSenderOptions> = {}): HttpSender {
  const load = async (): Promise<unknown> => (await import('node-fetch')).default;
  const sender = httpSender({ exporter: 'acme', url: new URL('/in', origin), load, ...options });
  onTestFinished(() => sender.close());
  return sender;
}

async function listening(server: Server, where: { readonly path?: string } = {}): Promise<string> {
  await new Promise<void>((resolve) =>
    server.listen({ ...(where.path ? where : { port: 0, host: '127.0.0.1' }) }, resolve),
  );
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return where.path ?? `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Answers with what it was sent: method, encoding, host, and the body as it came out. */
const echo: RequestListener = async (request, response) => {
  const body = await bodyOf(request);
  const encoding = request.headers['content-encoding'];
  const text = `${encoding === 'gzip' ? gunzipSync(body) : body}`;
  response.end(JSON.stringify({ method: request.method, encoding, size: body.length, text }));
};

describe('a request', () => {
  it('has the method that it is given, and messages name it', async () => {
    const origin = `http://${await listening(createServer(echo))}`;
    const answer = await senderTo(origin).send({ method: 'PUT', body: 'x' }, call);
    expect(JSON.parse(answer.text)).toEqual({ method: 'PUT', size: 1, text: 'x' });
    expect(answer.body).toEqual(Buffer.from(answer.text));

    const refusing = `http://${await listening(createServer((_, response) => response.writeHead(403).end()))}`;
    await expect(senderTo(refusing).send({ method: 'DELETE', body: '' }, call)).rejects.toMatchObject({
      message: `acme: DELETE ${refusing}/in answered 403`,
    });
  });

  it('is compressed above 1 KiB when asked for, and says so', async () => {
    const origin = `http://${await listening(createServer(echo))}`;
    const sender = senderTo(origin, { gzip: true });
    const large = 'telemetry '.repeat(1_000);
    expect(JSON.parse((await sender.send({ body: Buffer.from(large) }, call)).text)).toEqual({
      method: 'POST',
      encoding: 'gzip',
      size: expect.toSatisfy((size: number) => size < 200, 'compressed'),
      text: large,
    });
    expect(JSON.parse((await sender.send({ body: 'short' }, call)).text)).toEqual({
      method: 'POST',
      size: 5,
      text: 'short',
    });
  });

  it('goes to a Unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oc-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const socketPath = await listening(createServer(echo), { path: join(folder, 'apm.socket') });
    const answer = await senderTo('http://localhost', { socketPath }).send({ body: 'x' }, call);
    expect(JSON.parse(answer.text)).toMatchObject({ text: 'x' });

    await expect(
      senderTo('http://localhost', { socketPath: `${socketPath}.gone` }).send({ body: 'x' }, call),
    ).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringMatching(/^acme: POST http:\/\/localhost\/in failed: connect ENOENT /),
    });
  });
});

describe('a refusal', () => {
  it('is read by the exporter, whose word goes before the status and the headers', async () => {
    const server = createServer((_, response) =>
      response.writeHead(400, { 'retry-after': '7' }).end(Buffer.from([8, 14])),
    );
    const origin = `http://${await listening(server)}`;
    const seen: unknown[] = [];
    const sender = senderTo(origin, {
      refusal: (body, status) => {
        seen.push([...body], status);
        return { failure: 'unavailable', message: 'come\nback', retryAfterMs: 2_500 };
      },
    });
    await expect(sender.send({ body: 'x' }, call)).rejects.toMatchObject({
      failure: 'unavailable',
      retryAfterMs: 2_500,
      message: `acme: POST ${origin}/in answered 400: come back`,
    });
    expect(seen).toEqual([[8, 14], 400]);
  });

  it('is told as it came where the exporter has nothing to say', async () => {
    const server = createServer((_, response) => response.writeHead(503, { 'retry-after': '7' }).end('busy'));
    const origin = `http://${await listening(server)}`;
    await expect(senderTo(origin, { refusal: () => undefined }).send({ body: 'x' }, call)).rejects.toMatchObject({
      failure: 'unavailable',
      retryAfterMs: 7_000,
      message: `acme: POST ${origin}/in answered 503: busy`,
    });
  });
});

describe('TLS files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oc-'));
    return () => rm(folder, { recursive: true });
  });
  const files = (name: string): { ca: string; cert: string; key: string } => ({
    ca: join(folder, `${name}.ca`),
    cert: join(folder, `${name}.cert`),
    key: join(folder, `${name}.key`),
  });

  /** Answers with the name in the client's certificate. */
  async function clientNames(): Promise<string> {
    const server = createTlsServer(
      { ...certificates.good, ca: testAuthority, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const socket = request.socket as TLSSocket;
        response.end(socket.authorized ? `${socket.getPeerCertificate().subject.CN}` : 'a stranger');
      },
    );
    return `https://${await listening(server)}`;
  }

  it('prove who both are, and are read again when they change', async () => {
    const origin = await clientNames();
    const tls = files('renewed');
    await writeFile(tls.ca, testAuthority);
    await writeFile(tls.cert, certificates.selfSigned.cert);
    await writeFile(tls.key, certificates.selfSigned.key);
    const sender = senderTo(origin, { tls });
    const asked = async (): Promise<string> => (await sender.send({ body: '' }, call)).text;
    expect(await asked()).toBe('a stranger');
    await writeFile(tls.cert, certificates.client.cert);
    expect(await asked()).toBe('a stranger'); // the key does not fit yet: what was there before serves on
    await writeFile(tls.key, certificates.client.key);
    expect(await asked()).toMatch(/client/);
    await rm(tls.key);
    expect(await asked()).toMatch(/client/);
  });

  it('that cannot be read make the exporter misconfigured, until they can', async () => {
    const origin = await clientNames();
    const tls = { ca: files('late').ca };
    const sender = senderTo(origin, { tls });
    await expect(sender.send({ body: '' }, call)).rejects.toMatchObject({
      failure: 'misconfigured',
      message: expect.stringMatching(/^acme: POST https:\S+ failed: ENOENT: .*late\.ca'?$/),
    });
    await writeFile(tls.ca, testAuthority);
    expect((await sender.send({ body: '' }, call)).text).toBe('a stranger');
  });

  it('keep a server out that they do not vouch for', async () => {
    const origin = await clientNames();
    const tls = { ca: files('other').ca };
    await writeFile(tls.ca, certificates.selfSigned.cert);
    await expect(senderTo(origin, { tls }).send({ body: '' }, call)).rejects.toMatchObject({
      failure: 'misconfigured',
    });
  });
});

it.each([
  [{ fetch: globalThis.fetch, agent: {} }, "acme: 'agent' has no effect beside 'fetch'; give one of them"],
  [{ fetch: globalThis.fetch, tls: {} }, "acme: 'tls' has no effect beside 'fetch'; give one of them"],
  [{ agent: {}, socketPath: '/s' }, "acme: 'socketPath' has no effect beside 'agent'; give one of them"],
])('options that undo each other are refused: %o', (options, message) => {
  expect(() => senderTo('http://localhost', options as Partial<HttpSenderOptions>)).toThrow(message);
});

describe('a proxy that makes no tunnel', () => {
  it.for([
    ['says nothing', ''],
    ['says nothing after its yes', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['refuses and stays connected', 'HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n'],
  ])('and %s: no socket to it outlasts its request', async ([, answer = ''], test) => {
    const sockets = new Set<Socket>();
    let asked = 0;
    const proxy = createTcpServer((socket) => {
      sockets.add(socket.once('close', () => sockets.delete(socket)).on('error', () => {}));
      socket.once('data', () => {
        asked++;
        socket.write(answer);
      });
    });
    vi.stubEnv('HTTPS_PROXY', `http://${await listening(proxy)}`);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      for (const socket of sockets) socket.destroy();
    });
    const sent = senderTo('https://127.0.0.1:9').send({ body: 'x' }, { ...call, signal: AbortSignal.timeout(500) });
    await expect(sent).rejects.toMatchObject({ failure: 'unavailable' });
    test.skip(asked === 0, 'the agents of this version of Node know no proxies');
    await expect.poll(() => sockets.size).toBe(0);
  });
});

it("an address without a path gets the backend's", () => {
  const { check, parse, fallback } = httpUrl('http://localhost:9411/api/v2/spans', { path: '/api/v2/spans' });
  expect([check('http://zipkin:9411?a=b'), parse('http://zipkin/own'), fallback].map(String)).toEqual([
    'http://zipkin:9411/api/v2/spans?a=b',
    'http://zipkin/own',
    'http://localhost:9411/api/v2/spans',
  ]);
});
