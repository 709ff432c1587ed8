import type { AttributeValue, SpanData, SpanKind } from '@oc/core/exporter';

/** How Datadog groups a span, where its attributes do not say so themselves. */
export interface Operation {
  /** What kind of work it is: of few different values. */
  readonly name: string;
  /** What it was done to. */
  readonly resource: string;
  readonly type: string;
}

/** Some attributes of a span, by their names. */
export type KnownAttributes = Readonly<Record<string, AttributeValue | undefined>>;

/** What has to be known to tell. */
export const OPERATION_ATTRIBUTES: readonly string[] = [
  ...['http.method', 'http.request.method', 'http.route', 'rpc.system', 'rpc.system.name', 'grpc.method'],
  ...['db.system.name', 'db.system', 'db.type'],
];

const NAME: Readonly<Record<SpanKind, string>> = {
  unspecified: 'opencensus.internal',
  server: 'opencensus.server',
  client: 'opencensus.client',
  producer: 'opencensus.producer',
  consumer: 'opencensus.consumer',
};
const HTTP_NAME: Partial<Record<SpanKind, string>> = { server: 'http.server.request', client: 'http.client.request' };
const GRPC_NAME: Partial<Record<SpanKind, string>> = { server: 'grpc.server', client: 'grpc.client' };
const CACHES: ReadonlySet<unknown> = new Set(['redis', 'memcached', 'valkey']);

/** By the attributes of OpenCensus and of OpenTelemetry, its older names and its present ones. */
export function operationOf({ name, kind }: SpanData, known: KnownAttributes | undefined): Operation {
  if (!known || (kind !== 'server' && kind !== 'client')) {
    return { name: NAME[kind], resource: name, type: kind === 'server' ? 'web' : 'custom' };
  }
  const method = known['http.method'] ?? known['http.request.method'];
  const isGrpc = (known['rpc.system'] ?? known['rpc.system.name']) === 'grpc' || known['grpc.method'] !== undefined;
  const operation = (method !== undefined && HTTP_NAME[kind]) || (isGrpc && GRPC_NAME[kind]) || NAME[kind];
  if (kind === 'client') {
    return { name: operation, resource: name, type: storeOf(known) ?? (method === undefined ? 'custom' : 'http') };
  }
  const route = known['http.route'];
  const isRouted = typeof method === 'string' && typeof route === 'string';
  return { name: operation, resource: isRouted ? `${method} ${route}` : name, type: 'web' };
}

function storeOf(known: KnownAttributes): 'cache' | 'db' | undefined {
  const system = known['db.system.name'] ?? known['db.system'] ?? known['db.type'];
  return system === undefined ? undefined : CACHES.has(system) ? 'cache' : 'db';
}
