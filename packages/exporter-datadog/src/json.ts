import {
  type Annotation,
  type Attributes,
  type AttributeValue,
  chunk,
  JsonWriter,
  type Link,
  type MessageEvent,
  type SpanData,
} from '@oc/core/exporter';

/** The Agent cuts what is longer, in the middle of a word if need be, and half a JSON text is none. */
const VALUE_BYTES = 25_000;

/** A list as JSON, as far as it fits into a value of `meta`: nothing when nothing does. One is used again for many spans. */
export class FittingList extends JsonWriter {
  /** How many items did not fit. */
  cut = 0;
  #fitted = 0;

  begin(): void {
    this.clear();
    this.cut = 0;
  }

  beginItem(): void {
    this.#fitted = this.length;
    this.text(this.length === 0 ? '[' : ',');
  }

  /** Whether the item has room; else it is taken back. */
  endItem(): boolean {
    if (this.length < VALUE_BYTES) return true;
    this.length = this.#fitted;
    return false;
  }

  /** `cut` items were not written. */
  end(cut: number): void {
    this.cut = cut;
    if (this.length > 0) this.text(']');
  }
}

const TIME = chunk('{"time_unix_nano":');
const NAME = chunk(',"name":');
const MESSAGE = chunk(',"name":"message","attributes":');
const ATTRIBUTES = chunk(',"attributes":');
const TRACE_ID = chunk('{"trace_id":"');
const SPAN_ID = chunk('","span_id":"');
const TRACE_STATE = chunk(',"tracestate":');

/** Annotations, then messages, in the form that Datadog shows as a span's events. */
export function writeEvents(list: FittingList, { annotations, messageEvents }: SpanData): void {
  list.begin();
  const count = annotations.length + messageEvents.length;
  if (count === 0) return;
  let fitting = 0;
  for (; fitting < count; fitting++) {
    const annotation = annotations[fitting];
    list.beginItem();
    if (annotation) writeAnnotation(list, annotation);
    else writeMessage(list, messageEvents[fitting - annotations.length] as MessageEvent);
    if (!list.endItem()) break;
  }
  list.end(count - fitting);
}

function writeAnnotation(writer: JsonWriter, { time, description, attributes }: Annotation): void {
  writer.raw(TIME);
  writer.nanoseconds(time);
  writer.raw(NAME);
  writer.string(description);
  writeAttributes(writer, attributes, writeValue);
  writer.text('}');
}

function writeMessage(writer: JsonWriter, { time, type, id, uncompressedBytes, compressedBytes }: MessageEvent): void {
  writer.raw(TIME);
  writer.nanoseconds(time);
  writer.raw(MESSAGE);
  writer.text(JSON.stringify({ type, id, uncompressed_size: uncompressedBytes, compressed_size: compressedBytes }));
  writer.text('}');
}

/** Links in the form that Datadog reads out of `meta`; there, attributes are text. */
export function writeLinks(list: FittingList, { links }: SpanData): void {
  list.begin();
  if (links.length === 0) return;
  let fitting = 0;
  for (; fitting < links.length; fitting++) {
    list.beginItem();
    writeLink(list, links[fitting] as Link);
    if (!list.endItem()) break;
  }
  list.end(links.length - fitting);
}

function writeLink(writer: JsonWriter, { traceId, spanId, type, traceState, attributes }: Link): void {
  writer.raw(TRACE_ID);
  writer.text(traceId);
  writer.raw(SPAN_ID);
  writer.text(spanId);
  writer.text('"');
  if (traceState) {
    writer.raw(TRACE_STATE);
    writer.string(traceState);
  }
  const more = type === 'unspecified' ? attributes : { ...attributes, 'opencensus.link.type': type };
  writeAttributes(writer, more, writeText);
  writer.text('}');
}

/** A member with attributes, if there are any. */
function writeAttributes(
  writer: JsonWriter,
  attributes: Attributes,
  write: (writer: JsonWriter, value: AttributeValue) => void,
): void {
  let before = '{';
  for (const key in attributes) {
    if (before === '{') writer.raw(ATTRIBUTES);
    writer.text(before);
    writer.string(key);
    writer.text(':');
    write(writer, attributes[key] as AttributeValue);
    before = ',';
  }
  if (before === ',') writer.text('}');
}

function writeText(writer: JsonWriter, value: AttributeValue): void {
  writer.string(textOf(value));
}

/** JSON, with the words NaN and Infinity where it would say null. */
function writeValue(writer: JsonWriter, value: AttributeValue): void {
  if (typeof value === 'string') writer.string(value);
  else if (typeof value === 'object') writer.list<AttributeValue>(value, (item) => writeValue(writer, item));
  else if (typeof value === 'number' && !Number.isFinite(value)) writer.string(`${value}`);
  else writer.text(`${value}`);
}

/** An attribute as text; lists as JSON, as above. */
export function textOf(value: AttributeValue): string {
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value.map((item) => (typeof item === 'number' && !Number.isFinite(item) ? `${item}` : item)));
}
