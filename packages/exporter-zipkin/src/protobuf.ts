import type { SpanData } from '@oc/core/exporter';
import type { Writer } from 'protobufjs/minimal.js';
import type { Endpoint } from './endpoint.ts';
import { zipkinSpanOf } from './span.ts';

// What goes before a value: the number of its field in Zipkin's zipkin.proto, and how a reader finds the value's end.
const varint = (field: number): number => field << 3;
const fixed64 = (field: number): number => (field << 3) | 1;
const bytes = (field: number): number => (field << 3) | 2;

const LIST = { spans: bytes(1) };
const SPAN = {
  traceId: bytes(1),
  parentId: bytes(2),
  id: bytes(3),
  kind: varint(4),
  name: bytes(5),
  timestamp: fixed64(6),
  duration: varint(7),
  localEndpoint: bytes(8),
  remoteEndpoint: bytes(9),
  annotations: bytes(10),
  tags: bytes(11),
};
const ENDPOINT = { serviceName: bytes(1), ipv4: bytes(2), ipv6: bytes(3), port: varint(4) };
const ANNOTATION = { timestamp: fixed64(1), value: bytes(2) };
const TAG = { key: bytes(1), value: bytes(2) };

const KIND = { CLIENT: 1, SERVER: 2, PRODUCER: 3, CONSUMER: 4 } as const;

/** A message in Zipkin's protobuf: one `zipkin.proto3.ListOfSpans`, written by a fresh writer of protobufjs. */
export function encodeProtobuf(spans: readonly SpanData[], serviceName: string, writer: Writer): Uint8Array {
  const local = serviceName ? { serviceName } : undefined;
  for (const span of spans) writeSpan(writer.uint32(LIST.spans), span, local);
  return writer.finish();
}

function writeSpan(writer: Writer, span: SpanData, localEndpoint: Endpoint | undefined): void {
  const { parentSpanId } = span;
  const { kind, timestamp, duration, remoteEndpoint, annotations, tags } = zipkinSpanOf(span);
  writer.fork();
  writer.uint32(SPAN.traceId).bytes(Buffer.from(span.traceId, 'hex'));
  if (parentSpanId) writer.uint32(SPAN.parentId).bytes(Buffer.from(parentSpanId, 'hex'));
  writer.uint32(SPAN.id).bytes(Buffer.from(span.spanId, 'hex'));
  if (kind) writer.uint32(SPAN.kind).int32(KIND[kind]);
  writer.uint32(SPAN.name).string(span.name);
  writer.uint32(SPAN.timestamp).fixed64(timestamp);
  writer.uint32(SPAN.duration).uint64(duration);
  if (localEndpoint) writeEndpoint(writer.uint32(SPAN.localEndpoint), localEndpoint);
  if (remoteEndpoint) writeEndpoint(writer.uint32(SPAN.remoteEndpoint), remoteEndpoint);
  for (const { timestamp, value } of annotations) {
    writer.uint32(SPAN.annotations).fork();
    writer.uint32(ANNOTATION.timestamp).fixed64(timestamp);
    writer.uint32(ANNOTATION.value).string(value).ldelim();
  }
  for (let i = 0; i < tags.length; i += 2) {
    writeTag(writer.uint32(SPAN.tags), tags[i] as string, tags[i + 1] as string);
  }
  writer.ldelim();
}

function writeTag(writer: Writer, key: string, value: string): void {
  writer.fork();
  writer.uint32(TAG.key).string(key);
  writer.uint32(TAG.value).string(value).ldelim();
}

function writeEndpoint(writer: Writer, { serviceName, ipv4, ipv6, port }: Endpoint): void {
  writer.fork();
  if (serviceName) writer.uint32(ENDPOINT.serviceName).string(serviceName);
  if (ipv4) writer.uint32(ENDPOINT.ipv4).bytes(Uint8Array.from(ipv4.split('.'), Number));
  if (ipv6) writer.uint32(ENDPOINT.ipv6).bytes(ipv6Bytes(ipv6));
  if (port) writer.uint32(ENDPOINT.port).int32(port);
  writer.ldelim();
}

/** The 16 bytes of an address in its shortest form, as in '2001:db8::7'. */
function ipv6Bytes(address: string): Uint8Array {
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = new Array<string>(8 - head.length - tail.length).fill('0');
  return Buffer.from([...head, ...zeros, ...tail].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
