import {
  type Agent,
  ConfigError,
  deltas,
  type ExportCall,
  ExportError,
  type Exporter,
  type Fetch,
  given,
  httpHeaders,
  httpUrl,
  type Metric,
  oneOf,
  option,
  readOptions,
  text,
} from '@oc/core/exporter';
import { COMPRESSIONS, type Destination, destinationOf, isOfOneSignal, PROTOCOLS } from './destination.ts';
import { grpcTransport } from './grpc.ts';
import { httpTransport } from './http.ts';
import { encodeMetrics as metricsJson } from './json/metrics.ts';
import { encodeSpans as spansJson } from './json/spans.ts';
import { encodeMetrics as metricsProtobuf } from './protobuf/metrics.ts';
import { encodeSpans as spansProtobuf } from './protobuf/spans.ts';
import { type Message, type Transport, within } from './transport.ts';

/**
 * Options of `otlp`. Each but `fetch` and `agent` has a variable, whose form for one signal, as in
 * OTEL_EXPORTER_OTLP_TRACES_HEADERS, wins over the general one, as OTEL_EXPORTER_OTLP_HEADERS. Code wins over both.
 */
export interface OtlpOptions {
  /**
   * 'http/protobuf', 'http/json', which anybody can read, or 'grpc', which needs the package `@grpc/grpc-js` to be
   * installed. Default: OTEL_EXPORTER_OTLP_PROTOCOL, else 'http/protobuf'.
   */
  readonly protocol?: 'http/protobuf' | 'http/json' | 'grpc' | undefined;
  /**
   * Where to send both signals, http or https: over HTTP `v1/traces` and `v1/metrics` are added to it, over gRPC only its
   * origin counts. Credentials in it become Basic authorization. Default: OTEL_EXPORTER_OTLP_ENDPOINT, else
   * `http://localhost:4318`, for gRPC `http://localhost:4317`.
   */
  readonly url?: string | URL | undefined;
  /** Where to send spans, as it is; `url` does not matter then. Default: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. */
  readonly tracesUrl?: string | URL | undefined;
  /** Where to send metrics, as it is; `url` does not matter then. Default: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT. */
  readonly metricsUrl?: string | URL | undefined;
  /**
   * More headers for every request, such as a vendor's key; over gRPC they are its metadata. Default:
   * OTEL_EXPORTER_OTLP_HEADERS, as in `api-key=abc,x-tenant=a%20b`, to which those given here are added.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** 'gzip' makes requests a fifth as large. Default: OTEL_EXPORTER_OTLP_COMPRESSION, else 'none'. */
  readonly compression?: 'none' | 'gzip' | undefined;
  /**
   * Whether counts, sums and distributions go as totals since the start, 'cumulative', or as what was added since the
   * last message, 'delta', of which a lost answer costs the points: they are never sent twice. 'lowmemory' is 'delta'
   * here. Default: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, else 'cumulative'.
   */
  readonly temporality?: 'cumulative' | 'delta' | 'lowmemory' | undefined;
  /**
   * Path of a PEM file: the certificates to trust, in place of those that Node brings. All three files are read again
   * when they have changed. Default: OTEL_EXPORTER_OTLP_CERTIFICATE.
   */
  readonly ca?: string | undefined;
  /** Path of a PEM file: the client's certificate. Default: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE. */
  readonly clientCertificate?: string | undefined;
  /** Path of a PEM file: the key of the client's certificate. Default: OTEL_EXPORTER_OTLP_CLIENT_KEY. */
  readonly clientKey?: string | undefined;
  /** The fetch to use in place of node-fetch: `globalThis.fetch`. It may hold the process for up to `attemptMs`. */
  readonly fetch?: Fetch | undefined;
  /** An agent of `node:http` or `node:https`, for proxies. Not beside `fetch`, nor for gRPC. */
  readonly agent?: Agent | undefined;
}

const TEMPORALITY = oneOf(['cumulative', 'delta', 'lowmemory'], 'cumulative');

const SPEC = {
  protocol: oneOf(PROTOCOLS, undefined),
  url: httpUrl(undefined),
  tracesUrl: httpUrl(undefined),
  metricsUrl: httpUrl(undefined),
  headers: httpHeaders(),
  compression: oneOf(COMPRESSIONS, undefined),
  temporality: option(TEMPORALITY.check, (value) => TEMPORALITY.parse(value.toLowerCase()), TEMPORALITY.fallback, {
    env: 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
  }),
  ca: text(undefined),
  clientCertificate: text(undefined),
  clientKey: text(undefined),
  fetch: given<Fetch>('function'),
  agent: given<Agent>('object'),
};

const ENCODING = {
  'http/protobuf': { spans: spansProtobuf, metrics: metricsProtobuf },
  'http/json': { spans: spansJson, metrics: metricsJson },
  grpc: { spans: spansProtobuf, metrics: metricsProtobuf },
} as const;

/** What the Collector takes over gRPC; over HTTP it takes more, others less. */
const MESSAGE_BYTES = 4 * 1024 * 1024;
/** In a burst four times core's default: a request costs the process as much as some hundred spans. */
const BATCH_SPANS = 2_048;
const KNOWN_TYPES: readonly string[] = ['gauge', 'cumulative', 'distribution'];

/**
 * Sends spans and metrics by the OpenTelemetry protocol, which the OpenTelemetry Collector, Jaeger, Tempo, Prometheus and
 * most vendors take. OTEL_EXPORTER_OTLP_TIMEOUT, in milliseconds, sets its delivery's `attemptMs`.
 *
 * @throws ConfigError for wrong options.
 */
export function otlp(options?: OtlpOptions): Exporter {
  const { options: chosen, warnings } = readOptions('otlp', options, SPEC);
  if (chosen.url && isOfOneSignal(chosen.url)) {
    throw new ConfigError(
      "otlp: 'url' must not end in the path of one signal; give that as 'tracesUrl' or 'metricsUrl'",
    );
  }
  const found = new Set(warnings);
  const traces = destinationOf('traces', chosen, found);
  const metrics = destinationOf('metrics', chosen, found);
  const attemptMs = Math.max(traces.timeoutMs, metrics.timeoutMs);
  const toTraces = transportTo(traces, attemptMs);
  const toMetrics = transportTo(metrics, attemptMs);
  const temporality = chosen.temporality === 'cumulative' ? 'cumulative' : 'delta';
  const added = deltas();

  return {
    name: 'otlp',
    limits: { timeSeries: 8_192 },
    delivery: { attemptMs, batchItems: BATCH_SPANS },
    warnings: [...found],

    async exportSpans(spans, call) {
      const bytes = ENCODING[traces.protocol].spans(spans, call.resource);
      await toTraces.send({ bytes, items: spans.length, once: false }, call);
    },

    async exportMetrics(given, call) {
      const known = given.filter(({ type }) => KNOWN_TYPES.includes(type));
      if (known.length < given.length) {
        call.warn(`otlp: metrics of a type that is not known here were skipped: ${given.length - known.length}`);
      }
      const once = temporality === 'delta';
      const { metrics: sent, commit } = once ? added(known) : { metrics: known, commit() {} };
      if (sent.length === 0) return;
      const items = sent.reduce((sum, { timeSeries }) => sum + timeSeries.length, 0);
      const bytes = ENCODING[metrics.protocol].metrics(sent as readonly Metric[], call.resource, temporality);
      try {
        await toMetrics.send({ bytes, items, once }, call);
        commit();
      } catch (error) {
        if (mayHaveArrived(error)) commit();
        throw error;
      }
    },

    async close() {
      toTraces.close();
      toMetrics.close();
    },
  };
}

/** A transport that refuses what is too large before it is sent, and keeps to the timeout of its own signal. */
function transportTo(destination: Destination, attemptMs: number): Transport {
  const { protocol, timeoutMs } = destination;
  const transport = protocol === 'grpc' ? grpcTransport(destination) : httpTransport({ ...destination, protocol });
  return {
    async send(message: Message, call: ExportCall) {
      const { bytes, items } = message;
      if (bytes.byteLength > MESSAGE_BYTES && (items > 1 || protocol === 'grpc')) {
        const size = `${items} items make a message of ${bytes.byteLength} bytes`;
        throw new ExportError('too-large', `otlp: ${size}, above the customary ${MESSAGE_BYTES}`);
      }
      await transport.send(message, timeoutMs < attemptMs ? within(call, timeoutMs) : call);
    },
    close: transport.close,
  };
}

/** Whether deltas may have arrived, or some of them: a lost answer, or a part that was refused for good. */
function mayHaveArrived(error: unknown): boolean {
  return error instanceof ExportError && (error.failure === 'unconfirmed' || error.count !== undefined);
}
