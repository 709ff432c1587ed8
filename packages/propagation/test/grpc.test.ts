import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { SpanContext } from '@oc/core';
import { expect, it, onTestFinished } from 'vitest';
import { grpc, grpcTags, propagator, type ReceivedTags } from '../src/index.ts';
import { REMOTE } from './contexts.ts';

const propagation = propagator({ formats: [grpc()], tagFormats: [grpcTags()] });
const bytes = (value: Buffer): Buffer => value;
const METHOD = {
  path: '/shop.Cart/Get',
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
} as const;

it('a call of gRPC carries a context and tags, as bytes in its metadata', async () => {
  const arrivals: { context: SpanContext | undefined; tags: ReceivedTags }[] = [];
  const server = new Server();
  server.addService(
    { get: METHOD },
    {
      get({ metadata }: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
        arrivals.push({ context: propagation.extract(metadata), tags: propagation.extractTags(metadata) });
        answer(null, Buffer.alloc(0));
      },
    },
  );
  onTestFinished(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => client.close());

  const tags = { method: 'Get', long: 'v'.repeat(200) };
  const metadata = propagation.injectTags(propagation.inject(new Metadata(), REMOTE), tags);
  await new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(METHOD.path, bytes, bytes, Buffer.alloc(0), metadata, (error) =>
      error ? reject(error) : resolve(),
    );
  });

  expect(arrivals).toEqual([{ context: REMOTE, tags }]);
});
