import {
  type Agent,
  ConfigError,
  type Fetch,
  flag,
  httpUrl,
  milliseconds,
  type Option,
  oneOf,
  option,
  readOptions,
  type TlsFiles,
  text,
  type Values,
} from '@oc/core/exporter';
import { checkMetadata, headersIn } from './headers.ts';

/** The ways to send, the default first. */
export const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;
/** The ways to compress, the default first. */
export const COMPRESSIONS = ['none', 'gzip'] as const;

/** What OTLP calls the kinds of data, in its paths and variables. */
export type Signal = 'traces' | 'metrics';

/** What code gave, checked; undefined where it gave nothing. */
export interface Given {
  readonly protocol: (typeof PROTOCOLS)[number] | undefined;
  readonly url: URL | undefined;
  readonly tracesUrl: URL | undefined;
  readonly metricsUrl: URL | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: (typeof COMPRESSIONS)[number] | undefined;
  readonly ca: string | undefined;
  readonly clientCertificate: string | undefined;
  readonly clientKey: string | undefined;
  readonly fetch: Fetch | undefined;
  readonly agent: Agent | undefined;
}

/** Where the data of one signal goes, and how. */
export interface Destination {
  readonly signal: Signal;
  readonly protocol: (typeof PROTOCOLS)[number];
  /** Of gRPC only the origin counts. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  readonly tls: TlsFiles | undefined;
  readonly fetch: Fetch | undefined;
  readonly agent: Agent | undefined;
  /** Deadline of one attempt. */
  readonly timeoutMs: number;
}

const PREFIX = 'OTEL_EXPORTER_OTLP_';
const PATH = { traces: 'v1/traces', metrics: 'v1/metrics' } as const;
const DEFAULT_PORT = { 'http/protobuf': 4318, 'http/json': 4318, grpc: 4317 } as const;

/**
 * Where one signal goes: what code gave, else the signal's own variable, else the general one, else the default. What is
 * wrong in the environment is added to `warnings`.
 *
 * @throws ConfigError for options that do not go together.
 */
export function destinationOf(signal: Signal, given: Given, warnings: Set<string>): Destination {
  const own = (name: string): string => `${PREFIX}${signal.toUpperCase()}_${name}`;
  const either = (name: string) => ({ env: [own(name), PREFIX + name], envOnly: true }) as const;
  function read<S extends Record<string, Option<unknown>>>(spec: S): Values<S> {
    const { options, warnings: more } = readOptions('otlp', undefined, spec);
    for (const warning of more) warnings.add(warning);
    return options;
  }

  const { insecure, ...variables } = read({
    protocol: oneOf(PROTOCOLS, PROTOCOLS[0], either('PROTOCOL')),
    compression: oneOf(COMPRESSIONS, COMPRESSIONS[0], either('COMPRESSION')),
    timeoutMs: milliseconds(10_000, either('TIMEOUT')),
    insecure: flag(false, either('INSECURE')),
    ca: text(undefined, either('CERTIFICATE')),
    cert: text(undefined, either('CLIENT_CERTIFICATE')),
    key: text(undefined, either('CLIENT_KEY')),
  });
  const protocol = given.protocol ?? variables.protocol;
  const urls = read({
    own: endpoint(own('ENDPOINT'), protocol, insecure),
    base: endpoint(`${PREFIX}ENDPOINT`, protocol, insecure),
  });
  if (urls.base && !given.url && isOfOneSignal(urls.base)) {
    warnings.add(`${PREFIX}ENDPOINT ends in the path of one signal, and that of each is added to it`);
  }
  const base = given.url ?? urls.base ?? new URL(`http://localhost:${DEFAULT_PORT[protocol]}`);
  const url = given[`${signal}Url`] ?? (given.url ? undefined : urls.own) ?? withPath(base, PATH[signal]);
  const isMetadata = protocol === 'grpc';
  if (isMetadata) checkMetadata(given.headers);
  const headers = { ...headersIn([`${PREFIX}HEADERS`, own('HEADERS')], isMetadata, warnings), ...given.headers };
  const gzip = (given.compression ?? variables.compression) === 'gzip';
  const transport = transportOf(protocol, url, given, variables);
  return { signal, protocol, url, headers, gzip, timeoutMs: variables.timeoutMs, ...transport };
}

/** An endpoint of the environment; of gRPC it may go without a scheme. */
function endpoint(variable: string, protocol: Destination['protocol'], insecure: boolean): Option<URL | undefined> {
  const { check } = httpUrl(undefined);
  const scheme = insecure ? 'http' : 'https';
  const parse = (value: string): URL | undefined => {
    const isHost = protocol === 'grpc' && !value.startsWith('/') && !value.includes('://');
    return check(isHost ? `${scheme}://${value}` : value);
  };
  return option(check, parse, undefined, { env: variable, envOnly: true });
}

/** Whether a URL ends in the path of one signal. As the base of both that is an endless 404. */
export function isOfOneSignal({ pathname }: URL): boolean {
  return /\/v1\/(traces|metrics)\/?$/.test(pathname);
}

/** The URL of a signal below a base, whose own path is kept. */
function withPath(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
  return url;
}

function transportOf(
  protocol: Destination['protocol'],
  url: URL,
  given: Given,
  variables: TlsFiles,
): Pick<Destination, 'tls' | 'fetch' | 'agent'> {
  const { fetch, agent, ca, clientCertificate, clientKey } = given;
  const name = fetch ? 'fetch' : agent ? 'agent' : undefined;
  if (name && protocol === 'grpc' && given.protocol) {
    throw new ConfigError(`otlp: '${name}' has no effect with protocol 'grpc'`);
  }
  const idle = (['ca', 'clientCertificate', 'clientKey'] as const).find((file) => given[file] !== undefined);
  if (name && idle && protocol !== 'grpc') {
    throw new ConfigError(`otlp: '${idle}' has no effect beside '${name}'; give one of them`);
  }
  const isOwn = name === undefined || protocol === 'grpc';
  // Beside the user's own fetch or agent those of the environment are idle.
  const files = {
    ca: ca ?? (isOwn ? variables.ca : undefined),
    cert: clientCertificate ?? (isOwn ? variables.cert : undefined),
    key: clientKey ?? (isOwn ? variables.key : undefined),
  };
  const isNamed = files.ca !== undefined || files.cert !== undefined || files.key !== undefined;
  const tls = isNamed && url.protocol === 'https:' ? files : undefined;
  return protocol === 'grpc' ? { tls, fetch: undefined, agent: undefined } : { tls, fetch, agent };
}
