import type { Attributes, SpanData, SpanKind } from '@oc/core/exporter';

/** How Datadog groups a span, where its attributes do not say so themselves. */
export interface Operation {
  /** What kind of work it is: of few different values. */
  readonly name: string;
  /** What it was done to. */
  readonly resource: string;
  readonly type: string;
}

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
export function operationOf({ name, kind, attributes }: SpanData): Operation {
  if (kind !== 'server' && kind !== 'client') return { name: NAME[kind], resource: name, type: 'custom' };
  const method = attributes['http.method'] ?? attributes['http.request.method'];
  const isGrpc = (attributes['rpc.system'] ?? attributes['rpc.system.name']) === 'grpc' || 'grpc.method' in attributes;
  const operation = (method !== undefined && HTTP_NAME[kind]) || (isGrpc && GRPC_NAME[kind]) || NAME[kind];
  if (kind === 'client') {
    return { name: operation, resource: name, type: storeOf(attributes) ?? (method === undefined ? 'custom' : 'http') };
  }
  const route = attributes['http.route'];
  const isRouted = typeof method === 'string' && typeof route === 'string';
  return { name: operation, resource: isRouted ? `${method} ${route}` : name, type: 'web' };
}

function storeOf(attributes: Attributes): 'cache' | 'db' | undefined {
  const system = attributes['db.system.name'] ?? attributes['db.system'] ?? attributes['db.type'];
  return system === undefined ? undefined : CACHES.has(system) ? 'cache' : 'db';
}
