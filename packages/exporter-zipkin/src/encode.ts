import {
  type Attributes,
  type AttributeValue,
  type SpanData,
  type SpanKind,
  STATUS_CODES,
  type UnixMicros,
} from '@oc/core/exporter';
import { type Endpoint, remoteEndpointOf } from './endpoint.ts';

/** A span in Zipkin's terms, by the names of its JSON; both encodings are made of it. Undefined means left out. */
export interface ZipkinSpan {
  /** Ids are lower-case hex digits. */
  readonly traceId: string;
  readonly parentId: string | undefined;
  readonly id: string;
  readonly kind: 'CLIENT' | 'SERVER' | 'PRODUCER' | 'CONSUMER' | undefined;
  readonly name: string;
  readonly timestamp: UnixMicros;
  /** Microseconds. */
  readonly duration: number;
  readonly localEndpoint: Endpoint | undefined;
  readonly remoteEndpoint: Endpoint | undefined;
  readonly annotations: readonly { readonly timestamp: UnixMicros; readonly value: string }[] | undefined;
  readonly tags: Readonly<Record<string, string>>;
  // Its `debug` would make every server on the way keep the span; `shared` is for a span that has its caller's id.
}

// Zipkin has no word for a span within one service, and refuses a message with a word that it does not know.
const KIND: Readonly<Record<SpanKind, ZipkinSpan['kind']>> = {
  unspecified: undefined,
  client: 'CLIENT',
  server: 'SERVER',
  producer: 'PRODUCER',
  consumer: 'CONSUMER',
};

/** A message in version 2 of Zipkin's JSON: an array of spans. */
export function encodeJson(spans: readonly SpanData[], serviceName: string): string {
  const local = serviceName ? { serviceName } : undefined;
  const json = JSON.stringify(spans.map((span) => zipkinSpanOf(span, local)));
  // Zipkin takes a message with these bytes anywhere in it, as in a tag `myAnnotations`, for version 1 and refuses it.
  return json.replaceAll('yAnnotations"', '\\u0079Annotations"');
}

/** What Zipkin gets of a span. Links and the sizes of messages have no place there. */
export function zipkinSpanOf(span: SpanData, localEndpoint: Endpoint | undefined): ZipkinSpan {
  const { start, end } = span;
  return {
    traceId: span.traceId,
    parentId: span.parentSpanId,
    id: span.spanId,
    kind: KIND[span.kind],
    name: span.name,
    timestamp: micros(start),
    duration: micros(end - start),
    localEndpoint,
    remoteEndpoint: remoteEndpointOf(span),
    annotations: annotationsOf(span),
    tags: tagsOf(span),
  };
}

/** Zipkin refuses a message with a fraction in a time, and reads 0 as absent. */
function micros(value: number): number {
  return Math.max(1, Math.floor(value));
}

function annotationsOf({ annotations, messageEvents }: SpanData): ZipkinSpan['annotations'] {
  const all = annotations.map(({ time, description, attributes }) => {
    return { timestamp: micros(time), value: withAttributes(description, attributes) };
  });
  for (const { time, type } of messageEvents) all.push({ timestamp: micros(time), value: type.toUpperCase() });
  if (messageEvents.length > 0) all.sort((a, b) => a.timestamp - b.timestamp); // each kind alone is in order
  return all.length > 0 ? all : undefined;
}

function withAttributes(description: string, attributes: Attributes): string {
  return Object.keys(attributes).length > 0 ? `${description} ${jsonOf(attributes)}` : description;
}

// Any key is safe in an object without inherited members; made by a constructor it is as fast as {}.
const Tags = function Tags() {} as unknown as new () => Record<string, string>;
Tags.prototype = Object.freeze(Object.create(null));

/** The attributes, and under names that win over theirs what Zipkin has no field for. */
function tagsOf({ attributes, status: { code, message }, dropped }: SpanData): Readonly<Record<string, string>> {
  const tags = new Tags();
  for (const key in attributes) tags[key] = tagOf(attributes[key] as AttributeValue);

  // A tag `error` makes a span a failed one whatever its text is, 'false' too.
  if (tags.error === 'false') delete tags.error;
  tags['census.status_code'] = String(code);
  if (message) tags['census.status_description'] = message;
  if (code !== 0 && (tags.error === undefined || typeof attributes.error !== 'string')) {
    tags.error = message || (STATUS_CODES[code] ?? 'UNKNOWN');
  }

  const droppedEvents = dropped.annotations + dropped.messageEvents;
  if (dropped.attributes > 0) tags['otel.dropped_attributes_count'] = String(dropped.attributes);
  if (droppedEvents > 0) tags['otel.dropped_events_count'] = String(droppedEvents);
  if (dropped.links > 0) tags['otel.dropped_links_count'] = String(dropped.links);
  return tags;
}

/** Zipkin takes nothing but strings. */
function tagOf(value: AttributeValue): string {
  return typeof value === 'object' ? jsonOf(value) : String(value);
}

/** JSON, with the words NaN and Infinity where it would say null. */
function jsonOf(value: AttributeValue | Attributes): string {
  const json = JSON.stringify(value);
  if (!json.includes('null')) return json;
  return JSON.stringify(value, (_, item) => (typeof item === 'number' && !Number.isFinite(item) ? String(item) : item));
}
