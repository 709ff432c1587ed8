import type { Metric, TimeSeries } from './metric.ts';
import type { RunningSpan, Sampler, SpanData } from './span.ts';
import type { View } from './view.ts';

/** Why items were dropped. */
export type DropReason =
  /** The bound of `queueItems` or `queueBytes` was reached. */
  | 'queue-full'
  /** The backend refused them. */
  | 'rejected'
  /** One item alone was larger than the backend takes. */
  | 'too-large'
  /** They failed for `retryForMs` while others passed. */
  | 'retry-exhausted'
  /** Shutdown found the exporter paused by a wrong address, key or the like. */
  | 'misconfigured'
  /** They may have arrived and must not be sent twice. */
  | 'unconfirmed'
  /** The exporter failed in a way that it does not explain. */
  | 'exporter-error'
  /** The exporter's `start` failed. */
  | 'not-started'
  /** A newer collection of metrics took the place of one that still waited; totals lose nothing by it. */
  | 'superseded'
  /** Shutdown's time ran out. */
  | 'deadline'
  /** They came after shutdown. */
  | 'after-shutdown'
  /** The process exited while they were held. */
  | 'process-exit';

/** What delivery of one signal to one exporter is doing. */
export type SignalState = 'unused' | 'idle' | 'delivering' | 'retrying' | 'paused' | 'failed' | 'closed';

/**
 * The account of one signal of one exporter, in items: spans, or time series.
 * `accepted` is the sum of `delivered`, all of `dropped`, `queued` and `inFlight` at any moment.
 */
export interface SignalHealth {
  readonly state: SignalState;
  readonly accepted: number;
  readonly delivered: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly queued: number;
  readonly inFlight: number;
  /** The last failure; `at` in milliseconds since 1970. */
  readonly lastError?: { readonly message: string; readonly at: number } | undefined;
  /** The last thing that the backend said beside its yes. */
  readonly lastWarning?: { readonly message: string; readonly at: number } | undefined;
}

/** The account of one exporter. */
export interface ExporterHealth {
  /** The exporter's name, made unique: 'zipkin', 'zipkin-2'. */
  readonly name: string;
  readonly spans: SignalHealth;
  readonly metrics: SignalHealth;
}

/** What a flush or shutdown answers with. */
export interface DrainHealth extends ExporterHealth {
  /** Items accepted before the call that were neither delivered nor counted as dropped at its end. */
  readonly unsettled: number;
}

/** How one exporter is served. Times in milliseconds. */
export interface DeliveryOptions {
  /** Which signals go to it. Default: both, as far as the exporter takes them. */
  readonly signals: readonly ('spans' | 'metrics')[];
  /** Most spans of one call. Default 512. */
  readonly batchItems: number;
  /** Longest time that a span waits for its batch to fill. Default 1,000. */
  readonly batchDelayMs: number;
  /** Most spans held, those in flight included. Default 65,536. */
  readonly queueItems: number;
  /** Most bytes of spans held, estimated as 200 a span plus twice the length of its strings. Default 64 MiB. */
  readonly queueBytes: number;
  /** Most span calls side by side. Metric calls never run side by side. Default 4. */
  readonly maxInFlight: number;
  /** Deadline of one call: connect, send, headers and body. Default 10,000. */
  readonly attemptMs: number;
  /** How long a batch is retried while others pass, and a collection of metrics at all. Default 300,000. */
  readonly retryForMs: number;
  /** Time between two collections of metrics. Default OTEL_METRIC_EXPORT_INTERVAL, else 60,000. */
  readonly metricsEveryMs: number;
  /** What goes when the queue is full. Default 'newest'. */
  readonly dropWhenFull: 'newest' | 'oldest';
}

/** Some delivery options; undefined counts as not given. */
export type DeliverySettings = { readonly [K in keyof DeliveryOptions]?: DeliveryOptions[K] | undefined };

/** The entity that telemetry is about. */
export interface Resource {
  /** OpenCensus's resource type: 'container', 'k8s', 'host', ... */
  readonly type?: string | undefined;
  /** 'service.name' is always there; 'service.instance.id' is random for each process and thread unless given. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What an exporter is told with each call. */
export interface ExportCall {
  readonly resource: Resource;
  /** Aborts at the call's deadline or shortly before a shutdown's; hand it on to every request. */
  readonly signal: AbortSignal;
  /** Reports what the backend said beside its yes. */
  warn(message: string): void;
}

/** What an exporter that is read from (a scrape, a debugging page) may look at. */
export interface Source {
  readonly resource: Resource;
  /** Reads all views now. Side-by-side calls share one collection. Never rejects. */
  metrics(signal?: AbortSignal): Promise<readonly Metric[]>;
  views(): readonly View[];
  health(): readonly ExporterHealth[];
  /** Shows every span, unsampled ones too, until the returned function is called. Costs nothing until then. */
  watch(listener: SpanListener): () => void;
  /** The sampler of roots, and its replacement at run time. */
  readonly sampling: { read(): Sampler; set(sampler: Sampler): void };
  /** Reports what went wrong in being read, as a warning of this exporter, each time that it is called. */
  warn(message: string): void;
}

/** Hears of each span's start and end. What it throws is ignored. */
export interface SpanListener {
  start(span: RunningSpan): void;
  end(span: SpanData, sampled: boolean): void;
}

/**
 * One backend. Building it opens nothing. It maps data to the backend's format and sends it once; core queues,
 * batches, splits, retries, counts and drains in front of it.
 */
export interface Exporter {
  /** For reports and health: 'zipkin'. */
  readonly name: string;
  readonly limits?:
    | {
        /** Most spans of one call. */
        readonly spans?: number | undefined;
        /** Most time series of one call. */
        readonly timeSeries?: number | undefined;
        /** Least time between two collections. */
        readonly metricsEveryMs?: number | undefined;
      }
    | undefined;
  /** This backend's defaults and what its environment variables say; the user's own settings win. */
  readonly delivery?: DeliverySettings | undefined;
  /** What was wrong with the environment; core reports each once. */
  readonly warnings?: readonly string[] | undefined;
  /**
   * Sends spans: never none, never more than `limits.spans`, read-only. Resolves when the backend has accepted them,
   * rejects with an ExportError (several in an AggregateError when parts failed differently). May run side by side.
   */
  exportSpans?(spans: readonly SpanData[], call: ExportCall): Promise<void>;
  /** Sends one collection or a slice of it, cumulative; as `exportSpans`, but one call at a time, in order. */
  exportMetrics?(metrics: readonly Metric[], call: ExportCall): Promise<void>;
  /**
   * Called once, before any export, for local things only: bind a port, read a file. A rejection, or 10 s without an
   * answer, fails both signals of this exporter; the application lives.
   */
  start?(source: Source): void | Promise<void>;
  /** Called once, after the last call has settled, or was aborted and given 250 ms. */
  close?(signal: AbortSignal): Promise<void>;
}

/** What core does about a failed call. */
export type ExportFailure =
  /** Core tries again with backoff. */
  | 'unavailable'
  /** Core splits the call in two, down to the one item, which is dropped by name. */
  | 'too-large'
  /** The backend refused the whole call for some item in it and does not say which: core halves to find it. */
  | 'poisoned'
  /** A wrong address or key: core pauses this signal, reports once, and probes each minute. */
  | 'misconfigured'
  /** It may have arrived and must not be sent twice: dropped and counted. */
  | 'unconfirmed'
  /** Core drops and reports. */
  | 'rejected';

/** The failure of a call. Core reads it by property, so an error of any class with these members will do. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
  readonly failure: ExportFailure;
  /** How long the backend asks to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The part that failed, by identity; the rest of the call was accepted. */
  readonly items?: readonly (SpanData | TimeSeries)[] | undefined;
  /** How many failed, when the backend tells only that; the rest of the call was accepted. */
  readonly count?: number | undefined;

  /**
   * @param message names the party, the act and the fact, and holds no secret:
   * `zipkin: POST http://localhost:9411/api/v2/spans answered 413`
   */
  constructor(
    failure: ExportFailure,
    message: string,
    options: {
      readonly retryAfterMs?: number | undefined;
      readonly items?: readonly (SpanData | TimeSeries)[] | undefined;
      readonly count?: number | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.failure = failure;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
    if (options.items !== undefined) this.items = options.items;
    if (options.count !== undefined) this.count = options.count;
  }
}

/** What core reports at run time, by default as one line of `console.warn`. */
export interface Problem {
  /** The exporter that it is about. */
  readonly exporter?: string | undefined;
  readonly severity: 'warning' | 'error';
  readonly message: string;
  readonly cause?: unknown;
}

/** Wrong options: thrown by factories, with every wrong option named and no value of a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
