import type { AttributeValue } from '@oc/core/exporter';
import { type Draft, remember } from './draft.ts';
import { textOf } from './json.ts';
import { OPERATION_ATTRIBUTES } from './operation.ts';

/** What is done about an attribute: true when nothing else becomes of it. */
export type Special = (draft: Draft, value: AttributeValue, key: string) => boolean;

/** What OpenTelemetry calls by its present names, and Datadog by the older ones. */
export const ALIASES = [
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
export const SPECIAL: ReadonlyMap<string, Special> = new Map<string, Special>([
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

export function put(draft: Draft, key: string, value: AttributeValue, specials: ReadonlyMap<string, Special>): void {
  if (!specials.get(key)?.(draft, value, key)) putAny(draft, key, value);
}

function putAny(draft: Draft, key: string, value: AttributeValue): true {
  return Number.isFinite(value) ? putMetric(draft, key, value) : putText(draft, key, value);
}

export function putText(draft: Draft, key: string, value: AttributeValue): true {
  draft.meta.push(key, textOf(value));
  return true;
}

export function putMetric(draft: Draft, key: string, value: AttributeValue): true {
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
