import {
  type Annotation,
  type Link,
  type MessageEvent,
  readIds,
  type SpanData,
  type UnixMicros,
} from '@oc/core/exporter';
import type { Process } from './process.ts';
import { type Tag, writeLong, writeTags } from './tags.ts';
import type { ThriftWriter } from './thrift.ts';

// The numbers of the fields in Jaeger's agent.thrift and jaeger.thrift.
const ARGUMENTS = { batch: 1 };
const BATCH = { process: 1, spans: 2 };
const PROCESS = { serviceName: 1, tags: 2 };
const SPAN = {
  traceIdLow: 1,
  traceIdHigh: 2,
  spanId: 3,
  parentSpanId: 4,
  operationName: 5,
  references: 6,
  flags: 7,
  startTime: 8,
  duration: 9,
  tags: 10,
  logs: 11,
};
const REFERENCE = { type: 1, traceIdLow: 2, traceIdHigh: 3, spanId: 4 };
const LOG = { timestamp: 1, fields: 2 };

/** The other type of reference would say that the span is a child of the linked one, which no link says. */
const FOLLOWS_FROM = 1;
/** The other flag, 2, would make every server on the way keep the span. */
const SAMPLED = 1;

/** What a collector takes over HTTP: a Batch. */
export function encodeBatch(writer: ThriftWriter, process: Process, spans: readonly SpanData[]): Buffer {
  writer.clear();
  const outer = writer.open();
  writeProcess(writer, process);
  writer.structs(BATCH.spans, spans.length);
  for (const span of spans) writeSpan(writer, span);
  writer.close(outer);
  return writer.take();
}

/** What is sent over UDP: the call `emitBatch(Batch)`, of spans that have been written already. */
export function encodeDatagram(writer: ThriftWriter, process: Process, spans: Uint8Array, count: number): Buffer {
  writer.clear();
  writer.oneway('emitBatch');
  const outermost = writer.open();
  writer.struct(ARGUMENTS.batch);
  const outer = writer.open();
  writeProcess(writer, process);
  writer.structs(BATCH.spans, count);
  writer.raw(spans);
  writer.close(outer);
  writer.close(outermost);
  return writer.take();
}

function writeProcess(writer: ThriftWriter, { serviceName, tags }: Process): void {
  writer.struct(BATCH.process);
  const outer = writer.open();
  writer.text(PROCESS.serviceName, serviceName);
  writeTags(writer, PROCESS.tags, [], tags);
  writer.close(outer);
}

/** Writes a span, in bytes that do not depend on what is around it. */
export function writeSpan(writer: ThriftWriter, span: SpanData): void {
  const { start, links, annotations, messageEvents } = span;
  const outer = writer.open();
  readIds(span, ids);
  writeBits(writer, SPAN.traceIdLow, 2);
  writeBits(writer, SPAN.traceIdHigh, 0);
  writeBits(writer, SPAN.spanId, 4);
  writeBits(writer, SPAN.parentSpanId, 6); // 0 for a root: strict readers refuse a span without it
  writer.text(SPAN.operationName, span.name);
  if (links.length > 0) writeReferences(writer, links);
  writer.i32(SPAN.flags, SAMPLED);
  writeMicros(writer, SPAN.startTime, start);
  writeMicros(writer, SPAN.duration, span.end - start);
  writeTags(writer, SPAN.tags, ownTagsOf(span), span.attributes);
  if (annotations.length + messageEvents.length > 0) writeLogs(writer, annotations, messageEvents);
  writer.close(outer);
}

const ids = new Int32Array(8);

/** A field with the 64 bits of `ids` from `at` on. */
function writeBits(writer: ThriftWriter, field: number, at: number): void {
  writer.i64(field, ids[at] as number, ids[at + 1] as number);
}

/** What Jaeger has no field for, under names that win over those of attributes. */
function ownTagsOf({ kind, status, attributes, scope, traceState, dropped }: SpanData): readonly Tag[] {
  const tags: Tag[] = [];
  if (kind !== 'unspecified') tags.push(['span.kind', kind]);
  if (status.code !== 0) {
    const message = status.message || (typeof attributes.error === 'string' ? attributes.error : '');
    tags.push(['error', true], ['otel.status_code', 'ERROR']); // by these Jaeger and the Collector know a failed span
    if (message) tags.push(['otel.status_description', message]);
    tags.push(['status.code', status.code]); // the names of OpenCensus
    if (message) tags.push(['status.message', message]);
  }
  if (scope) tags.push(['otel.scope.name', scope.name]);
  if (scope?.version) tags.push(['otel.scope.version', scope.version]);
  if (traceState) tags.push(['w3c.tracestate', traceState]);
  const droppedEvents = dropped.annotations + dropped.messageEvents;
  if (dropped.attributes > 0) tags.push(['otel.dropped_attributes_count', dropped.attributes]);
  if (droppedEvents > 0) tags.push(['otel.dropped_events_count', droppedEvents]);
  if (dropped.links > 0) tags.push(['otel.dropped_links_count', dropped.links]);
  return tags;
}

function writeReferences(writer: ThriftWriter, links: readonly Link[]): void {
  writer.structs(SPAN.references, links.length);
  for (const { traceId, spanId } of links) {
    const outer = writer.open();
    writer.i32(REFERENCE.type, FOLLOWS_FROM);
    writeId(writer, REFERENCE.traceIdLow, traceId, 16);
    writeId(writer, REFERENCE.traceIdHigh, traceId);
    writeId(writer, REFERENCE.spanId, spanId);
    writer.close(outer);
  }
}

/** One list of both kinds by time, as each of them is. */
function writeLogs(writer: ThriftWriter, annotations: readonly Annotation[], events: readonly MessageEvent[]): void {
  writer.structs(SPAN.logs, annotations.length + events.length);
  let next = 0;
  for (const annotation of annotations) {
    for (let event = events[next]; event && event.time < annotation.time; event = events[++next]) {
      writeMessage(writer, event);
    }
    writeLog(writer, annotation.time, [['event', annotation.description]], annotation.attributes);
  }
  for (const event of events.slice(next)) writeMessage(writer, event);
}

function writeMessage(
  writer: ThriftWriter,
  { time, type, id, uncompressedBytes, compressedBytes }: MessageEvent,
): void {
  const fields: Tag[] = [
    ['event', 'message'],
    ['message.type', type.toUpperCase()],
    ['message.id', id],
  ];
  if (uncompressedBytes !== undefined) fields.push(['message.uncompressed_size', uncompressedBytes]);
  if (compressedBytes !== undefined) fields.push(['message.compressed_size', compressedBytes]);
  writeLog(writer, time, fields, {});
}

function writeLog(
  writer: ThriftWriter,
  time: UnixMicros,
  own: readonly Tag[],
  attributes: Annotation['attributes'],
): void {
  const outer = writer.open();
  writeMicros(writer, LOG.timestamp, time);
  writeTags(writer, LOG.fields, own, attributes);
  writer.close(outer);
}

/** A time or a duration; bridges may give an end before the start. */
function writeMicros(writer: ThriftWriter, field: number, micros: number): void {
  writeLong(writer, field, Math.max(0, micros));
}

/** A field with the 64 bits that 16 hex digits stand for. */
function writeId(writer: ThriftWriter, field: number, hex: string, from = 0): void {
  writer.i64(field, bitsOf(hex, from), bitsOf(hex, from + 8));
}

/** The 32 bits of eight hex digits. */
function bitsOf(hex: string, from: number): number {
  let bits = 0;
  for (let at = from; at < from + 8; at++) {
    const code = hex.charCodeAt(at);
    bits = (bits << 4) | (code > 0x39 ? (code & 0xf) + 9 : code & 0xf); // letters are 0x61 to 0x66
  }
  return bits;
}
