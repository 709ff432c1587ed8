import { existsSync } from 'node:fs';
import {
  type Agent,
  ConfigError,
  type Fetch,
  fromCode,
  given,
  integer,
  isPlainObject,
  type Option,
  oneOf,
  option,
  readOptions,
  text,
} from '@oc/core/exporter';
import type { DatadogOptions } from './index.ts';
import type { ErrorRule } from './span.ts';
import type { ProtocolVersion } from './traces.ts';
import { isUnixDgramThere } from './unix.ts';

/** Where HTTP requests go: over TCP, or over a Unix socket. */
export interface HttpAddress {
  readonly url: URL;
  readonly socketPath?: string | undefined;
}

/** Where datagrams go. */
export type DatagramAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** All that was chosen, by code or the environment. */
export interface Settings {
  readonly traces: HttpAddress & { readonly agent: Agent | undefined };
  readonly protocolVersion: ProtocolVersion;
  readonly metrics: 'dogstatsd' | 'api';
  readonly dogstatsd: DatagramAddress;
  readonly api: { readonly url: URL; readonly key: string; readonly agent: Agent | undefined };
  readonly namespace: string;
  /** Those of DD_TAGS, then those of the code. */
  readonly tags: ReadonlyMap<string, string>;
  readonly service: string | undefined;
  readonly env: string | undefined;
  readonly version: string | undefined;
  readonly entityId: string | undefined;
  readonly externalEnv: string | undefined;
  readonly cardinality: string | undefined;
  /** Whether DogStatsD is told the container. */
  readonly tellsOrigin: boolean;
  readonly errorRule: ErrorRule;
  readonly keep: 'sampled' | 'always';
  readonly fetch: Fetch | undefined;
  readonly warnings: readonly string[];
}

const AGENT_SOCKET = '/var/run/datadog/apm.socket';
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const variable = (name: string | readonly string[]): { env: string | readonly string[]; envOnly: true } => {
  return { env: name, envOnly: true };
};
const port = (name: string): Option<number | undefined> =>
  integer(undefined, { min: 1, max: 65_535, ...variable(name) });
const host = (names: readonly string[]): Option<string | undefined> =>
  option<string, undefined>(readHost, readHost, undefined, variable(names));

const SPEC = {
  url: option<HttpAddress, undefined>(readAgent, readAgent, undefined, { env: 'DD_TRACE_AGENT_URL' }),
  agentHost: host(['DD_AGENT_HOST', 'DD_TRACE_AGENT_HOSTNAME']),
  agentPort: port('DD_TRACE_AGENT_PORT'),
  protocolVersion: oneOf(['0.4', '0.5'], '0.4', { env: 'DD_TRACE_AGENT_PROTOCOL_VERSION' }),
  metrics: oneOf(['dogstatsd', 'api'], 'dogstatsd'),
  dogstatsdUrl: option<DatagramAddress, undefined>(readDogstatsd, readDogstatsd, undefined, {
    env: 'DD_DOGSTATSD_URL',
  }),
  dogstatsdHost: host(['DD_DOGSTATSD_HOST']),
  dogstatsdPort: port('DD_DOGSTATSD_PORT'),
  apiKey: option(readKey, readKey, undefined, { env: 'DD_API_KEY' }),
  site: option(readHost, readHost, 'datadoghq.com', { env: 'DD_SITE' }),
  apiUrl: fromCode(readApi, undefined),
  apiAgent: given<Agent>('object'),
  namespace: text(''),
  tags: fromCode(readTags, new Map<string, string>()),
  tagsOfEnvironment: option(readTags, parseTags, new Map<string, string>(), variable('DD_TAGS')),
  service: text(undefined, variable('DD_SERVICE')),
  env: text(undefined, variable('DD_ENV')),
  version: text(undefined, variable('DD_VERSION')),
  entityId: text(undefined, variable('DD_ENTITY_ID')),
  externalEnv: text(undefined, variable('DD_EXTERNAL_ENV')),
  cardinality: oneOf(['none', 'low', 'orchestrator', 'high'], undefined, variable('DD_CARDINALITY')),
  originDetection: oneOf(['true', 'false', '1', '0'], 'true', variable('DD_ORIGIN_DETECTION_ENABLED')),
  errorRule: oneOf(['by-kind', 'opencensus-go'], 'by-kind'),
  keep: oneOf(['sampled', 'always'], 'sampled'),
  fetch: given<Fetch>('function'),
  agent: given<Agent>('object'),
};

/** Reads options and environment. @throws ConfigError for wrong options. */
export function readSettings(given: DatadogOptions | undefined): Settings {
  const { options, warnings } = readOptions('datadog', given, SPEC);
  const { agentHost, agentPort, dogstatsdHost, dogstatsdPort, tagsOfEnvironment, originDetection } = options;
  if (options.metrics === 'api' && !options.apiKey) {
    throw new ConfigError("datadog: metrics 'api' needs an 'apiKey', or DD_API_KEY in the environment");
  }
  const isChosen = [agentHost, agentPort, options.fetch, options.agent].some((each) => each !== undefined);
  const found = !isChosen && existsSync(AGENT_SOCKET) ? ofSocket(AGENT_SOCKET) : ofHost(agentHost, agentPort);
  return {
    ...options,
    traces: { ...(options.url ?? found), agent: options.agent },
    dogstatsd: options.dogstatsdUrl ?? { host: dogstatsdHost ?? agentHost ?? '127.0.0.1', port: dogstatsdPort ?? 8125 },
    api: {
      url: options.apiUrl ?? new URL(`https://api.${options.site}/api/v2/series`),
      key: options.apiKey ?? '',
      agent: options.apiAgent,
    },
    tags: new Map([...tagsOfEnvironment, ...options.tags]),
    tellsOrigin: originDetection === 'true' || originDetection === '1',
    warnings,
  };
}

function ofSocket(socketPath: string): HttpAddress {
  return { url: new URL('http://localhost'), socketPath };
}

function ofHost(name = '127.0.0.1', number = 8126): HttpAddress {
  return { url: new URL(`http://${name.includes(':') ? `[${name}]` : name}:${number}`) };
}

function readAgent(value: unknown): HttpAddress {
  const url = parsed(value);
  if (url?.protocol === 'unix:' && isSocket(value)) return ofSocket(decodeURIComponent(url.pathname));
  if (url && /^https?:$/.test(url.protocol)) return { url };
  throw new Error("must be an absolute URL that begins with 'http://', 'https://' or 'unix:///'");
}

function readDogstatsd(value: unknown): DatagramAddress {
  const url = parsed(value);
  if (url?.protocol === 'unix:' && isSocket(value)) {
    if (isUnixDgramThere()) return { path: decodeURIComponent(url.pathname) };
    throw new Error('is a Unix socket, which needs the package unix-dgram: npm install unix-dgram');
  }
  if (url?.protocol === 'udp:' && /\D/.test(url.hostname) && /^\/?$/.test(url.pathname)) {
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 8125) };
  }
  throw new Error("must look like 'udp://host:port' or 'unix:///path'");
}

function isSocket(value: unknown): boolean {
  return /^unix:\/\/\/./.test(String(value));
}

function readApi(value: unknown): URL {
  const url = parsed(value);
  if (!url || !/^https?:$/.test(url.protocol)) throw new Error("must be an absolute URL that begins with 'https://'");
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new Error("must begin with 'https://': the key would be there to read for everybody on the way");
  }
  if (url.pathname === '/') url.pathname = '/api/v2/series';
  return url;
}

function readHost(value: unknown): string {
  const name = String(value);
  const url = parsed(`http://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}`);
  if (typeof value === 'string' && url?.pathname === '/' && !url.port && !/[/?#@]/.test(name)) {
    return url.hostname.replace(/^\[|\]$/g, '');
  }
  throw new Error('must be the name or address of a host, without scheme and port');
}

function readKey(value: unknown): string {
  if (typeof value === 'string' && /^[!-~]+$/.test(value)) return value;
  throw new Error('must be a text without blanks and control characters');
}

function readTags(value: unknown): ReadonlyMap<string, string> {
  const entries = isPlainObject(value) ? Object.entries(value) : [['', value] as const];
  if (entries.every(([key, tag]) => key !== '' && typeof tag === 'string'))
    return new Map(entries as [string, string][]);
  throw new Error('must be an object of names and texts');
}

/** 'k:v' and commas, or blanks where there is no comma; what follows the first ':' is the value. */
function parseTags(list: string): ReadonlyMap<string, string> {
  const pairs = list.split(list.includes(',') ? ',' : /\s+/).map((pair) => pair.trim().split(/:(.*)/s, 2));
  return new Map(pairs.filter(([key]) => key).map(([key = '', value = '']) => [key.trim(), value.trim()]));
}

// URL.parse, which does not throw, is missing in Node 20.
function parsed(value: unknown): URL | undefined {
  try {
    return new URL(String(value));
  } catch {
    return undefined;
  }
}
