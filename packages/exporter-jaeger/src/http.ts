import { type Agent, type ExportCall, ExportError, type Fetch, httpSender, type SpanData } from '@oc/core/exporter';
import { BinaryWriter } from './binary.ts';
import { encodeBatch } from './encode.ts';
import type { Process } from './process.ts';

/** A way to Jaeger. */
export interface Transport {
  send(spans: readonly SpanData[], process: Process, call: ExportCall): Promise<void>;
  close(): void;
}

/** How spans go to a collector. */
export interface HttpOptions {
  readonly url: URL;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: Fetch | undefined;
  readonly agent: Agent | undefined;
}

/** Collectors name no limit; what is between them and us often takes no more than this. */
const MESSAGE_BYTES = 1_000_000;

/** Sends spans to a collector, each call in one request. */
export function overHttp({ url, user, password, headers, fetch, agent }: HttpOptions): Transport {
  const sender = httpSender({
    exporter: 'jaeger',
    url: withCredentials(url, user, password),
    headers,
    load: async () => (await import('node-fetch')).default,
    fetch,
    agent,
    failures: { 400: 'poisoned' }, // of a message that it cannot read a collector takes nothing
  });
  const writer = new BinaryWriter();
  return {
    async send(spans, process, call) {
      const body = encodeBatch(writer, process, spans);
      if (body.byteLength > MESSAGE_BYTES && spans.length > 1) {
        const size = `${spans.length} spans make a message of ${body.byteLength} bytes`;
        throw new ExportError('too-large', `jaeger: ${size}, above ${MESSAGE_BYTES}`);
      }
      await sender.send({ body, headers: { 'content-type': 'application/x-thrift' } }, call);
    },
    close: () => sender.close(),
  };
}

/** In the URL they are known as secrets, which no message may show. */
function withCredentials(url: URL, user: string | undefined, password: string | undefined): URL {
  const own = new URL(url);
  if (user !== undefined) own.username = encodeURIComponent(user.toWellFormed());
  if (password !== undefined) own.password = encodeURIComponent(password.toWellFormed());
  return own;
}
