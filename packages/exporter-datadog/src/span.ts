import { type AttributeValue, type SpanData, type SpanKind, STATUS_CODES, type UnixMicros } from '@oc/core/exporter';
import { eventsOf, linksOf, textOf } from './json.ts';
import { operationOf } from './operation.ts';

/** A span in Datadog's terms; both versions of the wire format are made of it. */
export interface DatadogSpan {
  service: string;
  name: string;
  resource: string;
  type: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly start: UnixMicros;
  /** Microseconds. */
  readonly duration: number;
  error: 0 | 1;
  /** Keys and values in turn, no key twice. */
  readonly meta: string[];
  /** Keys and values in turn, no key twice. */
  readonly metrics: (string | number)[];
}

/** When a span with a status other than OK counts as an error. */
export type ErrorRule = 'by-kind' | 'opencensus-go';

/** What all spans of one message have in common. */
export interface SpanContext {
  readonly service: string;
  /** What each span carries in `meta`, unless it has an attribute of that name. */
  readonly meta: readonly (readonly [key: string, value: string])[];
  readonly errorRule: ErrorRule;
  /** Datadog's sampling priority of a trace: 1 kept by a sampler, 2 kept by the user's will. */
  readonly priority: 1 | 2;
}

// Datadog counts what a server answers to a wrong request as no error of the server. These codes are the server's own.
const SERVER_FAULTS = new Set([2, 4, 12, 13, 14, 15]);

const ERROR: Readonly<Record<ErrorRule, (kind: SpanKind, code: number) => boolean>> = {
  'by-kind': (kind, code) => kind !== 'server' || SERVER_FAULTS.has(code),
  'opencensus-go': (kind, code) =>
    kind === 'server' ? SERVER_FAULTS.has(code) : kind !== 'client' || !SERVER_FAULTS.has(code),
};

/**
 * What Datadog gets of a span. The first one of each chunk carries what is told of the whole trace: its sampling
 * priority, and the upper half of its id, for which there is no field.
 */
export function datadogSpanOf(span: SpanData, context: SpanContext, isFirst: boolean): DatadogSpan {
  const { traceId, kind, start, status, attributes } = span;
  const draft: DatadogSpan = {
    service: context.service,
    name: '',
    resource: '',
    type: '',
    traceId,
    spanId: span.spanId,
    parentId: span.parentSpanId,
    start,
    duration: span.end - start,
    error: status.code !== 0 && ERROR[context.errorRule](kind, status.code) ? 1 : 0,
    meta: [],
    metrics: [],
  };
  const { meta, metrics } = draft;
  if (isFirst && !traceId.startsWith('0000000000000000')) meta.push('_dd.p.tid', traceId.slice(0, 16));
  meta.push('span.kind', kind === 'unspecified' ? 'internal' : kind);
  for (const [key, value] of context.meta) if (!Object.hasOwn(attributes, key)) meta.push(key, value);
  if (isFirst && !Number.isFinite(attributes['sampling.priority'])) {
    metrics.push('_sampling_priority_v1', context.priority);
  }
  for (const key in attributes) put(draft, key, attributes[key] as AttributeValue);

  const { name, resource, type } = operationOf(span);
  draft.name ||= name;
  draft.resource ||= resource;
  draft.type ||= type;
  putOthers(draft, span);
  return draft;
}

type Draft = DatadogSpan;
type Special = (draft: Draft, value: AttributeValue) => boolean;

/** Attributes that mean something to Datadog: true when nothing else becomes of them. */
const SPECIAL: ReadonlyMap<string, Special> = new Map<string, Special>([
  ['service.name', isField('service')],
  ['resource.name', isField('resource')],
  ['span.type', isField('type')],
  ['span.name', isField('name')],
  ['operation.name', isField('name')],
  ['sampling.priority', (draft, value) => Number.isFinite(value) && putMetric(draft, '_sampling_priority_v1', value)],
  ['analytics.event', (draft, value) => putMetric(draft, '_dd1.sr.eausr', isFalse(value) ? 0 : 1)],
  ['error', (draft, value) => isError(draft, value)],
  // Datadog looks for it among the texts.
  ['http.status_code', (draft, value) => putText(draft, 'http.status_code', value)],
  ['http.response.status_code', (draft, value) => putText(draft, 'http.response.status_code', value)],
  // By these names it is told something else; attributes of that name keep their values under another.
  ...['_dd.p.tid', '_dd.span_links', '_dd1.sr.eausr', '_sampling_priority_v1', 'events', 'span.kind'].map(
    (key): [string, Special] => [key, (draft, value) => put(draft, `attribute.${key}`, value)],
  ),
]);

/** Whether a name is one that Datadog reads something special out of. */
export function isSpecial(key: string): boolean {
  return SPECIAL.has(key);
}

function put(draft: Draft, key: string, value: AttributeValue): boolean {
  if (SPECIAL.get(key)?.(draft, value)) return true;
  return Number.isFinite(value) ? putMetric(draft, key, value) : putText(draft, key, value);
}

function putText(draft: Draft, key: string, value: AttributeValue): true {
  draft.meta.push(key, textOf(value));
  return true;
}

function putMetric(draft: Draft, key: string, value: AttributeValue): true {
  draft.metrics.push(key, value as number);
  return true;
}

function isField(field: 'service' | 'resource' | 'type' | 'name'): Special {
  return (draft, value) => {
    if (typeof value !== 'string' || value === '') return false;
    draft[field] = value;
    return true;
  };
}

/** It goes before what the status says; a text is the error's message. */
function isError(draft: Draft, value: AttributeValue): true {
  draft.error = isFalse(value) || value === 0 || value === '' ? 0 : 1;
  return true;
}

function isFalse(value: AttributeValue | undefined): boolean {
  return value === false || value === 'false';
}

/** What OpenTelemetry calls by its present names, and Datadog by the older ones. */
const ALIASES = [
  ['http.status_code', 'http.response.status_code'],
  ['http.method', 'http.request.method'],
  ['http.url', 'url.full'],
] as const;

/** All that is no attribute. Here and below, an attribute of the same name goes before it. */
function putOthers(draft: Draft, span: SpanData): void {
  const { kind, status, dropped, scope, traceState } = span;
  if (kind === 'server' || kind === 'client') {
    for (const [name, present] of ALIASES) putMissing(draft, span, name, span.attributes[present]);
  }
  if (status.code !== 0) {
    putMissing(draft, span, 'opencensus.status_code', `${status.code}`);
    putMissing(draft, span, 'opencensus.status', STATUS_CODES[status.code]);
    putMissing(draft, span, 'opencensus.status_description', status.message);
  }
  if (draft.error) putError(draft, span);

  const events = eventsOf(span);
  const links = linksOf(span);
  if (events.json) draft.meta.push('events', events.json);
  if (links.json) draft.meta.push('_dd.span_links', links.json);
  if (traceState) putMissing(draft, span, 'w3c.tracestate', traceState);
  if (scope) {
    putMissing(draft, span, 'otel.scope.name', scope.name);
    putMissing(draft, span, 'otel.scope.version', scope.version);
  }
  putCount(draft, span, 'opencensus.dropped_attributes', dropped.attributes);
  putCount(draft, span, 'opencensus.dropped_events', dropped.annotations + dropped.messageEvents + events.cut);
  putCount(draft, span, 'opencensus.dropped_links', dropped.links + links.cut);
}

/** The last error that was recorded, and what the status says where it says nothing. */
function putError(draft: Draft, span: SpanData): void {
  const { status, attributes, annotations } = span;
  const { error } = attributes;
  const exception = annotations.findLast(({ description }) => description === 'exception')?.attributes;
  const statusName = status.code === 0 ? undefined : STATUS_CODES[status.code];
  const message = typeof error === 'string' ? error : status.message || exception?.['exception.message'];
  putMissing(draft, span, 'error.type', exception?.['exception.type'] ?? statusName);
  putMissing(draft, span, 'error.msg', message);
  putMissing(draft, span, 'error.stack', exception?.['exception.stacktrace']);
}

function putMissing(draft: Draft, { attributes }: SpanData, key: string, value: AttributeValue | undefined): void {
  if (value !== undefined && value !== '' && !Object.hasOwn(attributes, key)) putText(draft, key, value);
}

function putCount(draft: Draft, { attributes }: SpanData, key: string, value: number): void {
  if (value > 0 && !Object.hasOwn(attributes, key)) putMetric(draft, key, value);
}
