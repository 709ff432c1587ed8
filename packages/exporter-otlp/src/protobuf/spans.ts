import { type Annotation, attributeListOf, type Link, type Resource, readIds, type SpanData } from '@oc/core/exporter';
import { eventsOf } from '../events.ts';
import { FLAGS, KIND, STATUS, scopesOf } from '../model.ts';
import { writeAttributeList, writeAttributes } from './attributes.ts';
import { writeResource, writeScope } from './resource.ts';
import { delimited, fixed32, fixed64, ProtobufWriter, varint } from './writer.ts';

// opentelemetry/proto/trace/v1/trace.proto
const REQUEST = { resourceSpans: delimited(1) };
const RESOURCE_SPANS = { resource: delimited(1), scopeSpans: delimited(2) };
const SCOPE_SPANS = { scope: delimited(1), spans: delimited(2) };
const SPAN = {
  traceId: delimited(1),
  spanId: delimited(2),
  traceState: delimited(3),
  parentSpanId: delimited(4),
  name: delimited(5),
  kind: varint(6),
  start: fixed64(7),
  end: fixed64(8),
  attributes: delimited(9),
  droppedAttributes: varint(10),
  events: delimited(11),
  droppedEvents: varint(12),
  links: delimited(13),
  droppedLinks: varint(14),
  status: delimited(15),
  flags: fixed32(16),
};
const EVENT = { time: fixed64(1), name: delimited(2), attributes: delimited(3) };
const LINK = { traceId: delimited(1), spanId: delimited(2), traceState: delimited(3), attributes: delimited(4) };
const STATUS_FIELD = { message: delimited(2), code: varint(3) };

const writer = new ProtobufWriter();
const ids = new Int32Array(8);

/** An `ExportTraceServiceRequest`. */
export function encodeSpans(spans: readonly SpanData[], resource: Resource): Uint8Array {
  writer.clear();
  const resourceSpans = writer.open(REQUEST.resourceSpans, 3);
  writeResource(writer, RESOURCE_SPANS.resource, resource);
  for (const [scope, own] of scopesOf(spans)) {
    const scopeSpans = writer.open(RESOURCE_SPANS.scopeSpans, 3);
    writeScope(writer, SCOPE_SPANS.scope, scope);
    for (const span of own) writeSpan(span);
    writer.close(scopeSpans, 3);
  }
  writer.close(resourceSpans, 3);
  return writer.take();
}

function writeSpan(span: SpanData): void {
  const { traceState, start, status, links, dropped } = span;
  const attributes = attributeListOf(span);
  const events = eventsOf(span);
  // Two attributes and nothing else are mostly below 128 bytes.
  const lengthBytes = attributes.length <= 4 && events.length + links.length === 0 ? 1 : 2;
  readIds(span, ids);
  const length = writer.open(SCOPE_SPANS.spans, lengthBytes);
  writer.bits(SPAN.traceId, ids, 0, 4);
  writer.bits(SPAN.spanId, ids, 4, 6);
  if (traceState) writer.string(SPAN.traceState, traceState);
  if (((ids[6] as number) | (ids[7] as number)) !== 0) writer.bits(SPAN.parentSpanId, ids, 6, 8);
  writer.string(SPAN.name, span.name);
  writer.uint32(SPAN.kind, KIND[span.kind]);
  writer.nanoseconds(SPAN.start, start);
  writer.nanoseconds(SPAN.end, span.end);
  writeAttributeList(writer, SPAN.attributes, attributes);
  if (dropped.attributes > 0) writer.uint32(SPAN.droppedAttributes, dropped.attributes);
  // By index, here and below: an iterator is an object.
  for (let i = 0; i < events.length; i++) writeEvent(events[i] as Annotation);
  const droppedEvents = dropped.annotations + dropped.messageEvents;
  if (droppedEvents > 0) writer.uint32(SPAN.droppedEvents, droppedEvents);
  for (let i = 0; i < links.length; i++) writeLink(links[i] as Link);
  if (dropped.links > 0) writer.uint32(SPAN.droppedLinks, dropped.links);
  if (status.code !== 0 || status.message) {
    const start = writer.open(SPAN.status);
    if (status.message) writer.string(STATUS_FIELD.message, status.message);
    if (status.code !== 0) writer.uint32(STATUS_FIELD.code, STATUS.error);
    writer.close(start);
  }
  writer.fixed32(SPAN.flags, span.remoteParent ? FLAGS.ofRemoteParent : FLAGS.ofLocalParent);
  writer.close(length, lengthBytes);
}

function writeEvent({ time, description, attributes }: Annotation): void {
  const start = writer.open(SPAN.events);
  writer.nanoseconds(EVENT.time, time);
  writer.string(EVENT.name, description);
  writeAttributes(writer, EVENT.attributes, attributes);
  writer.close(start);
}

function writeLink({ traceId, spanId, traceState, attributes }: Link): void {
  const start = writer.open(SPAN.links);
  writer.hex(LINK.traceId, traceId);
  writer.hex(LINK.spanId, spanId);
  if (traceState) writer.string(LINK.traceState, traceState);
  writeAttributes(writer, LINK.attributes, attributes);
  writer.close(start);
}
