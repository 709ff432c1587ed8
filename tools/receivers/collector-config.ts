// The configuration of a Collector that listens on loopback and writes what it takes to three files.
import { join } from 'node:path';

type Settings = Readonly<Record<string, unknown>>;
type Signal = 'traces' | 'metrics' | 'logs';

interface ReceiverKind {
  readonly signals: readonly Signal[];
  /** The protocols that have an address each; a receiver without them has one. */
  readonly protocols?: readonly string[];
  /** What it needs beside an address, for a test or at all. */
  readonly settings?: (address: string) => Settings;
}

/** A receiver of this Collector, by its name in the configuration. */
export type CollectorReceiver =
  | 'otlp'
  | 'zipkin'
  | 'jaeger'
  | 'opencensus'
  | 'datadog'
  | 'awsxray'
  | 'signalfx'
  | 'wavefront'
  | 'carbon'
  | 'statsd'
  | 'influxdb';

const KINDS: Readonly<Record<CollectorReceiver, ReceiverKind>> = {
  otlp: { signals: ['traces', 'metrics', 'logs'], protocols: ['grpc', 'http'] },
  zipkin: { signals: ['traces'] },
  jaeger: { signals: ['traces'], protocols: ['grpc', 'thrift_http', 'thrift_compact', 'thrift_binary'] },
  opencensus: { signals: ['traces', 'metrics'] },
  datadog: { signals: ['traces', 'metrics'] },
  awsxray: {
    signals: ['traces'],
    settings: (endpoint) => ({
      transport: 'udp',
      // It always opens a TCP proxy to the cloud's API, here to a port at which nobody listens.
      proxy_server: { endpoint, region: 'us-east-1', local_mode: true, aws_endpoint: 'http://127.0.0.1:1' },
    }),
  },
  signalfx: { signals: ['metrics', 'logs'] },
  wavefront: { signals: ['metrics'] },
  carbon: { signals: ['metrics'], settings: () => ({ transport: 'tcp' }) },
  statsd: {
    signals: ['metrics'],
    settings: () => ({
      transport: 'udp',
      aggregation_interval: '1s',
      enable_metric_type: true,
      enable_simple_tags: true,
    }),
  },
  influxdb: { signals: ['metrics'] },
};

/** All of them. */
export const COLLECTOR_RECEIVERS: readonly CollectorReceiver[] = Object.keys(KINDS) as CollectorReceiver[];

/**
 * Receivers with their settings; `{}` for none. Those with several protocols take settings by protocol and start only
 * those that are named, or all for `{}`: `{ otlp: { grpc: { tls: { cert_file, key_file } } }, jaeger: {} }`.
 */
export type CollectorReceivers = Readonly<Partial<Record<CollectorReceiver, Settings>>>;

const kindOf = (name: string): ReceiverKind => KINDS[name as CollectorReceiver];

function protocolsOf(name: string, settings: Settings): readonly string[] {
  const named = Object.keys(settings);
  return named.length > 0 ? named : (kindOf(name).protocols ?? []);
}

/** The names of the addresses: 'zipkin', 'otlp/grpc'. */
export function inletsOf(receivers: CollectorReceivers): string[] {
  return Object.entries(receivers).flatMap(([name, settings]) =>
    kindOf(name).protocols ? protocolsOf(name, settings).map((protocol) => `${name}/${protocol}`) : [name],
  );
}

/** The whole configuration; files of arrived data are in `folder`. */
export function configOf(
  receivers: CollectorReceivers,
  addresses: ReadonlyMap<string, string>,
  folder: string,
): Settings {
  const endpointOf = (inlet: string): string => addresses.get(inlet) ?? '';
  const config = (name: string, settings: Settings): Settings => {
    const kind = kindOf(name);
    if (!kind.protocols) {
      const endpoint = endpointOf(name);
      return { endpoint, ...kind.settings?.(endpoint), ...settings };
    }
    const protocols = protocolsOf(name, settings).map((protocol) => [
      protocol,
      { endpoint: endpointOf(`${name}/${protocol}`), ...(settings[protocol] as Settings | undefined) },
    ]);
    return { protocols: Object.fromEntries(protocols) };
  };
  const of = (signal: Signal): string[] =>
    Object.keys(receivers).filter((name) => kindOf(name).signals.includes(signal));
  const signals = (['traces', 'metrics', 'logs'] as const).filter((signal) => of(signal).length > 0);
  return {
    receivers: Object.fromEntries(Object.entries(receivers).map(([name, each]) => [name, config(name, each)])),
    exporters: Object.fromEntries(
      signals.map((signal) => [`file/${signal}`, { path: join(folder, `${signal}.jsonl`), flush_interval: '50ms' }]),
    ),
    service: {
      // Without it the Collector serves its own metrics on a port; debug is where lines that it drops are told.
      telemetry: { metrics: { level: 'none' }, logs: { level: 'debug', encoding: 'json' } },
      pipelines: Object.fromEntries(
        signals.map((signal) => [signal, { receivers: of(signal), exporters: [`file/${signal}`] }]),
      ),
    },
  };
}
