import {
  type Annotation,
  type AttributeValue,
  type Link,
  type MessageEvent,
  type SpanData,
  STATUS_CODES,
} from '@oc/core/exporter';
import * as fc from 'fast-check';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', 'false', '"', '\\', 'null', '\u2028', '\0', 'true', 'x'.repeat(300)),
);
const key = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  fc.constantFrom('error', 'error.type', 'error.msg', 'error.stack', 'env', 'opencensus.status', 'w3c.tracestate'),
  fc.constantFrom('service.name', 'resource.name', 'span.type', 'span.name', 'sampling.priority', 'analytics.event'),
  fc.constantFrom('events', 'span.kind', '_dd.p.tid', 'constructor', 'toString', '7'),
  fc.constantFrom(
    'http.method',
    'http.route',
    'http.status_code',
    'http.response.status_code',
    'db.system',
    'rpc.system',
  ),
);
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  text,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.array(text, { maxLength: 3 }),
  fc.array(fc.double(), { maxLength: 3 }),
  fc.array(fc.boolean(), { maxLength: 3 }),
);
// The decoder has no such key, and that of an object would be its prototype.
const attributes = fc.dictionary(
  key.filter((name) => name !== '__proto__'),
  value,
  { maxKeys: 6 },
);
const time = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: Number.MAX_SAFE_INTEGER }));
const hex = (digits: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits });
const count = fc.oneof(fc.constant(0), fc.nat({ max: 3 }));
const traceId = fc.oneof(hex(32), fc.constantFrom('7d1f4a52c0b94e6388a1d6f05b3e2c97', `${'0'.repeat(31)}1`));
const maybe = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(each, { nil: undefined });

/** Any span that core could hand over. */
export const anySpan: fc.Arbitrary<SpanData> = fc
  .record({
    traceId,
    spanId: hex(16),
    parentSpanId: maybe(hex(16).filter((id) => /[^0]/.test(id))),
    traceState: maybe(text),
    remoteParent: fc.boolean(),
    name: text,
    kind: fc.constantFrom('unspecified', 'client', 'server', 'producer', 'consumer'),
    start: time,
    took: fc.nat({ max: 3_600_000_000 }),
    scope: maybe(fc.record({ name: text, version: maybe(text) })),
    status: fc.record({ code: fc.nat({ max: 16 }), message: maybe(text) }),
    attributes,
    annotations: fc.array(
      fc.record<Annotation>({ time, description: fc.oneof(text, fc.constant('exception')), attributes }),
      { maxLength: 3 },
    ),
    messageEvents: fc.array(
      fc.record<MessageEvent>({
        time,
        type: fc.constantFrom('sent', 'received'),
        id: fc.nat(),
        uncompressedBytes: maybe(fc.nat()),
      }),
      { maxLength: 3 },
    ),
    links: fc.array(
      fc.record<Link>({
        traceId: hex(32),
        spanId: hex(16),
        type: fc.constantFrom('unspecified', 'child', 'parent'),
        attributes,
      }),
      { maxLength: 2 },
    ),
    dropped: fc.record({ attributes: count, annotations: count, messageEvents: count, links: count }),
  })
  .map(({ took, ...span }) => ({ ...span, end: span.start + took }));

const low = (id: string): bigint => BigInt(`0x${id.slice(-16)}`);
const nanos = (micros: number): bigint => {
  const exact = BigInt(micros) * 1_000n;
  const most = 9_223_372_036_854_774_000n;
  return exact < most ? exact : most;
};
const SERVER_FAULTS = ['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'];
const RENAMED = ['_dd.p.tid', '_dd.span_links', '_dd1.sr.eausr', '_sampling_priority_v1', 'events', 'span.kind'];

/** The mapping once more, without regard to speed: chunks, with the JSON in them as values. */
export function expectedOf(spans: readonly SpanData[]): unknown[] {
  const ids = [...new Set(spans.map((span) => span.traceId))];
  return ids.map((id) =>
    spans.filter((span) => span.traceId === id).map((span, place) => expectedSpan(span, place === 0)),
  );
}

function expectedSpan(span: SpanData, isFirst: boolean): unknown {
  const { kind, status } = span;
  const own = new Map(Object.entries(span.attributes));
  const meta: Record<string, unknown> = { 'span.kind': kind === 'unspecified' ? 'internal' : kind };
  const metrics: Record<string, number> = {};
  if (!own.has('env')) meta.env = 'prod';
  if (isFirst) {
    if (low(span.traceId.slice(0, 16)) > 0n) meta['_dd.p.tid'] = span.traceId.slice(0, 16);
    metrics._sampling_priority_v1 = 1;
  }
  const fields = { service: 'shop', name: '', resource: '', type: '' };
  const statusName = STATUS_CODES[status.code] ?? '';
  let isError = status.code > 0 && (kind !== 'server' || SERVER_FAULTS.includes(statusName));
  const fieldOf: Record<string, keyof typeof fields> = {
    'service.name': 'service',
    'resource.name': 'resource',
    'span.type': 'type',
    'span.name': 'name',
  };
  for (const [key, value] of own) {
    const field = Object.hasOwn(fieldOf, key) ? fieldOf[key] : undefined;
    if (field && typeof value === 'string' && value) fields[field] = value;
    else if (key === 'error') isError = !(value === false || value === 'false' || value === 0 || value === '');
    else if (key === 'analytics.event') metrics['_dd1.sr.eausr'] = value === false || value === 'false' ? 0 : 1;
    else if (key === 'sampling.priority' && Number.isFinite(value)) metrics._sampling_priority_v1 = value as number;
    else if (typeof value === 'number' && Number.isFinite(value) && !key.endsWith('.status_code')) {
      metrics[RENAMED.includes(key) ? `attribute.${key}` : key] = value;
    } else meta[RENAMED.includes(key) ? `attribute.${key}` : key] = textOf(value);
  }

  const method = own.get('http.method');
  const route = own.get('http.route');
  const isCalled = kind === 'client' || kind === 'server';
  const operation =
    isCalled && method !== undefined
      ? `http.${kind}.request`
      : isCalled && own.get('rpc.system') === 'grpc'
        ? `grpc.${kind}`
        : `opencensus.${kind === 'unspecified' ? 'internal' : kind}`;
  const isRouted = kind === 'server' && typeof method === 'string' && typeof route === 'string';
  const store = own.get('db.system');
  const clientType =
    store === 'redis' ? 'cache' : store !== undefined ? 'db' : method !== undefined ? 'http' : 'custom';
  fields.name ||= operation;
  fields.resource ||= isRouted ? `${method} ${route}` : span.name;
  fields.type ||= kind === 'server' ? 'web' : kind === 'client' ? clientType : 'custom';

  const missing = (key: string, value: unknown): void => {
    if (value !== undefined && value !== '' && !own.has(key)) meta[key] = textOf(value as AttributeValue);
  };
  if (isCalled) missing('http.status_code', own.get('http.response.status_code'));
  if (status.code > 0) {
    missing('opencensus.status_code', `${status.code}`);
    missing('opencensus.status', statusName);
    missing('opencensus.status_description', status.message);
  }
  if (isError) {
    const last = span.annotations.filter(({ description }) => description === 'exception').at(-1)?.attributes ?? {};
    const error = own.get('error');
    missing(
      'error.type',
      Object.hasOwn(last, 'exception.type') ? last['exception.type'] : status.code > 0 ? statusName : '',
    );
    missing('error.msg', typeof error === 'string' ? error : status.message || last['exception.message']);
    missing('error.stack', last['exception.stacktrace']);
  }
  const events = [
    ...span.annotations.map((each) => ({
      time_unix_nano: `${BigInt(each.time) * 1_000n}`,
      name: each.description,
      ...(Object.keys(each.attributes).length > 0 && { attributes: jsonOf(each.attributes) }),
    })),
    ...span.messageEvents.map(({ time: at, type, id, uncompressedBytes }) => ({
      time_unix_nano: `${BigInt(at) * 1_000n}`,
      name: 'message',
      attributes: { type, id, ...(uncompressedBytes !== undefined && { uncompressed_size: uncompressedBytes }) },
    })),
  ];
  if (events.length > 0) meta.events = events;
  const links = span.links.map((link) => {
    const of = Object.fromEntries(Object.entries(link.attributes).map(([name, each]) => [name, textOf(each)]));
    const all = { ...of, ...(link.type !== 'unspecified' && { 'opencensus.link.type': link.type }) };
    const ids = { trace_id: link.traceId, span_id: link.spanId };
    return Object.keys(all).length > 0 ? { ...ids, attributes: all } : ids;
  });
  if (links.length > 0) meta['_dd.span_links'] = links;
  missing('w3c.tracestate', span.traceState);
  missing('otel.scope.name', span.scope?.name);
  missing('otel.scope.version', span.scope?.version);
  const dropped = span.dropped;
  const lost = {
    attributes: dropped.attributes,
    events: dropped.annotations + dropped.messageEvents,
    links: dropped.links,
  };
  for (const [what, many] of Object.entries(lost)) if (many > 0) metrics[`opencensus.dropped_${what}`] = many;
  return {
    ...fields,
    trace_id: low(span.traceId),
    span_id: low(span.spanId),
    parent_id: span.parentSpanId ? low(span.parentSpanId) : 0,
    start: nanos(span.start),
    duration: nanos(span.end - span.start),
    error: isError ? 1 : 0,
    meta,
    metrics,
  };
}

function textOf(value: AttributeValue): string {
  return typeof value === 'object' ? JSON.stringify(jsonOf(value)) : `${value}`;
}

/** With words for numbers that JSON does not know, and without the sign of a zero, which it does not write. */
function jsonOf(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : `${value}`;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, jsonOf(each)]));
}
