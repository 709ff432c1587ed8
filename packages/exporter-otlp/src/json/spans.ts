import {
  type Annotation,
  attributeListOf,
  chunk,
  JsonWriter,
  type Link,
  type Resource,
  readIds,
  type SpanData,
  type SpanKind,
} from '@oc/core/exporter';
import { eventsOf } from '../events.ts';
import { FLAGS, KIND, STATUS, scopesOf } from '../model.ts';
import { writeAttributeList, writeAttributes } from './attributes.ts';
import { writeResource, writeScope } from './resource.ts';

const BEGIN = chunk('{"resourceSpans":[{"resource":');
const SCOPE_SPANS = chunk(',"scopeSpans":[{"scope":');
const SPANS = chunk(',"spans":');
const NEXT_SCOPE = chunk('},{"scope":');
const TRACE_ID = chunk('{"traceId":');
const SPAN_ID = chunk(',"spanId":');
const TRACE_STATE = chunk(',"traceState":');
const PARENT = chunk(',"parentSpanId":');
const NAME = chunk(',"name":');
const START = chunk(',"startTimeUnixNano":"');
const END = chunk(',"endTimeUnixNano":"');
const ATTRIBUTES = chunk(',"attributes":');
const EVENTS = chunk(',"events":');
const TIME = chunk('{"timeUnixNano":"');
const MESSAGE = chunk('"message":');
const LINKS = chunk(',"links":');

const KIND_JSON = {
  unspecified: kindOf('unspecified'),
  server: kindOf('server'),
  client: kindOf('client'),
  producer: kindOf('producer'),
  consumer: kindOf('consumer'),
};
const OF_REMOTE_PARENT = chunk(`,"flags":${FLAGS.ofRemoteParent}}`);
const OF_LOCAL_PARENT = chunk(`,"flags":${FLAGS.ofLocalParent}}`);

function kindOf(kind: SpanKind): Uint8Array {
  return chunk(`,"kind":${KIND[kind]}`);
}

const writer = new JsonWriter();
const ids = new Int32Array(8);

/** An `ExportTraceServiceRequest`. */
export function encodeSpans(spans: readonly SpanData[], resource: Resource): Uint8Array {
  writer.clear();
  writer.raw(BEGIN);
  writeResource(writer, resource);
  let before = SCOPE_SPANS;
  for (const [scope, own] of scopesOf(spans)) {
    writer.raw(before);
    writeScope(writer, scope);
    writeList(SPANS, own, writeSpan);
    before = NEXT_SCOPE;
  }
  writer.text('}]}]}');
  return writer.take();
}

function writeSpan(span: SpanData): void {
  const { traceState, status, links, dropped } = span;
  const events = eventsOf(span);
  const droppedEvents = dropped.annotations + dropped.messageEvents;
  readIds(span, ids);
  writeBits(TRACE_ID, 0, 4);
  writeBits(SPAN_ID, 4, 6);
  if (traceState) writeString(TRACE_STATE, traceState);
  if (((ids[6] as number) | (ids[7] as number)) !== 0) writeBits(PARENT, 6, 8);
  writeString(NAME, span.name);
  writer.raw(KIND_JSON[span.kind]);
  writeTime(START, span.start);
  writeTime(END, span.end);
  writer.raw(ATTRIBUTES);
  writeAttributeList(writer, attributeListOf(span));
  if (dropped.attributes > 0) writer.text(`,"droppedAttributesCount":${dropped.attributes}`);
  if (events.length > 0) writeList(EVENTS, events, writeEvent);
  if (droppedEvents > 0) writer.text(`,"droppedEventsCount":${droppedEvents}`);
  if (links.length > 0) writeList(LINKS, links, writeLink);
  if (dropped.links > 0) writer.text(`,"droppedLinksCount":${dropped.links}`);
  if (status.code !== 0 || status.message) writeStatus(status);
  writer.raw(span.remoteParent ? OF_REMOTE_PARENT : OF_LOCAL_PARENT);
}

function writeStatus({ code, message }: SpanData['status']): void {
  writer.text(',"status":{');
  if (message) writeString(MESSAGE, message);
  if (code !== 0) writer.text(`${message ? ',' : ''}"code":${STATUS.error}`);
  writer.text('}');
}

function writeEvent({ time, description, attributes }: Annotation): void {
  writeTime(TIME, time);
  writeString(NAME, description);
  writer.raw(ATTRIBUTES);
  writeAttributes(writer, attributes);
  writer.text('}');
}

function writeLink({ traceId, spanId, traceState, attributes }: Link): void {
  writeId(TRACE_ID, traceId);
  writeId(SPAN_ID, spanId);
  if (traceState) writeString(TRACE_STATE, traceState);
  writer.raw(ATTRIBUTES);
  writeAttributes(writer, attributes);
  writer.text('}');
}

function writeBits(before: Uint8Array, from: number, to: number): void {
  writer.raw(before);
  writer.bits(ids, from, to);
}

function writeId(before: Uint8Array, digits: string): void {
  writer.raw(before);
  writer.text('"');
  writer.text(digits);
  writer.text('"');
}

function writeString(before: Uint8Array, text: string): void {
  writer.raw(before);
  writer.string(text);
}

function writeTime(before: Uint8Array, micros: number): void {
  writer.raw(before);
  writer.nanoseconds(micros);
  writer.text('"');
}

function writeList<T>(before: Uint8Array, items: Iterable<T>, write: (item: T) => void): void {
  writer.raw(before);
  writer.list(items, write);
}
