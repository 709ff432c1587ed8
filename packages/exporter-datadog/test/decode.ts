import { decode } from '@msgpack/msgpack';

/** A span as MessagePack's own decoder reads it: whole numbers as they were written, of 64 bits or short. */
export interface DecodedSpan {
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly trace_id: bigint;
  readonly span_id: bigint;
  readonly parent_id: bigint | number;
  readonly start: bigint;
  readonly duration: bigint;
  readonly error: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly type: string;
}

/** This decoder refuses one key, which others take; it comes out as '__proto_?'. */
function decoded(body: Uint8Array): unknown {
  const text = Buffer.from(body).toString('latin1').replaceAll('\xa9__proto__', '\xa9__proto_?');
  return restored(decode(Buffer.from(text, 'latin1'), { useBigInt64: true, mapKeyConverter: (key) => `${key}` }));
}

/** With the texts, which are no keys, as they were. */
function restored(value: unknown): unknown {
  if (value === '__proto_?') return '__proto__';
  if (Array.isArray(value)) return value.map(restored);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, restored(member)]));
}

/** The chunks of a message in version 0.4. */
export function decode04(body: Uint8Array): readonly (readonly DecodedSpan[])[] {
  return decoded(body) as DecodedSpan[][];
}

const FIELDS = [
  ...['service', 'name', 'resource', 'trace_id', 'span_id', 'parent_id'],
  ...['start', 'duration', 'error', 'meta', 'metrics', 'type'],
];
type Field = bigint | number | Readonly<Record<string, number>>;

/** The same of a message in version 0.5. Throws for a table with a text twice, or a place outside it. */
export function decode05(body: Uint8Array): readonly (readonly DecodedSpan[])[] {
  const [table, chunks] = decoded(body) as [string[], Field[][][]];
  if (table[0] !== '' || new Set(table).size !== table.length) throw new Error(`a wrong table: ${table}`);
  const textAt = (place: unknown): string => {
    const text = table[Number(place)];
    if (text === undefined) throw new Error(`nothing at ${place} of ${table.length}`);
    return text;
  };
  const of: Record<string, (field: Field) => unknown> = {
    ...Object.fromEntries(['service', 'name', 'resource', 'type'].map((name) => [name, textAt])),
    meta: (field) => Object.fromEntries(Object.entries(field).map(([key, value]) => [textAt(key), textAt(value)])),
    metrics: (field) => Object.fromEntries(Object.entries(field).map(([key, value]) => [textAt(key), value])),
  };
  return chunks.map((chunk) =>
    chunk.map((span) => {
      if (span.length !== FIELDS.length) throw new Error(`a span of ${span.length} fields`);
      const named = FIELDS.map((name, i) => [name, (of[name] ?? String)(span[i] as Field), span[i]] as const);
      return Object.fromEntries(
        named.map(([name, read, raw]) => [name, of[name] ? read : raw]),
      ) as unknown as DecodedSpan;
    }),
  );
}

/** 16 hex digits. */
export function hex(id: bigint | number): string {
  return id.toString(16).padStart(16, '0');
}

/** A line of DogStatsD, taken apart. */
export interface Line {
  readonly name: string;
  readonly value: number;
  readonly type: string;
  readonly tags: Readonly<Record<string, string>>;
  /** What stands after the tags. */
  readonly fields: readonly string[];
}

/** The lines of a datagram. Throws for one that a reader of DogStatsD would not take. */
export function linesIn(datagram: Uint8Array | string): readonly Line[] {
  return datagram
    .toString()
    .split('\n')
    .map((line) => {
      const [, name = '', value, type = '', rest] =
        /^([A-Za-z][\w.]{0,199}):(-?\d+(?:\.\d+)?)\|([cg])((?:\|.*)?)$/.exec(line) ?? [];
      if (rest === undefined) throw new Error(`no line of DogStatsD: ${line}`);
      const parts = rest.split('|').slice(1);
      const tags = parts.filter((part) => part.startsWith('#')).flatMap((part) => part.slice(1).split(','));
      return {
        name,
        value: Number(value),
        type,
        tags: Object.fromEntries(tags.map(pair)),
        fields: parts.filter((part) => !part.startsWith('#')),
      };
    });
}

/** A tag's key and value. */
export function pair(tag: string): readonly [string, string] {
  const [, key = tag, value = ''] = /^(.*?):(.*)$/s.exec(tag) ?? [];
  return [key, value];
}
