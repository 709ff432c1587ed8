import {
  type AttributeValue,
  attributeListOf,
  readIds,
  type SpanData,
  type SpanKind,
  STATUS_CODES,
  type UnixMicros,
} from '@oc/core/exporter';
import { FittingList, textOf, writeEvents, writeLinks } from './json.ts';
import { type KnownAttributes, OPERATION_ATTRIBUTES, operationOf } from './operation.ts';

/** A span in Datadog's terms; both versions of the wire format are made of it. */
export interface DatadogSpan {
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly type: string;
  /** As `readIds` reads them. */
  readonly ids: Int32Array;
  readonly start: UnixMicros;
  /** Microseconds. */
  readonly duration: number;
  readonly error: 0 | 1;
  readonly meta: Pairs<string>;
  readonly metrics: Pairs<number>;
  /** What belongs into `meta` too, unless it is empty. */
  readonly events: FittingList;
  readonly links: FittingList;
}

/** Keys and values, no key twice. */
export class Pairs<V> {
  /** Key, value, key, value: as far as `length` goes. */
  readonly list: (string | V)[] = [];
  length = 0;

  push(key: string, value: V): void {
    this.list[this.length] = key;
    this.list[this.length + 1] = value;
    this.length += 2;
  }
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

/** What is done about an attribute: true when nothing else becomes of it. */
type Special = (draft: Draft, value: AttributeValue, key: string) => boolean;

/**
 * Makes the spans of one message, each in the place of the one before it: an object for each, and its lists, would be
 * most of the message's cost. The first span of each chunk carries what is told of the whole trace: its sampling priority,
 * and the upper half of its id, for which there is no field.
 */
export function spanMaker(context: SpanContext): (span: SpanData, isFirst: boolean) => DatadogSpan {
  const draft = new Draft();
  const { meta, metrics, ids } = draft;
  // What all spans carry is known too, since an attribute of that name goes before it.
  const specials = new Map([...context.meta.map(([key]): [string, Special] => [key, remember]), ...SPECIAL]);

  return (span, isFirst) => {
    const { kind, start, status } = span;
    readIds(span, ids);
    draft.begin(context.service);
    draft.start = start;
    draft.duration = span.end - start;
    draft.error = status.code !== 0 && ERROR[context.errorRule](kind, status.code) ? 1 : 0;

    if (isFirst && ((ids[0] as number) | (ids[1] as number)) !== 0) meta.push('_dd.p.tid', span.traceId.slice(0, 16));
    meta.push('span.kind', kind === 'unspecified' ? 'internal' : kind);
    const attributes = attributeListOf(span);
    for (let i = 0; i < attributes.length; i += 2) {
      put(draft, attributes[i] as string, attributes[i + 1] as AttributeValue, specials);
    }
    const { known } = draft;
    for (const [key, value] of context.meta) if (isMissing(draft, key)) meta.push(key, value);
    if (isFirst && (known === NOTHING_KNOWN || !Number.isFinite(known['sampling.priority']))) {
      metrics.push('_sampling_priority_v1', context.priority);
    }
    const { name, resource, type } = operationOf(span, known === NOTHING_KNOWN ? undefined : known);
    draft.name ||= name;
    draft.resource ||= resource;
    draft.type ||= type;
    putOthers(draft, span);
    return draft;
  };
}

const NOTHING_KNOWN: KnownAttributes = Object.freeze(Object.create(null));

class Draft implements DatadogSpan {
  service = '';
  name = '';
  resource = '';
  type = '';
  readonly ids = new Int32Array(8);
  start = 0;
  duration = 0;
  error: 0 | 1 = 0;
  readonly meta = new Pairs<string>();
  readonly metrics = new Pairs<number>();
  readonly events = new FittingList();
  readonly links = new FittingList();
  /** The attributes that decide about others. */
  known: Record<string, AttributeValue | undefined> = NOTHING_KNOWN;

  begin(service: string): void {
    this.service = service;
    this.name = '';
    this.resource = '';
    this.type = '';
    this.meta.length = 0;
    this.metrics.length = 0;
    this.known = NOTHING_KNOWN;
  }
}

/** Keeps an attribute in sight. */
function remember(draft: Draft, value: AttributeValue, key: string): false {
  if (draft.known === NOTHING_KNOWN) draft.known = Object.create(null);
  draft.known[key] = value;
  return false;
}

/** Whether no attribute has that name, of those that are kept in sight. */
function isMissing({ known }: Draft, key: string): boolean {
  return known === NOTHING_KNOWN || known[key] === undefined; // most spans have none, and looking into an object takes time
}

/** What OpenTelemetry calls by its present names, and Datadog by the older ones. */
const ALIASES = [
  ['http.status_code', 'http.response.status_code'],
  ['http.method', 'http.request.method'],
  ['http.url', 'url.full'],
] as const;

/** Under these names we put something, unless there is an attribute. */
const OURS = [
  ...['opencensus.status_code', 'opencensus.status', 'opencensus.status_description', 'w3c.tracestate'],
  ...['opencensus.dropped_attributes', 'opencensus.dropped_events', 'opencensus.dropped_links'],
  ...['otel.scope.name', 'otel.scope.version', 'error.type', 'error.msg', 'error.stack'],
];

/** Attributes that mean something to Datadog, or decide about others. */
const SPECIAL: ReadonlyMap<string, Special> = new Map<string, Special>([
  ...[...OPERATION_ATTRIBUTES, ...ALIASES.flat(), ...OURS].map((key): [string, Special] => [key, remember]),
  ['service.name', isField('service')],
  ['resource.name', isField('resource')],
  ['span.type', isField('type')],
  ['span.name', isField('name')],
  ['operation.name', isField('name')],
  ['sampling.priority', isPriority],
  ['analytics.event', (draft, value) => putMetric(draft, '_dd1.sr.eausr', isFalse(value) ? 0 : 1)],
  ['error', isError],
  // Datadog looks for it among the texts.
  ['http.status_code', putKnownText],
  ['http.response.status_code', putKnownText],
  // By these names it is told something else; attributes of that name keep their values under another.
  ...['_dd.p.tid', '_dd.span_links', '_dd1.sr.eausr', '_sampling_priority_v1', 'events', 'span.kind'].map(
    (key): [string, Special] => [key, (draft, value) => putAny(draft, `attribute.${key}`, value)],
  ),
]);

/** Whether a name is one that Datadog reads something special out of. */
export function isSpecial(key: string): boolean {
  const special = SPECIAL.get(key);
  return special !== undefined && special !== remember;
}

function put(draft: Draft, key: string, value: AttributeValue, specials: ReadonlyMap<string, Special>): void {
  if (!specials.get(key)?.(draft, value, key)) putAny(draft, key, value);
}

function putAny(draft: Draft, key: string, value: AttributeValue): true {
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

function putKnownText(draft: Draft, value: AttributeValue, key: string): true {
  remember(draft, value, key);
  return putText(draft, key, value);
}

function isPriority(draft: Draft, value: AttributeValue, key: string): boolean {
  remember(draft, value, key);
  return Number.isFinite(value) && putMetric(draft, '_sampling_priority_v1', value);
}

function isField(field: 'service' | 'resource' | 'type' | 'name'): Special {
  return (draft, value) => {
    if (typeof value !== 'string' || value === '') return false;
    draft[field] = value;
    return true;
  };
}

/** It goes before what the status says; a text is the error's message. */
function isError(draft: Draft, value: AttributeValue, key: string): true {
  remember(draft, value, key);
  draft.error = isFalse(value) || value === 0 || value === '' ? 0 : 1;
  return true;
}

function isFalse(value: AttributeValue | undefined): boolean {
  return value === false || value === 'false';
}

/** All that is no attribute. Here and below, an attribute of the same name goes before it. */
function putOthers(draft: Draft, span: SpanData): void {
  const { kind, status, dropped, scope, traceState } = span;
  if (draft.known !== NOTHING_KNOWN && (kind === 'server' || kind === 'client')) {
    for (const [name, present] of ALIASES) putMissing(draft, name, draft.known[present]);
  }
  if (status.code !== 0) {
    putMissing(draft, 'opencensus.status_code', `${status.code}`);
    putMissing(draft, 'opencensus.status', STATUS_CODES[status.code]);
    putMissing(draft, 'opencensus.status_description', status.message);
  }
  if (draft.error) putError(draft, span);

  const { events, links } = draft;
  writeEvents(events, span);
  writeLinks(links, span);
  if (traceState) putMissing(draft, 'w3c.tracestate', traceState);
  if (scope) {
    putMissing(draft, 'otel.scope.name', scope.name);
    putMissing(draft, 'otel.scope.version', scope.version);
  }
  putCount(draft, 'opencensus.dropped_attributes', dropped.attributes);
  putCount(draft, 'opencensus.dropped_events', dropped.annotations + dropped.messageEvents + events.cut);
  putCount(draft, 'opencensus.dropped_links', dropped.links + links.cut);
}

/** The last error that was recorded, and what the status says where it says nothing. */
function putError(draft: Draft, span: SpanData): void {
  const { status, annotations } = span;
  const { error } = draft.known;
  const exception = annotations.findLast(({ description }) => description === 'exception')?.attributes;
  const statusName = status.code === 0 ? undefined : STATUS_CODES[status.code];
  const message = typeof error === 'string' ? error : status.message || exception?.['exception.message'];
  putMissing(draft, 'error.type', exception?.['exception.type'] ?? statusName);
  putMissing(draft, 'error.msg', message);
  putMissing(draft, 'error.stack', exception?.['exception.stacktrace']);
}

function putMissing(draft: Draft, key: string, value: AttributeValue | undefined): void {
  if (value !== undefined && value !== '' && isMissing(draft, key)) putText(draft, key, value);
}

function putCount(draft: Draft, key: string, value: number): void {
  if (value > 0 && isMissing(draft, key)) putMetric(draft, key, value);
}
