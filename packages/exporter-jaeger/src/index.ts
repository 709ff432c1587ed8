import {
  type Agent,
  ConfigError,
  type Exporter,
  type Fetch,
  given,
  httpHeaders,
  httpUrl,
  integer,
  isPlainObject,
  milliseconds,
  oneOf,
  option,
  readOptions,
  text,
} from '@oc/core/exporter';
import { overHttp } from './http.ts';
import { type Host, hostOf, type ProcessTag, processOf, tagsOf } from './process.ts';
import { overUdp } from './udp.ts';

/**
 * Options of `jaeger`. Spans go to a collector over HTTP, unless `host` or `port` is given: then over UDP to an agent, or
 * to a collector's ports for agents' datagrams. What code says of this goes before the environment, where an endpoint
 * goes before an agent's host or port.
 */
export interface JaegerOptions {
  /**
   * A collector, http or https. A URL without a path gets `/api/traces`; credentials in it become Basic authorization.
   * Default: OTEL_EXPORTER_JAEGER_ENDPOINT, else JAEGER_ENDPOINT, else `http://localhost:14268/api/traces`.
   */
  readonly url?: string | URL | undefined;
  /** Of HTTP: the name for Basic authorization. Default: OTEL_EXPORTER_JAEGER_USER, else JAEGER_USER, else none. */
  readonly user?: string | undefined;
  /** Its password. Default: OTEL_EXPORTER_JAEGER_PASSWORD, else JAEGER_PASSWORD, else none. */
  readonly password?: string | undefined;
  /** Of HTTP: more headers for every request, such as a token. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The fetch to use in place of node-fetch: `globalThis.fetch`. It may hold the process for up to `attemptMs`. */
  readonly fetch?: Fetch | undefined;
  /** An agent of `node:http` or `node:https`, for proxies and client certificates. Not beside `fetch`. */
  readonly agent?: Agent | undefined;
  /**
   * The name or address that takes datagrams; each address of a name gets its turn. Not beside the options above.
   * Default: OTEL_EXPORTER_JAEGER_AGENT_HOST, else JAEGER_AGENT_HOST, else `localhost`.
   */
  readonly host?: string | undefined;
  /**
   * Its port. Default: OTEL_EXPORTER_JAEGER_AGENT_PORT, else JAEGER_AGENT_PORT, else 6831, or 6832 where `encoding` is
   * 'binary'.
   */
  readonly port?: number | undefined;
  /**
   * Of UDP: the protocol of Thrift that the port takes; what comes in the other one is dropped there without a word.
   * Default 'compact', or 'binary' for the port 6832. HTTP is always binary.
   */
  readonly encoding?: 'compact' | 'binary' | undefined;
  /**
   * Of UDP: most bytes of one datagram, 1,000 to 65,507. A span that needs more is dropped as too large, and named. Where
   * the system takes less, as macOS does with 9,216, spans are sent in smaller groups. Default 65,000, which receivers take.
   */
  readonly maxPacketSize?: number | undefined;
  /** Tags of the process, over the labels of the resource. Default: JAEGER_TAGS, as in `zone=eu,pod=${POD:none}`. */
  readonly tags?: Readonly<Record<string, string | number | boolean>> | undefined;
}

const COLLECTOR = 'http://localhost:14268/api/traces';

/** OpenTelemetry's name of a variable goes before Jaeger's own. */
const variable = (name: string): { env: readonly string[] } => ({
  env: [`OTEL_EXPORTER_JAEGER_${name}`, `JAEGER_${name}`],
});

const SPEC = {
  url: httpUrl(undefined, { ...variable('ENDPOINT'), path: '/api/traces' }),
  user: text(undefined, variable('USER')),
  password: text(undefined, variable('PASSWORD')),
  headers: httpHeaders(),
  fetch: given<Fetch>('function'),
  agent: given<Agent>('object'),
  host: option(hostName, hostName, undefined, variable('AGENT_HOST')),
  port: integer(undefined, { min: 1, max: 65_535, ...variable('AGENT_PORT') }),
  encoding: oneOf(['compact', 'binary'], undefined),
  maxPacketSize: integer(65_000, { min: 1_000, max: 65_507 }),
  tags: option(processTags, tagsOf, {}, { env: 'JAEGER_TAGS' }),
  serviceName: text(undefined, { env: 'JAEGER_SERVICE_NAME', envOnly: true }),
  attemptMs: milliseconds(10_000, {
    env: ['OTEL_EXPORTER_JAEGER_TIMEOUT', 'JAEGER_REPORTER_TIMEOUT'],
    envOnly: true,
  }),
  batchDelayMs: milliseconds(undefined, { env: 'JAEGER_REPORTER_FLUSH_INTERVAL', envOnly: true }),
};

const OF_HTTP = ['url', 'user', 'password', 'headers', 'fetch', 'agent'] as const;
const OF_UDP = ['host', 'port'] as const;

/**
 * Sends spans to Jaeger in its own format, Thrift, which the OpenTelemetry Collector and vendors take too.
 * OTEL_EXPORTER_JAEGER_TIMEOUT, else JAEGER_REPORTER_TIMEOUT, sets its delivery's `attemptMs`, and
 * JAEGER_REPORTER_FLUSH_INTERVAL its `batchDelayMs`, both in milliseconds. JAEGER_SERVICE_NAME names a service that has
 * no other name.
 *
 * @throws ConfigError for wrong options.
 */
export function jaeger(options?: JaegerOptions): Exporter {
  const { options: chosen, warnings } = readOptions('jaeger', options, SPEC);
  const { url = new URL(COLLECTOR), attemptMs, batchDelayMs } = chosen;
  const isUdp = isUdpByCode(options ?? {}) || (chosen.url === undefined && OF_UDP.some((name) => chosen[name]));
  const transport = isUdp ? overUdp(chosen) : overHttp({ ...chosen, url });
  let host: Host | undefined;

  return {
    name: 'jaeger',
    limits: { spans: 1_000 },
    delivery: { attemptMs, batchDelayMs },
    warnings,

    async exportSpans(spans, call) {
      host ??= hostOf();
      await transport.send(spans, processOf(call.resource, chosen, host), call);
    },

    async close() {
      transport.close();
    },
  };
}

function isUdpByCode(options: JaegerOptions): boolean {
  const [ofUdp] = OF_UDP.filter((name) => options[name] !== undefined);
  const [ofHttp] = OF_HTTP.filter((name) => options[name] !== undefined);
  if (ofUdp && ofHttp) {
    throw new ConfigError(`jaeger: '${ofHttp}' is of HTTP and '${ofUdp}' of UDP; give one of them`);
  }
  return ofUdp !== undefined;
}

function hostName(value: unknown): string {
  if (typeof value === 'string' && /^[\w.-]+$|^[\da-f.:]*:[\da-f.:]*(%\w+)?$/i.test(value)) return value;
  throw new Error("must be a host's name or address, without a port");
}

function processTags(value: unknown): Readonly<Record<string, ProcessTag>> {
  const isTag = (each: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof each);
  if (isPlainObject(value) && Object.values(value).every(isTag)) return value as Readonly<Record<string, ProcessTag>>;
  throw new Error('must be an object of strings, numbers and booleans');
}
