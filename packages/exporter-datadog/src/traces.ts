import { type ByteWriter, readIds, type SpanData } from '@oc/core/exporter';
import type { DatadogSpan } from './draft.ts';
import { MessagePack } from './msgpack.ts';
import { type SpanContext, spanMaker } from './span.ts';

/** A version of the Agent's wire format. */
export type ProtocolVersion = '0.4' | '0.5';

/** A message for the Agent. */
export interface TracesMessage {
  readonly body: Uint8Array;
  /** How many chunks are in it, each with spans of one trace. The Agent is told so and keeps its books by it. */
  readonly traces: number;
}

// Both are used by one message after the other, which are made without a break.
const spansPack = new MessagePack();
const tablePack = new MessagePack();

/** A message with some spans, those of one trace together: the Agent drops a chunk with spans of different traces. */
export function encodeTraces(
  spans: readonly SpanData[],
  context: SpanContext,
  version: ProtocolVersion,
): TracesMessage {
  const chunks = new Map<string, SpanData[]>();
  const ids = new Int32Array(8);
  const last = new Int32Array(4);
  let chunk: SpanData[] = [];
  for (const span of spans) {
    readIds(span, ids);
    // Spans of one trace mostly end one after the other.
    if (chunk.length === 0 || last.some((bits, i) => bits !== ids[i])) {
      last.set(ids.subarray(0, 4));
      chunk = chunks.get(span.traceId) ?? [];
      if (chunk.length === 0) chunks.set(span.traceId, chunk);
    }
    chunk.push(span);
  }
  return { body: ENCODE[version]([...chunks.values()], context), traces: chunks.size };
}

type Chunks = readonly (readonly SpanData[])[];

const ENCODE: Readonly<Record<ProtocolVersion, (chunks: Chunks, context: SpanContext) => Uint8Array>> = {
  '0.4': encode04,
  '0.5': encode05,
};

/** What stands in every span, as it is written: names of fields, and what goes before or after them. */
const SERVICE = written((pack) => {
  pack.map(12);
  pack.text('service');
});
const NAME = written((pack) => pack.text('name'));
const RESOURCE = written((pack) => pack.text('resource'));
const TRACE_ID = written((pack) => pack.text('trace_id'));
const SPAN_ID = written((pack) => pack.text('span_id'));
const PARENT_ID = written((pack) => pack.text('parent_id'));
const START = written((pack) => pack.text('start'));
const DURATION = written((pack) => pack.text('duration'));
const ERROR_AND_META = { 0: errorAndMeta(0), 1: errorAndMeta(1) };
const METRICS = written((pack) => pack.text('metrics'));
const TYPE = written((pack) => pack.text('type'));

function written(write: (pack: MessagePack) => void): readonly number[] {
  write(spansPack);
  return [...spansPack.take()];
}

function errorAndMeta(error: 0 | 1): readonly number[] {
  return written((pack) => {
    pack.text('error');
    pack.integer(error);
    pack.text('meta');
  });
}

/** An array of chunks, which are arrays of spans, which are maps. */
function encode04(chunks: Chunks, context: SpanContext): Uint8Array {
  const pack = spansPack;
  pack.clear();
  const write = (text: string): void => pack.text(text);
  const writeEncoded = (text: ByteWriter): void => pack.encoded(text);
  writeChunks(chunks, context, (span) => {
    pack.few(SERVICE);
    pack.text(span.service);
    pack.few(NAME);
    pack.text(span.name);
    pack.few(RESOURCE);
    pack.text(span.resource);
    pack.few(TRACE_ID);
    pack.id(span.ids, 2);
    pack.few(SPAN_ID);
    pack.id(span.ids, 4);
    pack.few(PARENT_ID);
    writeParent(span);
    pack.few(START);
    pack.nanoseconds(span.start);
    pack.few(DURATION);
    pack.nanoseconds(span.duration);
    pack.few(ERROR_AND_META[span.error]);
    writeMeta(span, write, writeEncoded);
    pack.few(METRICS);
    writeMetrics(span, write);
    pack.few(TYPE);
    pack.text(span.type);
  });
  return pack.take();
}

/** A table of all texts, each once and the empty one first; then as above, but spans are arrays with places in it. */
function encode05(chunks: Chunks, context: SpanContext): Uint8Array {
  const places = new Map<string, number>();
  const placeOf = (text: string): number => {
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, places.size);
    return places.size - 1;
  };
  placeOf('');
  const pack = spansPack;
  pack.clear();
  const write = (text: string): void => pack.integer(placeOf(text));
  const writeEncoded = (text: ByteWriter): void => write(text.take().toString());
  writeChunks(chunks, context, (span) => {
    pack.array(12);
    write(span.service);
    write(span.name);
    write(span.resource);
    const type = placeOf(span.type);
    pack.id(span.ids, 2);
    pack.id(span.ids, 4);
    writeParent(span);
    pack.nanoseconds(span.start);
    pack.nanoseconds(span.duration);
    pack.integer(span.error);
    writeMeta(span, write, writeEncoded);
    writeMetrics(span, write);
    pack.integer(type);
  });
  const table = tablePack;
  table.clear();
  table.array(2);
  table.array(places.size);
  for (const text of places.keys()) table.text(text);
  table.raw(pack.take());
  return table.take();
}

function writeChunks(chunks: Chunks, context: SpanContext, write: (span: DatadogSpan) => void): void {
  const make = spanMaker(context);
  spansPack.array(chunks.length);
  for (const chunk of chunks) {
    spansPack.array(chunk.length);
    for (let i = 0; i < chunk.length; i++) write(make(chunk[i] as SpanData, i === 0));
  }
}

function writeParent({ ids }: DatadogSpan): void {
  if (((ids[6] as number) | (ids[7] as number)) !== 0) spansPack.id(ids, 6);
  else spansPack.integer(0);
}

function writeMeta(
  { meta, events, links }: DatadogSpan,
  write: (text: string) => void,
  writeEncoded: (text: ByteWriter) => void,
): void {
  const { list, length } = meta;
  spansPack.map(length / 2 + (events.length > 0 ? 1 : 0) + (links.length > 0 ? 1 : 0));
  for (let i = 0; i < length; i++) write(list[i] as string);
  if (events.length > 0) {
    write('events');
    writeEncoded(events);
  }
  if (links.length > 0) {
    write('_dd.span_links');
    writeEncoded(links);
  }
}

function writeMetrics({ metrics }: DatadogSpan, write: (key: string) => void): void {
  const { list, length } = metrics;
  spansPack.map(length / 2);
  for (let i = 0; i < length; i += 2) {
    write(list[i] as string);
    spansPack.float64(list[i + 1] as number); // the Agent takes whole numbers too, not every reader does
  }
}
