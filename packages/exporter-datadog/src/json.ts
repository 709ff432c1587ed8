import type { Attributes, AttributeValue, SpanData, UnixMicros } from '@oc/core/exporter';

/** The Agent cuts what is longer, in the middle of a word if need be, and half a JSON text is none. */
const VALUE_BYTES = 25_000;

/** A list as JSON text, as far as it fits into a value of `meta`. */
export interface FittingList {
  /** Undefined for an empty list. */
  readonly json: string | undefined;
  /** How many did not fit. */
  readonly cut: number;
}

/** Annotations, then messages, in the form that Datadog shows as a span's events. */
export function eventsOf({ annotations, messageEvents }: SpanData): FittingList {
  if (annotations.length === 0 && messageEvents.length === 0) return NOTHING;
  const events: string[] = [];
  for (const { time, description, attributes } of annotations) {
    const inner = membersOf(attributes);
    events.push(
      `{"time_unix_nano":${nanos(time)},"name":${quoted(description)}${inner && `,"attributes":{${inner}}`}}`,
    );
  }
  for (const { time, type, id, uncompressedBytes, compressedBytes } of messageEvents) {
    const attributes = { type, id, uncompressed_size: uncompressedBytes, compressed_size: compressedBytes };
    events.push(`{"time_unix_nano":${nanos(time)},"name":"message","attributes":${JSON.stringify(attributes)}}`);
  }
  return fitting(events);
}

/** Links in the form that Datadog reads out of `meta`; there, attributes are text. */
export function linksOf({ links }: SpanData): FittingList {
  if (links.length === 0) return NOTHING;
  return fitting(
    links.map(({ traceId, spanId, type, traceState, attributes }) => {
      const members = Object.entries(attributes).map(([key, value]) => `${quoted(key)}:${quoted(textOf(value))}`);
      if (type !== 'unspecified') members.push(`"opencensus.link.type":"${type}"`);
      const ids = `"trace_id":"${traceId}","span_id":"${spanId}"`;
      const state = traceState ? `,"tracestate":${quoted(traceState)}` : '';
      return `{${ids}${state}${members.length > 0 ? `,"attributes":{${members.join()}}` : ''}}`;
    }),
  );
}

/** An attribute as text; lists as JSON. */
export function textOf(value: AttributeValue): string {
  return typeof value === 'object' ? jsonOf(value) : String(value);
}

const NOTHING: FittingList = { json: undefined, cut: 0 };

function fitting(items: readonly string[]): FittingList {
  let whole = '[';
  for (let i = 0; i < items.length; i++) whole += i === 0 ? items[i] : `,${items[i]}`;
  whole += ']';
  if (3 * whole.length <= VALUE_BYTES || Buffer.byteLength(whole) <= VALUE_BYTES) return { json: whole, cut: 0 };
  let bytes = 1;
  const fits = items.findIndex((item) => {
    bytes += Buffer.byteLength(item) + 1;
    return bytes > VALUE_BYTES;
  });
  return { json: fits > 0 ? `[${items.slice(0, fits).join()}]` : undefined, cut: items.length - fits };
}

/** 19 digits, more than a number holds. Two small ones become text faster than a large one. */
function nanos(micros: UnixMicros): string {
  if (micros < MICROS) return micros > 0 ? `${micros}000` : '0';
  const seconds = Math.floor(micros / MICROS);
  return `${seconds}${String(micros - seconds * MICROS + MICROS).slice(1)}000`;
}

const MICROS = 1_000_000;

function membersOf(attributes: Attributes): string {
  let members = '';
  for (const key in attributes) {
    members += `${members && ','}${quoted(key)}:${jsonOf(attributes[key] as AttributeValue)}`;
  }
  return members;
}

/** JSON, with the words NaN and Infinity where it would say null. */
function jsonOf(value: AttributeValue): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : `"${value}"`;
  return typeof value === 'object' ? `[${value.map(jsonOf).join()}]` : `${value}`;
}

/** JSON of a text; most need nothing but their quotes. */
function quoted(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}
