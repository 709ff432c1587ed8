import { oneLine } from './account.ts';
import { type Clock, Stamps } from './clock.ts';
import type {
  DeliverySettings,
  DrainHealth,
  Exporter,
  ExporterHealth,
  Problem,
  Source,
  SpanListener,
} from './contract.ts';
import type { Delivery } from './delivery.ts';
import { atExit, type DrainEvent } from './exit.ts';
import { Pipeline } from './pipeline.ts';
import type { SpanRecord } from './record.ts';
import { resourceOf } from './resource.ts';
import { neverSample, samplerFromEnvironment } from './sampler.ts';
import { deliveryOptionsOf, type Limits, limitsOf, telemetryOptionsOf } from './settings.ts';
import { slot } from './slot.ts';
import type { Sampler, Tracer } from './span.ts';
import { LiveStats, type Stats } from './stats.ts';
import { LiveTracer } from './tracer.ts';
import type { View } from './view.ts';

/** How telemetry is set up. */
export interface TelemetryOptions {
  /** The service's name. Default: OTEL_SERVICE_NAME, else the label 'service.name', else 'unknown_service:node'. */
  readonly service?: string | undefined;
  /** Labels of the resource. They win over OTEL_RESOURCE_ATTRIBUTES, and those over OC_RESOURCE_LABELS. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Where spans and metrics go; each with delivery options of its own, if it needs them. */
  readonly exporters?: readonly (Exporter | readonly [Exporter, DeliverySettings])[] | undefined;
  /** Views from the start; `stats.register` adds more. */
  readonly views?: readonly View[] | undefined;
  /** Decides for roots. Default: OTEL_TRACES_SAMPLER with OTEL_TRACES_SAMPLER_ARG, else every root. */
  readonly sampler?: Sampler | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** When telemetry shuts down by itself. Default ['beforeExit']. */
  readonly flushOn?: readonly DrainEvent[] | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
  /** Hears of lost items, of paused exporters, of wrong variables. Default: one line by `console.warn`. */
  readonly onError?: ((problem: Problem) => void) | undefined;
}

/** How long a flush or shutdown may take. */
export interface DrainOptions {
  /** Milliseconds; `close` of the exporters included. Default 5,000. */
  readonly withinMs?: number | undefined;
}

/** An application's telemetry. */
export interface Telemetry {
  readonly tracer: Tracer;
  readonly stats: Stats;
  /** Resolves when all exporters have started or failed to; never rejects. */
  readonly ready: Promise<readonly ExporterHealth[]>;
  /**
   * Sends all that was accepted before, and one collection of metrics. Never rejects; answers within the time given with
   * each exporter's account and what is still unsettled. Keeps the process alive until then.
   */
  flush(options?: DrainOptions): Promise<readonly DrainHealth[]>;
  /** Flushes, closes the exporters and counts what is left as dropped. Never rejects; a second call gives the same promise. */
  shutdown(options?: DrainOptions): Promise<readonly DrainHealth[]>;
  /** Each exporter's account. */
  health(): readonly ExporterHealth[];
  /** Makes this the telemetry of libraries' `tracer` and `stats`; the last one installed wins. */
  install(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

const DRAIN_MS = 5_000;

/**
 * Sets up telemetry: one pipeline for each exporter. With OTEL_SDK_DISABLED=true all of it is a no-op.
 *
 * @throws ConfigError for options that make no sense, naming them. What the environment says wrongly is reported
 * through `onError` and replaced by the default.
 */
export function telemetry(options: TelemetryOptions = {}): Telemetry {
  const isOff = /^true$/i.test(process.env.OTEL_SDK_DISABLED?.trim() ?? '');
  const { service, labels, exporters, views, clock, onError, ...given } = telemetryOptionsOf(options);
  const report = reporterOf(onError);
  const warn = (message: string): void => report({ severity: 'warning', message });
  const limits = limitsOf(given.limits);
  const flushOn = new Set(given.flushOn);
  const told = new Set<string>();
  const warnOnce = (message: string, detail?: string): void => {
    if (told.has(message) || told.size >= MOST_WARNINGS) return;
    told.add(message);
    warn(detail === undefined ? message : `${message}: ${detail}`);
  };
  const stamps = new Stamps(clock);
  const resource = resourceOf(service, labels, warn);
  const stats = new LiveStats(stamps, limits, warnOnce);
  stats.closed = isOff;
  for (const view of views) stats.register(view);

  const pipelines: Pipeline[] = [];
  const health = (): readonly ExporterHealth[] => pipelines.map((pipeline) => pipeline.health());
  const listeners = new Set<{ readonly listener: SpanListener }>();
  const host = {
    stamps,
    limits,
    warnOnce,
    isOff,
    sampler: isOff ? neverSample() : (given.sampler ?? samplerFromEnvironment(warn)),
    deliveries: [] as Delivery<SpanRecord>[],
    watcher: undefined as SpanListener | undefined,
  };
  const source: Omit<Source, 'warn'> = {
    resource,
    metrics: (signal) => stats.collect(signal),
    views: () => stats.views(),
    health,
    watch(listener) {
      const entry = { listener };
      listeners.add(entry);
      host.watcher = watcherOf(listeners);
      return () => {
        listeners.delete(entry);
        host.watcher = watcherOf(listeners);
      };
    },
    sampling: {
      read: () => host.sampler,
      set(sampler) {
        host.sampler = sampler;
      },
    },
  };
  for (const [exporter, own] of isOff ? [] : exporters) {
    const name = freeName(exporter.name, pipelines);
    for (const message of exporter.warnings ?? []) {
      report({ exporter: name, severity: 'warning', message: `${name}: ${message}` });
    }
    const delivery = deliveryOptionsOf(name, exporter.delivery, own, warnOnce);
    pipelines.push(new Pipeline({ exporter: name, resource, clock, report }, exporter, delivery, source));
  }
  host.deliveries.push(...pipelines.flatMap(({ spans }) => spans ?? []));
  const tracer = new LiveTracer(host);
  const ready = Promise.all(pipelines.map((pipeline) => pipeline.start())).then(health);
  let closing: Promise<readonly DrainHealth[]> | undefined;

  const self: Telemetry = {
    tracer,
    stats,
    ready,
    health,
    async flush(options) {
      const within = boundedMs(options?.withinMs);
      let cancel = (): void => {};
      const deadline = new Promise<void>((resolve) => {
        cancel = clock.after(within, resolve, true); // holds the process until the flush has answered
      });
      const drained = await Promise.all(pipelines.map((pipeline) => pipeline.flush(deadline)));
      cancel();
      return drained;
    },
    shutdown(options) {
      closing ??= close(boundedMs(options?.withinMs));
      return closing;
    },
    install() {
      const shared = slot();
      shared.tracer = tracer;
      shared.stats = stats;
    },
    async [Symbol.asyncDispose]() {
      await self.shutdown();
    },
  };

  async function close(withinMs: number): Promise<readonly DrainHealth[]> {
    const cancels: (() => void)[] = [];
    const pause = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        cancels.push(clock.after(ms, resolve, true));
      });
    const closed = await Promise.all(pipelines.map((pipeline) => pipeline.shutdown(withinMs, pause)));
    stats.closed = true;
    for (const cancel of cancels) cancel();
    forget();
    return closed;
  }

  const forget = atExit({
    flushOn,
    drain: () => self.shutdown(),
    last() {
      const lost = pipelines.map((pipeline) => pipeline.abandon()).filter((amount) => amount !== undefined);
      if (lost.length === 0) return;
      report({ severity: 'error', message: `the process exits before all was sent; lost: ${lost.join(', ')}` });
    },
  });
  return Object.freeze(self);
}

/** Different warnings that one telemetry gives about what the application does. */
const MOST_WARNINGS = 1_000;

/** One listener for all; what they throw is ignored, since a page that watches must not break the application. */
function watcherOf(listeners: ReadonlySet<{ readonly listener: SpanListener }>): SpanListener | undefined {
  if (listeners.size === 0) return undefined;
  const each = (tell: (listener: SpanListener) => void): void => {
    for (const { listener } of listeners) {
      try {
        tell(listener);
      } catch {}
    }
  };
  return {
    start: (span) => each((listener) => listener.start(span)),
    end: (span, sampled) => each((listener) => listener.end(span, sampled)),
  };
}

function reporterOf(onError: TelemetryOptions['onError']): (problem: Problem) => void {
  return (problem) => {
    const line = { ...problem, message: oneLine(problem.message) };
    try {
      // An async onError may reject, which must not end the process.
      if (onError) Promise.resolve(onError(line) as unknown).catch(() => {});
      else console.warn(`[oc] ${line.message}`);
    } catch {
      // A report that fails must not break what it reports on.
    }
  };
}

/** 'zipkin', or 'zipkin-2' when there is one of that name already. */
function freeName(name: string, taken: readonly Pipeline[]): string {
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name}-${number}`;
    if (!taken.some((pipeline) => pipeline.name === free)) return free;
  }
}

/** A user's time limit: at least 0, and the default for what is no number. */
function boundedMs(ms: number | undefined): number {
  return typeof ms === 'number' && ms >= 0 ? ms : DRAIN_MS;
}
