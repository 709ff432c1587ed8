import {
  type AttributeValue,
  attributeListOf,
  readIds,
  type SpanData,
  type SpanKind,
  STATUS_CODES,
} from '@oc/core/exporter';
import { ALIASES, put, putMetric, putText, SPECIAL, type Special } from './attributes.ts';
import { type DatadogSpan, Draft, isMissing, NOTHING_KNOWN, remember } from './draft.ts';
import { writeEvents, writeLinks } from './json.ts';
import { operationOf } from './operation.ts';

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
 * Makes the spans of one message, each in the place of the one before it: an object for each, and its lists, would be
 * most of the message's cost. The first span of each chunk carries what is told of the whole trace: its sampling priority,
 * and the upper half of its id, for which there is no field.
 */
export function spanMaker(context: SpanContext): (span: SpanData, isFirst: boolean) => DatadogSpan {
  const draft = new Draft(new Set(context.meta.map(([key]) => key)));
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

/** All that is no attribute. Here and below, an attribute or a tag of all spans that has the same name goes before it. */
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
  if (value !== undefined && value !== '' && isFree(draft, key)) putText(draft, key, value);
}

function putCount(draft: Draft, key: string, value: number): void {
  if (value > 0 && isFree(draft, key)) putMetric(draft, key, value);
}

function isFree(draft: Draft, key: string): boolean {
  return isMissing(draft, key) && !draft.common.has(key);
}
