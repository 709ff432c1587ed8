import type { SpanData } from '@oc/core/exporter';
import { messagePack } from './msgpack.ts';
import { type DatadogSpan, datadogSpanOf, type SpanContext } from './span.ts';

/** A version of the Agent's wire format. */
export type ProtocolVersion = '0.4' | '0.5';

/** A message for the Agent. */
export interface TracesMessage {
  readonly body: Uint8Array;
  /** How many chunks are in it, each with spans of one trace. The Agent is told so and keeps its books by it. */
  readonly traces: number;
}

// Both are used by one message after the other, which are made without a break.
const spansPack = messagePack();
const tablePack = messagePack();

/** A message with some spans, those of one trace together: the Agent drops a chunk with spans of different traces. */
export function encodeTraces(
  spans: readonly SpanData[],
  context: SpanContext,
  version: ProtocolVersion,
): TracesMessage {
  const chunks = new Map<string, SpanData[]>();
  let trace = '';
  let chunk: SpanData[] = [];
  for (const span of spans) {
    const { traceId } = span;
    if (traceId !== trace) {
      trace = traceId;
      chunk = chunks.get(traceId) ?? [];
      if (chunk.length === 0) chunks.set(traceId, chunk);
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

const KEY_NAMES = [
  ...(['service', 'name', 'resource', 'trace_id', 'span_id', 'parent_id'] as const),
  ...(['start', 'duration', 'error', 'meta', 'metrics', 'type'] as const),
];

/** What stands in every span, as it is written. */
const KEYS = Object.fromEntries(
  KEY_NAMES.map((key) => {
    spansPack.text(key);
    return [key, spansPack.take()];
  }),
) as Readonly<Record<(typeof KEY_NAMES)[number], Uint8Array>>;

/** An array of chunks, which are arrays of spans, which are maps. */
function encode04(chunks: Chunks, context: SpanContext): Uint8Array {
  const pack = spansPack;
  const write = pack.text;
  writeChunks(chunks, context, (span) => {
    pack.map(KEY_NAMES.length);
    pack.append(KEYS.service);
    pack.text(span.service);
    pack.append(KEYS.name);
    pack.text(span.name);
    pack.append(KEYS.resource);
    pack.text(span.resource);
    pack.append(KEYS.trace_id);
    pack.id(span.traceId, 16);
    pack.append(KEYS.span_id);
    pack.id(span.spanId, 0);
    pack.append(KEYS.parent_id);
    writeParent(span);
    pack.append(KEYS.start);
    pack.nanoseconds(span.start);
    pack.append(KEYS.duration);
    pack.nanoseconds(span.duration);
    pack.append(KEYS.error);
    pack.integer(span.error);
    pack.append(KEYS.meta);
    writeMeta(span, write);
    pack.append(KEYS.metrics);
    writeMetrics(span, write);
    pack.append(KEYS.type);
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
  const write = (text: string): void => pack.integer(placeOf(text));
  writeChunks(chunks, context, (span) => {
    pack.array(12);
    write(span.service);
    write(span.name);
    write(span.resource);
    const type = placeOf(span.type);
    pack.id(span.traceId, 16);
    pack.id(span.spanId, 0);
    writeParent(span);
    pack.nanoseconds(span.start);
    pack.nanoseconds(span.duration);
    pack.integer(span.error);
    writeMeta(span, write);
    writeMetrics(span, write);
    pack.integer(type);
  });
  const table = tablePack;
  table.array(2);
  table.array(places.size);
  for (const text of places.keys()) table.text(text);
  table.append(pack.take());
  return table.take();
}

function writeChunks(chunks: Chunks, context: SpanContext, write: (span: DatadogSpan) => void): void {
  spansPack.array(chunks.length);
  for (const chunk of chunks) {
    spansPack.array(chunk.length);
    // One after the other: spans in Datadog's terms die young.
    for (let i = 0; i < chunk.length; i++) write(datadogSpanOf(chunk[i] as SpanData, context, i === 0));
  }
}

function writeParent({ parentId }: DatadogSpan): void {
  if (parentId) spansPack.id(parentId, 0);
  else spansPack.integer(0);
}

function writeMeta({ meta }: DatadogSpan, write: (text: string) => void): void {
  spansPack.map(meta.length / 2);
  for (let i = 0; i < meta.length; i++) write(meta[i] as string);
}

function writeMetrics({ metrics }: DatadogSpan, write: (key: string) => void): void {
  spansPack.map(metrics.length / 2);
  for (let i = 0; i < metrics.length; i += 2) {
    write(metrics[i] as string);
    spansPack.float64(metrics[i + 1] as number); // the Agent takes whole numbers too, not every reader does
  }
}
