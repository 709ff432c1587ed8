import {
  type Agent,
  ConfigError,
  type ExportCall,
  ExportError,
  type Exporter,
  type ExportFailure,
  type Fetch,
  given,
  grpcSender,
  type HttpSender,
  httpHeaders,
  httpSender,
  httpUrl,
  oneOf,
  readOptions,
  text,
} from '@oc/core/exporter';
import { jsonOf, type Message, protobufOf } from './message.ts';
import { isKnown, metricMessage } from './metrics.ts';
import { nodeMessage, resourceMessage } from './node.ts';
import { METRICS_REQUEST, type Schema, TRACE_REQUEST } from './schema.ts';
import { spanMessage } from './spans.ts';

/** Options of `ocagent`. */
export interface OcAgentOptions {
  /**
   * 'grpc', or 'http': JSON on the same port, where an agent has its gateway, with an answer for each request.
   * Default 'grpc'.
   */
  readonly protocol?: 'grpc' | 'http' | undefined;
  /** The agent: with `http:` in plain text, with `https:` over TLS. Default `http://localhost:55678`. */
  readonly url?: string | URL | undefined;
  /** More metadata of each stream, or headers of each request, such as a key. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Path of the PEM file with the certificates to trust. Read again when it changes. Default: Node's own list. */
  readonly ca?: string | undefined;
  /** Path of the PEM file with the client's certificate. Read again when it changes. Default: none. */
  readonly clientCertificate?: string | undefined;
  /** Path of the PEM file with the client's key. Read again when it changes. Default: none. */
  readonly clientKey?: string | undefined;
  /** Of 'http': the fetch to use in place of node-fetch. It may hold the process for up to `attemptMs`. */
  readonly fetch?: Fetch | undefined;
  /** Of 'http': an agent of `node:http` or `node:https`, for proxies. Not beside `fetch`. */
  readonly agent?: Agent | undefined;
}

const SPEC = {
  protocol: oneOf(['grpc', 'http'], 'grpc'),
  url: httpUrl('http://localhost:55678'),
  headers: httpHeaders(),
  ca: text(undefined),
  clientCertificate: text(undefined),
  clientKey: text(undefined),
  fetch: given<Fetch>('function'),
  agent: given<Agent>('object'),
};

/** What an agent takes of one message unless it is told otherwise, in bytes. */
const MESSAGE_BYTES = 4 * 1024 * 1024;

const SERVICE = 'opencensus.proto.agent';

/** One kind of request: its two addresses and its form. */
const REQUESTS = {
  spans: { grpc: `/${SERVICE}.trace.v1.TraceService/Export`, http: 'v1/trace', schema: TRACE_REQUEST },
  metrics: { grpc: `/${SERVICE}.metrics.v1.MetricsService/Export`, http: 'v1/metrics', schema: METRICS_REQUEST },
} as const;

// An agent wraps a refusal of what stands behind it in UNKNOWN.
const FAILURES: Readonly<Record<number, ExportFailure>> = {
  2: 'unavailable', // UNKNOWN
  8: 'unavailable', // RESOURCE_EXHAUSTED
  13: 'unavailable', // INTERNAL
};

type Send = (signal: keyof typeof REQUESTS, request: Message, call: ExportCall) => Promise<void>;

/**
 * Sends spans and metrics to an OpenCensus agent, or to an OpenTelemetry Collector up to 0.133 with its `opencensus`
 * receiver. New set-ups are better off with OTLP.
 *
 * @throws ConfigError for wrong options.
 */
export function ocagent(options?: OcAgentOptions): Exporter {
  const { options: chosen, warnings } = readOptions('ocagent', options, SPEC);
  const { protocol, url, headers, ca, clientCertificate: cert, clientKey: key, fetch, agent } = chosen;
  const tls = [ca, cert, key].some((path) => path !== undefined) ? { ca, cert, key } : undefined;
  if (protocol === 'grpc' && (fetch || agent)) {
    throw new ConfigError(`ocagent: '${fetch ? 'fetch' : 'agent'}' has no effect beside protocol 'grpc'`);
  }
  const { send, close } = protocol === 'grpc' ? overGrpc() : overHttp();

  function overGrpc(): { readonly send: Send; close(): void } {
    const sender = grpcSender({
      exporter: 'ocagent',
      url,
      metadata: headers,
      load: () => import('@grpc/grpc-js'),
      tls,
      failures: FAILURES,
    });
    return {
      async send(signal, request, call) {
        const { grpc: path, schema } = REQUESTS[signal];
        const { Writer } = (await import('protobufjs/minimal.js')).default;
        const message = fitting(protobufOf(request, schema, Writer.create()));
        await sender.send({ path, message }, call).catch((error: ExportError) => {
          // Agents of the first generation say so when a stream has ended as it should.
          if (!/ ended with UNKNOWN: EOF$/.test(error.message)) throw error;
        });
      },
      close: sender.close,
    };
  }

  function overHttp(): { readonly send: Send; close(): void } {
    const senderTo = (path: string): HttpSender =>
      httpSender({
        exporter: 'ocagent',
        url: new URL(`${url.pathname.replace(/\/$/, '')}/${path}`, url),
        headers,
        load: async () => (await import('node-fetch')).default,
        fetch,
        agent,
        tls,
        // One item that its gateway cannot read makes it refuse them all; 501 is what a plain gRPC port says.
        failures: { 400: 'poisoned', 501: 'misconfigured' },
      });
    const senders = { spans: senderTo(REQUESTS.spans.http), metrics: senderTo(REQUESTS.metrics.http) };
    return {
      async send(signal, request, call) {
        const body = fitting(Buffer.from(jsonOf(request, REQUESTS[signal].schema as Schema)));
        await senders[signal].send({ body, headers: { 'content-type': 'application/json' } }, call);
      },
      close() {
        for (const sender of Object.values(senders)) sender.close();
      },
    };
  }

  return {
    name: 'ocagent',
    limits: { spans: 512, timeSeries: 2_000 },
    warnings,

    async exportSpans(spans, call) {
      const node = await nodeMessage(call.resource);
      await send('spans', { node, spans: spans.map(spanMessage), resource: resourceMessage(call.resource) }, call);
    },

    async exportMetrics(metrics, call) {
      const known = metrics.filter(isKnown);
      for (const { type } of metrics.filter((metric) => !isKnown(metric))) call.warn(`ocagent: no metric is a ${type}`);
      if (known.length === 0) return;
      const node = await nodeMessage(call.resource);
      await send(
        'metrics',
        { node, metrics: known.map(metricMessage), resource: resourceMessage(call.resource) },
        call,
      );
    },

    async close() {
      close();
    },
  };
}

function fitting(message: Uint8Array): Uint8Array {
  if (message.byteLength <= MESSAGE_BYTES) return message;
  const size = `a message of ${message.byteLength} bytes is above the usual ${MESSAGE_BYTES}`;
  throw new ExportError('too-large', `ocagent: ${size}`);
}
