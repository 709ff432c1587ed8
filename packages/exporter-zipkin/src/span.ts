import {
  type Attributes,
  type AttributeValue,
  attributeListOf,
  type SpanData,
  type SpanKind,
  STATUS_CODES,
  type UnixMicros,
} from '@oc/core/exporter';
import { type AttributeList, type Endpoint, remoteEndpointOf } from './endpoint.ts';

/**
 * A span in Zipkin's terms, by the names of its JSON; both encodings are made of it. Undefined means left out. Its ids and
 * its name are as they were, and its local endpoint is that of all spans of a message.
 */
export interface ZipkinSpan {
  readonly kind: 'CLIENT' | 'SERVER' | 'PRODUCER' | 'CONSUMER' | undefined;
  readonly timestamp: UnixMicros;
  /** Microseconds. */
  readonly duration: number;
  readonly remoteEndpoint: Endpoint | undefined;
  readonly annotations: readonly ZipkinAnnotation[];
  /** In turn, key, value, key, value: an object would take longer to make than to write. No key is there twice. */
  readonly tags: readonly string[];
  // Its `debug` would make every server on the way keep the span; `shared` is for a span that has its caller's id.
}

export interface ZipkinAnnotation {
  readonly timestamp: UnixMicros;
  readonly value: string;
}

// Zipkin has no word for a span within one service, and refuses a message with a word that it does not know.
const KIND: Readonly<Record<SpanKind, ZipkinSpan['kind']>> = {
  unspecified: undefined,
  client: 'CLIENT',
  server: 'SERVER',
  producer: 'PRODUCER',
  consumer: 'CONSUMER',
};

/** What Zipkin gets of a span. Links and the sizes of messages have no place there. */
export function zipkinSpanOf(span: SpanData): ZipkinSpan {
  const { kind, start, end } = span;
  const attributes = attributeListOf(span);
  return {
    kind: KIND[kind],
    timestamp: micros(start),
    duration: micros(end - start),
    remoteEndpoint: remoteEndpointOf(kind, attributes),
    annotations: annotationsOf(span),
    tags: tagsOf(span, attributes),
  };
}

/** Zipkin refuses a message with a fraction in a time, and reads 0 as absent. */
function micros(value: number): number {
  return Math.max(1, Math.floor(value));
}

function annotationsOf({ annotations, messageEvents }: SpanData): readonly ZipkinAnnotation[] {
  const all: ZipkinAnnotation[] = [];
  for (const { time, description, attributes } of annotations) {
    all.push({ timestamp: micros(time), value: withAttributes(description, attributes) });
  }
  for (const { time, type } of messageEvents) all.push({ timestamp: micros(time), value: type.toUpperCase() });
  if (messageEvents.length > 0) all.sort((a, b) => a.timestamp - b.timestamp); // each kind alone is in order
  return all;
}

function withAttributes(description: string, attributes: Attributes): string {
  return Object.keys(attributes).length > 0 ? `${description} ${jsonOf(attributes)}` : description;
}

/** The attributes, and under names that win over theirs what Zipkin has no field for. */
function tagsOf({ status: { code, message }, dropped }: SpanData, attributes: AttributeList): readonly string[] {
  const tags: string[] = [];
  let tellsError = false;
  for (let i = 0; i < attributes.length; i += 2) {
    const key = attributes[i] as string;
    const value = attributes[i + 1] as AttributeValue;
    const text = textOf(value);
    if (key === 'error') {
      if (text === 'false') continue; // a tag `error` makes a span a failed one whatever its text is
      tellsError = typeof value === 'string';
    }
    tags.push(key, text);
  }

  put(tags, 'census.status_code', code === 0 ? '0' : String(code)); // most are 0, and String takes longer than the rest
  if (message) put(tags, 'census.status_description', message);
  if (code !== 0 && !tellsError) put(tags, 'error', message || (STATUS_CODES[code] ?? 'UNKNOWN'));

  const droppedEvents = dropped.annotations + dropped.messageEvents;
  if (dropped.attributes > 0) put(tags, 'otel.dropped_attributes_count', String(dropped.attributes));
  if (droppedEvents > 0) put(tags, 'otel.dropped_events_count', String(droppedEvents));
  if (dropped.links > 0) put(tags, 'otel.dropped_links_count', String(dropped.links));
  return tags;
}

/** Adds a tag, or gives the one of that name another value. */
function put(tags: string[], key: string, value: string): void {
  for (let i = 0; i < tags.length; i += 2) {
    if (tags[i] !== key) continue;
    tags[i + 1] = value;
    return;
  }
  tags.push(key, value);
}

/** Zipkin takes nothing but strings. */
function textOf(value: AttributeValue): string {
  return typeof value === 'object' ? jsonOf(value) : String(value);
}

/** JSON, with the words NaN and Infinity where it would say null. */
function jsonOf(value: AttributeValue | Attributes): string {
  const json = JSON.stringify(value);
  if (!json.includes('null')) return json;
  return JSON.stringify(value, (_, item) => (typeof item === 'number' && !Number.isFinite(item) ? String(item) : item));
}
