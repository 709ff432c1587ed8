import { chunk, JsonWriter, readIds, type SpanData } from '@oc/core/exporter';
import type { Endpoint } from './endpoint.ts';
import { remembered } from './keys.ts';
import { type ZipkinSpan, zipkinSpanOf } from './span.ts';

const TRACE_ID = chunk('{"traceId":');
const PARENT_ID = chunk(',"parentId":');
const ID = chunk(',"id":');
const KIND = {
  CLIENT: chunk(',"kind":"CLIENT"'),
  SERVER: chunk(',"kind":"SERVER"'),
  PRODUCER: chunk(',"kind":"PRODUCER"'),
  CONSUMER: chunk(',"kind":"CONSUMER"'),
};
const NAME = chunk(',"name":');
const TIMESTAMP = chunk(',"timestamp":');
const DURATION = chunk(',"duration":');
const LOCAL_ENDPOINT = chunk(',"localEndpoint":');
const REMOTE_ENDPOINT = chunk(',"remoteEndpoint":');
const ANNOTATIONS = chunk(',"annotations":');
const TIME_OF_ANNOTATION = chunk('{"timestamp":');
const VALUE = chunk(',"value":');
const TAGS = chunk(',"tags":');
const SERVICE_NAME = chunk('"serviceName":');
const IPV4 = chunk('"ipv4":');
const IPV6 = chunk('"ipv6":');
const PORT = chunk('"port":');

/** A string that ends so, as a tag `myAnnotations`, makes Zipkin take a message for version 1, and refuse it. */
const VERSION_1 = 'yAnnotations';

/** A key of a tag, up to its value. */
const beforeValue = remembered((key) => Buffer.from(`${jsonOf(key)}:`));

const writer = new JsonWriter();
const ids = new Int32Array(8);

/** A message in version 2 of Zipkin's JSON: an array of spans. */
export function encodeJson(spans: readonly SpanData[], serviceName: string): Buffer {
  writer.clear();
  if (serviceName) writeEndpoint(LOCAL_ENDPOINT, { serviceName });
  const localEndpoint = writer.take();
  writer.list(spans, (span) => writeSpan(span, localEndpoint));
  return writer.take();
}

function writeSpan(span: SpanData, localEndpoint: Uint8Array): void {
  const { kind, timestamp, duration, remoteEndpoint, annotations, tags } = zipkinSpanOf(span);
  readIds(span, ids);
  writeBits(TRACE_ID, 0, 4);
  if (((ids[6] as number) | (ids[7] as number)) !== 0) writeBits(PARENT_ID, 6, 8);
  writeBits(ID, 4, 6);
  if (kind) writer.raw(KIND[kind]);
  writer.raw(NAME);
  writeString(span.name);
  writeMicros(TIMESTAMP, timestamp);
  writeMicros(DURATION, duration);
  writer.raw(localEndpoint);
  if (remoteEndpoint) writeEndpoint(REMOTE_ENDPOINT, remoteEndpoint);
  if (annotations.length > 0) writeAnnotations(annotations);
  writeTags(tags);
  writer.text('}');
}

function writeEndpoint(before: Uint8Array, { serviceName, ipv4, ipv6, port }: Endpoint): void {
  writer.raw(before);
  let comma = '{';
  comma = writeMember(comma, SERVICE_NAME, serviceName);
  comma = writeMember(comma, IPV4, ipv4);
  comma = writeMember(comma, IPV6, ipv6);
  if (port) {
    writer.text(comma);
    writer.raw(PORT);
    writer.whole(port);
  }
  writer.text('}');
}

/** Writes a member that is there, and says what goes before the next. */
function writeMember(before: string, name: Uint8Array, text: string | undefined): string {
  if (!text) return before;
  writer.text(before);
  writer.raw(name);
  writeString(text);
  return ',';
}

function writeAnnotations(annotations: ZipkinSpan['annotations']): void {
  writer.raw(ANNOTATIONS);
  let before = '[';
  for (const { timestamp, value } of annotations) {
    writer.text(before);
    writeMicros(TIME_OF_ANNOTATION, timestamp);
    writer.raw(VALUE);
    writeString(value);
    before = '},';
  }
  writer.text('}]');
}

/** There is at least one, the status. */
function writeTags(tags: ZipkinSpan['tags']): void {
  writer.raw(TAGS);
  let before = '{';
  for (let i = 0; i < tags.length; i += 2) {
    writer.text(before);
    writer.raw(beforeValue(tags[i] as string));
    writeString(tags[i + 1] as string);
    before = ',';
  }
  writer.text('}');
}

function writeBits(before: Uint8Array, from: number, to: number): void {
  writer.raw(before);
  writer.bits(ids, from, to);
}

function writeMicros(before: Uint8Array, micros: number): void {
  writer.raw(before);
  if (micros <= Number.MAX_SAFE_INTEGER) writer.whole(micros);
  else writer.text(JSON.stringify(micros)); // far in the future, or NaN: only a bridge gives that
}

function writeString(text: string): void {
  // Few texts are as long as that, and to compare lengths is faster.
  if (text.length >= VERSION_1.length && text.endsWith(VERSION_1)) writer.raw(Buffer.from(jsonOf(text)));
  else writer.string(text);
}

function jsonOf(text: string): string {
  return JSON.stringify(text).replace(/yAnnotations"$/, '\\u0079Annotations"');
}
