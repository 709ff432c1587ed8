import type { IncomingMessage, ServerResponse } from 'node:http';
import { ConfigError, type Exporter, flag, fromCode, integer, readOptions, text } from '@oc/core/exporter';
import { type Exposition, exposition } from './exposition.ts';
import type { PromRegistry } from './prom-client.ts';
import { answerScrape, refuse } from './scrape.ts';
import { type ListeningAddress, openServer, type RunningServer } from './server.ts';
import { VIEW_SPEC, type ViewOptions } from './views.ts';

/** Options of `prometheus`. */
export interface PrometheusOptions extends ViewOptions {
  /**
   * The address to listen on: '0.0.0.0' for all of the machine, which a container needs. Default:
   * OTEL_EXPORTER_PROMETHEUS_HOST, else '127.0.0.1', where only this machine reads.
   */
  readonly host?: string | undefined;
  /** 0 for any that is free. Default: OTEL_EXPORTER_PROMETHEUS_PORT, else 9464. */
  readonly port?: number | undefined;
  /** The path of the page on our own server. Default '/metrics'. */
  readonly endpoint?: string | undefined;
  /**
   * Host names that requests may ask our own server for. Default: on a loopback address its names, so that no web page can
   * read it through a name of its own; elsewhere any.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /** False to open no server, for `handler` in one of yours. Default: true, but false beside `registry`. */
  readonly startServer?: boolean | undefined;
  /**
   * Each sample gets the time of its collection. Prometheus then refuses old ones and cannot tell that a series has ended.
   * Default false.
   */
  readonly appendTimestamp?: boolean | undefined;
  /**
   * A Registry of prom-client that our metrics are put into, such as `client.register`: for an application that serves its
   * own page already. Default: none.
   */
  readonly registry?: PromRegistry | undefined;
  /** A Registry of prom-client whose metrics our page shows too. They keep their names. Default: none. */
  readonly include?: PromRegistry | undefined;
  /**
   * Shows prom-client's default metrics of the process (CPU, memory, event loop, garbage collection) on our page. A
   * ConfigError beside `registry`, where `client.collectDefaultMetrics()` does it. Default false.
   */
  readonly defaultMetrics?: boolean | undefined;
}

/** What `prometheus` makes. */
export interface PrometheusExporter extends Exporter {
  /** Where our own server listens; undefined while it does not. */
  readonly address: ListeningAddress | undefined;
  /** Answers a request for the page, in any server: `app.get('/metrics', exporter.handler)`. Whoever mounts it, protects it. */
  handler(request: IncomingMessage, response: ServerResponse): void;
}

const SPEC = {
  ...VIEW_SPEC,
  host: text('127.0.0.1', { env: 'OTEL_EXPORTER_PROMETHEUS_HOST' }),
  port: integer(9464, { max: 65_535, env: 'OTEL_EXPORTER_PROMETHEUS_PORT' }),
  endpoint: fromCode(checkedPath, '/metrics'),
  allowedHosts: fromCode<readonly string[], undefined>(checkedHosts, undefined),
  startServer: flag(undefined),
  appendTimestamp: flag(false),
  registry: fromCode<PromRegistry, undefined>(checkedRegistry, undefined),
  include: fromCode<PromRegistry, undefined>(checkedRegistry, undefined),
  defaultMetrics: flag(false),
};

/**
 * Serves the views of its telemetry, read when they are asked for, to Prometheus and all that read its formats: on a port
 * of its own, in your server, or in your prom-client's registry.
 *
 * @throws ConfigError for wrong options.
 */
export function prometheus(options?: PrometheusOptions): PrometheusExporter {
  const { options: chosen, warnings } = readOptions('prometheus', options, SPEC);
  const { host, port, endpoint, allowedHosts, registry, startServer = registry === undefined } = chosen;
  if (registry && chosen.defaultMetrics) {
    const remedy = "beside 'registry' use client.collectDefaultMetrics()";
    throw new ConfigError(`prometheus: 'defaultMetrics' is for our own page; ${remedy}`);
  }
  let shown: Exposition | undefined;
  let server: RunningServer | undefined;

  const exporter: PrometheusExporter = {
    name: 'prometheus',
    warnings,

    get address() {
      return server?.address;
    },

    handler(request, response) {
      if (!shown) return refuse(response, 503, 'telemetry is off, not started, or shut down');
      const { page, failed } = shown;
      answerScrape(request, response, page).catch((error: unknown) => failed('page', error));
    },

    async start(source) {
      shown = await exposition(source, chosen);
      if (startServer) server = await openServer({ host, port, endpoint, allowedHosts, handler: exporter.handler });
    },

    async close(signal) {
      await server?.close(signal);
      server = undefined;
      shown?.close();
      shown = undefined;
    },
  };
  return exporter;
}

function checkedPath(path: unknown): string {
  if (typeof path === 'string' && /^\/[^?#\s]*$/.test(path)) return path;
  throw new Error("must be a path that begins with '/'");
}

function checkedHosts(hosts: unknown): readonly string[] {
  if (
    Array.isArray(hosts) &&
    hosts.every((host) => typeof host === 'string' && /^[^\s:/]+$|^\[[\da-f:]+\]$/i.test(host))
  ) {
    return hosts;
  }
  throw new Error('must be an array of host names without ports');
}

const REGISTRY_METHODS = ['getMetricsAsArray', 'registerMetric', 'getSingleMetric', 'removeSingleMetric'] as const;

function checkedRegistry(registry: unknown): PromRegistry {
  const object = (registry ?? {}) as PromRegistry;
  if (REGISTRY_METHODS.every((method) => typeof object[method] === 'function')) return object;
  throw new Error('must be a Registry of prom-client, such as client.register');
}
