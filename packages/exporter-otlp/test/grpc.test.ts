import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { ExportError } from '@oc/core/exporter';
import { certificates, testAuthority } from '@oc/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type OtlpOptions, otlp } from '../src/index.ts';
import { decoded, encoded } from './oracle.ts';
import { call, span } from './samples.ts';

type Answer = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => void;

const asIs = (bytes: Buffer): Buffer => bytes;
const PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const EXPORT = {
  path: PATH,
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
} as const;

interface Seen {
  readonly metadata: Metadata;
  readonly body: Buffer;
}

/** A server of gRPC by its own makers; gives what it was sent and where it listens: '127.0.0.1:41234'. */
async function server(
  answer: Answer = (_, callback) => callback(null, Buffer.from(encoded('tracesAnswer', {}))),
  credentials = ServerCredentials.createInsecure(),
): Promise<{ readonly host: string; readonly seen: readonly Seen[] }> {
  const seen: Seen[] = [];
  const running = new Server();
  const handle: Answer = (request, callback) => {
    seen.push({ metadata: request.metadata, body: request.request });
    answer(request, callback);
  };
  running.addService({ Export: EXPORT }, { Export: handle });
  const port = await new Promise<number>((resolve, reject) => {
    running.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  onTestFinished(() => running.forceShutdown());
  return { host: `127.0.0.1:${port}`, seen };
}

async function send(options: OtlpOptions, count = 1): Promise<void> {
  const exporter = otlp({ protocol: 'grpc', ...options });
  try {
    await exporter.exportSpans?.(Array(count).fill(span()), call());
  } finally {
    await exporter.close?.(AbortSignal.timeout(1_000));
  }
}

describe('a call', () => {
  it('carries the headers as metadata, and the credentials of the URL as Basic authorization', async () => {
    const { host, seen } = await server();
    await send({ url: `http://shop:pass%20word@${host}`, headers: { 'x-key': 'k' }, compression: 'gzip' });
    const [{ metadata, body } = { metadata: undefined, body: Buffer.alloc(0) }] = seen;
    expect(['x-key', 'authorization', 'grpc-encoding'].map((name) => metadata?.get(name))).toEqual([
      ['k'],
      [`Basic ${btoa('shop:pass word')}`],
      [],
    ]);
    expect(decoded('traces', body).resourceSpans).toHaveLength(1);
  });

  it('of which a part was taken counts the rest as rejected', async () => {
    const partial = { partialSuccess: { rejectedSpans: 2, errorMessage: 'too old' } };
    const { host } = await server((_, callback) => callback(null, Buffer.from(encoded('tracesAnswer', partial))));
    await expect(send({ url: `http://${host}` }, 3)).rejects.toMatchObject({
      failure: 'rejected',
      count: 2,
      message: `otlp: http://${host}${PATH} refused 2 of 3: too old`,
    });
  });

  it('of more than 4 MiB is refused before it is sent, even of one item', async () => {
    const { host, seen } = await server();
    const large = span({ attributes: { text: 'x'.repeat(5_000_000) } });
    const sent = otlp({ protocol: 'grpc', url: `http://${host}` }).exportSpans?.([large], call());
    await expect(sent).rejects.toMatchObject({ failure: 'too-large' });
    expect(seen).toEqual([]);
  });

  it('that is invalid is searched for the bad item', async () => {
    const { host } = await server((_, callback) => callback({ code: 3, details: 'bad id' }));
    await expect(send({ url: `http://${host}` })).rejects.toMatchObject({
      failure: 'poisoned',
      message: expect.stringContaining('INVALID_ARGUMENT: bad id'),
    });
  });
});

describe('files of certificates', () => {
  function files(): { readonly ca: string; readonly clientCertificate: string; readonly clientKey: string } {
    const folder = mkdtempSync(join(tmpdir(), 'otlp-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    return {
      ca: write('ca.pem', certificates.selfSigned.cert),
      clientCertificate: write('client.pem', certificates.client.cert),
      clientKey: write('client.key', certificates.client.key),
    };
  }

  const { cert, key } = certificates.good;

  /** Sends before and after the right authority was written into the file. */
  async function renewed(options: OtlpOptions & { readonly ca: string }): Promise<readonly unknown[]> {
    const exporter = otlp(options);
    const outcome = (): Promise<unknown> | undefined =>
      exporter.exportSpans?.([span()], call()).then(
        () => 'accepted',
        ({ failure }: ExportError) => failure,
      );
    const before = await outcome();
    writeFileSync(options.ca, testAuthority);
    const after = await outcome();
    await exporter.close?.(AbortSignal.timeout(1_000));
    return [before, after];
  }

  it('are read again when they were renewed, over gRPC', async () => {
    const pairs = [{ cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }];
    const { host } = await server(undefined, ServerCredentials.createSsl(Buffer.from(testAuthority), pairs, true));
    expect(await renewed({ protocol: 'grpc', url: `https://${host}`, ...files() })).toEqual([
      'misconfigured',
      'accepted',
    ]);
  });

  it('are read again when they were renewed, over HTTP', async () => {
    const tls = { cert, key, ca: testAuthority, requestCert: true, rejectUnauthorized: true };
    const https = createTlsServer(tls, (request, response) => {
      request.resume().on('end', () => response.end());
    });
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    onTestFinished(() => void https.close());
    const { port } = https.address() as AddressInfo;
    expect(await renewed({ url: `https://127.0.0.1:${port}`, ...files() })).toEqual(['misconfigured', 'accepted']);
  });
});
