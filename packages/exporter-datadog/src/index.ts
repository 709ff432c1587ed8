import type { Agent, Exporter, Fetch } from '@oc/core/exporter';
import { tracesToAgent } from './agent.ts';
import { metricsToApi, metricsToDogstatsd } from './metrics.ts';
import { type Origin, readOrigin } from './process.ts';
import { readSettings } from './settings.ts';

/** Options of `datadog`. */
export interface DatadogOptions {
  /**
   * The Agent that spans go to: `http://host:port`, `https://host:port` or `unix:///path`. Default: DD_TRACE_AGENT_URL,
   * else DD_AGENT_HOST and DD_TRACE_AGENT_PORT, else `/var/run/datadog/apm.socket` where it exists, else
   * `http://127.0.0.1:8126`.
   */
  readonly url?: string | URL | undefined;
  /**
   * The version of the Agent's protocol. '0.5' takes about a third of the bytes of '0.4' and as much time; an Agent that
   * does not know it is sent '0.4'. Default: DD_TRACE_AGENT_PROTOCOL_VERSION, else '0.4', which each Agent knows.
   */
  readonly protocolVersion?: '0.4' | '0.5' | undefined;
  /**
   * Where metrics go: 'dogstatsd', to an Agent, or 'api', to Datadog itself. The API keeps one point for a host, a metric,
   * its tags and a second: several processes of a host each need a tag of their own there. Default 'dogstatsd'.
   */
  readonly metrics?: 'dogstatsd' | 'api' | undefined;
  /**
   * Where DogStatsD listens: `udp://host:port`, or `unix:///path`, which needs the package `unix-dgram` to be installed.
   * Default: DD_DOGSTATSD_URL, else DD_DOGSTATSD_HOST or DD_AGENT_HOST, and DD_DOGSTATSD_PORT, else
   * `udp://127.0.0.1:8125`.
   */
  readonly dogstatsdUrl?: string | URL | undefined;
  /** The key for `metrics: 'api'`, without which that is a ConfigError. Default: DD_API_KEY. */
  readonly apiKey?: string | undefined;
  /** Datadog's site for `metrics: 'api'`, such as 'datadoghq.eu'. Default: DD_SITE, else 'datadoghq.com'. */
  readonly site?: string | undefined;
  /** The API itself, for a gateway in front of it; https, or http on this machine. Default: of `site`. */
  readonly apiUrl?: string | URL | undefined;
  /** An agent of `node:https` for the API, for proxies. Not beside `fetch`. */
  readonly apiAgent?: Agent | undefined;
  /** What goes before the names of metrics, and a dot. Default: nothing. */
  readonly namespace?: string | undefined;
  /** Tags for all spans and metrics, beside those of DD_TAGS, over which they win. Default: none. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /**
   * Which spans with a status other than OK are errors. 'by-kind': all but servers' that answered to a wrong request;
   * 'opencensus-go': as OpenCensus's exporter in Go, where clients' are errors only then. Default 'by-kind'.
   */
  readonly errorRule?: 'by-kind' | 'opencensus-go' | undefined;
  /**
   * 'always' marks traces as kept by the user's will (priority 2), so that Datadog keeps them when it is over its quota;
   * 'sampled' as kept by a sampler (priority 1). Default 'sampled'.
   */
  readonly keep?: 'sampled' | 'always' | undefined;
  /** The fetch to use in place of node-fetch: `globalThis.fetch`. It may hold the process for up to `attemptMs`. */
  readonly fetch?: Fetch | undefined;
  /** An agent of `node:http` or `node:https` for `url`. Not beside `fetch` or a Unix socket. */
  readonly agent?: Agent | undefined;
}

/** As often as Datadog's own Agent, whose graphs have gaps where there is less. */
const METRICS_EVERY_MS = 10_000;

/**
 * Sends spans to the Datadog Agent, and metrics to its DogStatsD or to Datadog's API. DD_SERVICE, DD_ENV, DD_VERSION and
 * DD_TAGS are on both; DD_ENTITY_ID, DD_EXTERNAL_ENV, DD_CARDINALITY and DD_ORIGIN_DETECTION_ENABLED tell of the container.
 *
 * @throws ConfigError for wrong options.
 */
export function datadog(options?: DatadogOptions): Exporter {
  const settings = readSettings(options);
  let reading: Promise<Origin> | undefined;
  const origin = (): Promise<Origin> => {
    reading ??= readOrigin();
    return reading;
  };
  const traces = tracesToAgent(settings, origin);
  const metrics = settings.metrics === 'api' ? metricsToApi(settings) : metricsToDogstatsd(settings, origin);

  return {
    name: 'datadog',
    limits: { spans: 1_000 },
    // What the application's environment says of all exporters goes before.
    delivery: process.env.OTEL_METRIC_EXPORT_INTERVAL ? {} : { metricsEveryMs: METRICS_EVERY_MS },
    warnings: settings.warnings,
    exportSpans: traces.export,
    exportMetrics: metrics.export,

    async close() {
      traces.close();
      metrics.close();
    },
  };
}
