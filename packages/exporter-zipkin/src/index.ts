import {
  type Agent,
  ExportError,
  type Exporter,
  type Fetch,
  given,
  httpHeaders,
  httpSender,
  httpUrl,
  milliseconds,
  oneOf,
  readOptions,
} from '@oc/core/exporter';
import type { Writer } from 'protobufjs/minimal.js';
import { encodeJson } from './json.ts';
import { encodeProtobuf } from './protobuf.ts';

/** Options of `zipkin`. */
export interface ZipkinOptions {
  /**
   * Where to send, http or https. A URL without a path gets `/api/v2/spans`; credentials in it become Basic
   * authorization. Default: OTEL_EXPORTER_ZIPKIN_ENDPOINT, else `http://localhost:9411/api/v2/spans`.
   */
  readonly url?: string | URL | undefined;
  /** More headers for every request, such as the key of a vendor that takes Zipkin's format. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * 'json', or 'protobuf', which takes about 60 % of the bytes and needs the package `protobufjs` to be installed.
   * Default 'json'.
   */
  readonly encoding?: 'json' | 'protobuf' | undefined;
  /** The fetch to use in place of node-fetch: `globalThis.fetch`. It may hold the process for up to `attemptMs`. */
  readonly fetch?: Fetch | undefined;
  /** An agent of `node:http` or `node:https`, for proxies and client certificates. Not beside `fetch`. */
  readonly agent?: Agent | undefined;
}

const SPEC = {
  url: httpUrl('http://localhost:9411/api/v2/spans', { env: 'OTEL_EXPORTER_ZIPKIN_ENDPOINT', path: '/api/v2/spans' }),
  headers: httpHeaders(),
  encoding: oneOf(['json', 'protobuf'], 'json'),
  fetch: given<Fetch>('function'),
  agent: given<Agent>('object'),
  attemptMs: milliseconds(10_000, { env: 'OTEL_EXPORTER_ZIPKIN_TIMEOUT', envOnly: true }),
};

const CONTENT_TYPE = { json: 'application/json', protobuf: 'application/x-protobuf' } as const;

/** What Zipkin's own reporters send at most in one message, in bytes: receivers are set up for it. */
const MESSAGE_BYTES = 500_000;

/**
 * Sends spans to Zipkin, or to anything that takes its format: Jaeger, the OpenTelemetry Collector, Tempo, vendors.
 * OTEL_EXPORTER_ZIPKIN_TIMEOUT, in milliseconds, sets its delivery's `attemptMs`.
 *
 * @throws ConfigError for wrong options.
 */
export function zipkin(options?: ZipkinOptions): Exporter {
  const { options: chosen, warnings } = readOptions('zipkin', options, SPEC);
  const { url, headers, encoding, fetch, agent, attemptMs } = chosen;
  const sender = httpSender({
    exporter: 'zipkin',
    url,
    headers,
    load: async () => (await import('node-fetch')).default,
    fetch,
    agent,
    failures: { 400: 'poisoned' }, // one span that Zipkin cannot read makes it refuse them all
  });

  return {
    name: 'zipkin',
    limits: { spans: 1_000 },
    delivery: { attemptMs },
    warnings,

    async exportSpans(spans, call) {
      const service = call.resource.labels['service.name'] ?? '';
      const body = encoding === 'json' ? encodeJson(spans, service) : encodeProtobuf(spans, service, await newWriter());
      if (body.byteLength > MESSAGE_BYTES && spans.length > 1) {
        const size = `${spans.length} spans make a message of ${body.byteLength} bytes`;
        throw new ExportError('too-large', `zipkin: ${size}, above the customary ${MESSAGE_BYTES}`);
      }
      await sender.send({ body, headers: { 'content-type': CONTENT_TYPE[encoding] } }, call);
    },

    async close() {
      sender.close();
    },
  };
}

async function newWriter(): Promise<Writer> {
  try {
    return (await import('protobufjs/minimal.js')).default.Writer.create();
  } catch (cause) {
    const remedy = "encoding 'protobuf' needs the package protobufjs: npm install protobufjs";
    throw new ExportError('misconfigured', `zipkin: ${remedy}`, { cause });
  }
}
