import { ExportError, grpcSender, redacted, secretsOf } from '@oc/core/exporter';
import { partialSuccessIn } from './answer.ts';
import type { Destination } from './destination.ts';
import { hinted, type Transport, tellPartial } from './transport.ts';

const METHOD = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
} as const;
const INVALID_ARGUMENT = 3;

/** Sends over gRPC, by the package `@grpc/grpc-js`, which is loaded at the first call. */
export function grpcTransport(destination: Destination): Transport {
  const { signal, url, gzip, tls } = destination;
  const metadata = { ...authorization(url), ...destination.headers };
  const sender = grpcSender({
    exporter: 'otlp',
    url,
    metadata,
    load,
    tls,
    gzip,
    failures: { [INVALID_ARGUMENT]: 'poisoned' }, // servers refuse a whole request for one item that they do not like
  });
  const path = METHOD[signal];
  const act = `otlp: ${url.origin}${path}`;
  const secrets = secretsOf(url, metadata);

  return {
    async send({ bytes, items, once }, call) {
      const answer = await sender.send({ path, message: bytes, once }, call).catch((error) => {
        throw hinted(error, destination);
      });
      tellPartial(
        act,
        () => partialSuccessIn(answer),
        items,
        call,
        (text) => redacted(text, secrets),
      );
    },

    close() {
      sender.close();
    },
  };
}

async function load(): Promise<unknown> {
  try {
    return await import('@grpc/grpc-js');
  } catch (cause) {
    const remedy = "protocol 'grpc' needs the package @grpc/grpc-js: npm install @grpc/grpc-js";
    throw new ExportError('misconfigured', `otlp: ${remedy}`, { cause });
  }
}

/** The credentials in a URL, as HTTP's Basic authorization. */
function authorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (!username && !password) return {};
  const credentials = Buffer.from([username, password].map(decodeURIComponent).join(':'));
  return { authorization: `Basic ${credentials.toString('base64')}` };
}
