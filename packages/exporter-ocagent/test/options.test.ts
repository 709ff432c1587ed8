import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { certificates, testAuthority } from '@oc/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { ocagent } from '../src/index.ts';
import { decoded } from './definitions.ts';
import { call, span } from './samples.ts';

it.each([
  [{ url: 'localhost:55678' }, "ocagent: 'url' must be an absolute URL that begins with 'http://' or 'https://'"],
  [{ protocol: 'thrift' }, "ocagent: 'protocol' must be one of 'grpc', 'http'"],
  [{ agent: {} }, "ocagent: 'agent' has no effect beside protocol 'grpc'"],
  [{ fetch: globalThis.fetch }, "ocagent: 'fetch' has no effect beside protocol 'grpc'"],
  [{ protocol: 'http', agent: {}, ca: 'ca.pem' }, "ocagent: 'tls' has no effect beside 'agent'; give one of them"],
  [{ port: 1 }, "ocagent: there is no option 'port'"],
])('wrong options are refused: %o', (options, message) => {
  expect(() => ocagent(options as object)).toThrow(message);
});

it('what is too large for an agent is not sent', async () => {
  const spans = Array.from({ length: 10 }, () => span({ attributes: { text: 'x'.repeat(500_000) } }));
  await expect(ocagent().exportSpans?.(spans, call())).rejects.toMatchObject({
    failure: 'too-large',
    message: expect.stringMatching(/^ocagent: a message of 500\d{4} bytes is above the usual 4194304$/),
  });
});

it('a metric of a kind that the protocol lacks is left out with a warning', async () => {
  const warnings: string[] = [];
  const metric = { name: 'm', type: 'summary', labelKeys: [], timeSeries: [] };
  await ocagent().exportMetrics?.([metric as never], call({ warn: (message) => warnings.push(message) }));
  expect(warnings).toEqual(['ocagent: no metric is a summary']);
});

it('over TLS both prove who they are, and a renewed certificate needs no restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'oc-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const paths = { ca: join(folder, 'ca'), cert: join(folder, 'cert'), key: join(folder, 'key') };
  await writeFile(paths.ca, testAuthority);
  await writeFile(paths.cert, certificates.selfSigned.cert);
  await writeFile(paths.key, certificates.selfSigned.key);
  const { port, received } = await agentThatAsksForCertificates();
  const exporter = ocagent({
    url: `https://127.0.0.1:${port}`,
    ca: paths.ca,
    clientCertificate: paths.cert,
    clientKey: paths.key,
  });
  onTestFinished(() => exporter.close?.(AbortSignal.timeout(1_000)));

  await expect(exporter.exportSpans?.([span()], call())).rejects.toMatchObject({ failure: 'unavailable' });
  await writeFile(paths.cert, certificates.client.cert);
  await writeFile(paths.key, certificates.client.key);
  await exporter.exportSpans?.([span({ name: 'after' })], call());
  expect(received.map((message) => decoded('ExportTraceServiceRequest', message).spans)).toMatchObject([
    [{ name: { value: 'after' } }],
  ]);
});

/** A server of the library's own, which closes a stream when it has read to its end. */
async function agentThatAsksForCertificates(): Promise<{ readonly port: number; readonly received: Buffer[] }> {
  const received: Buffer[] = [];
  const asIs = (bytes: Buffer): Buffer => bytes;
  const server = new Server();
  server.addService(
    {
      export: {
        path: '/opencensus.proto.agent.trace.v1.TraceService/Export',
        requestStream: true,
        responseStream: true,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    {
      export(stream: ServerDuplexStream<Buffer, Buffer>) {
        stream.on('data', (message: Buffer) => received.push(message)).on('end', () => stream.end());
      },
    },
  );
  const { cert, key } = certificates.good;
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
  const security = ServerCredentials.createSsl(Buffer.from(testAuthority), [pair], true);
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', security);
  onTestFinished(() => server.forceShutdown());
  return { port: port ?? 0, received };
}
