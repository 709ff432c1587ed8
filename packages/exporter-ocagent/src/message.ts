import type { UnixMicros } from '@oc/core/exporter';
import type { Writer } from 'protobufjs/minimal.js';
import type { Field, Kind, Schema } from './schema.ts';

/** A message by the names of its fields; undefined means left out, and all else is written, zero and '' too. */
export interface Message {
  readonly [name: string]: unknown;
}

// What goes before a value says how a reader finds its end.
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const WIRE: Readonly<Record<string, number>> = { int32: VARINT, int64: VARINT, bool: VARINT, double: FIXED64 };

// google.protobuf
const TIMESTAMP: Schema = { seconds: [1, 'int64'], nanos: [2, 'int32'] };
const BOOL_VALUE: Schema = { value: [1, 'bool'] };
const UINT32_VALUE: Schema = { value: [1, 'int32'] };

/** The message in protobuf, written by a fresh writer of protobufjs. */
export function protobufOf(message: Message, schema: Schema, writer: Writer): Uint8Array {
  writeFields(message, schema, writer);
  return writer.finish();
}

const fields = new WeakMap<Schema, readonly (readonly [string, ...Field])[]>();

/** A schema as a list, made once. */
function fieldsOf(schema: Schema): readonly (readonly [string, ...Field])[] {
  let known = fields.get(schema);
  if (!known) {
    known = Object.entries(schema).map(([name, field]) => [name, ...field] as const);
    fields.set(schema, known);
  }
  return known;
}

function writeFields(message: Message, schema: Schema, writer: Writer): void {
  for (const [name, number, kind, many] of fieldsOf(schema)) {
    const value = message[name];
    if (value === undefined) continue;
    if (many === 'list') for (const item of value as readonly unknown[]) writeField(writer, number, kind, item);
    else if (many !== 'map') writeField(writer, number, kind, value);
    else {
      for (const [key, item] of Object.entries(value as Message)) {
        writer.uint32((number << 3) | BYTES).fork();
        writeField(writer, 1, 'string', key);
        writeField(writer, 2, kind, item);
        writer.ldelim();
      }
    }
  }
}

function writeField(writer: Writer, number: number, kind: Kind, value: unknown): void {
  writer.uint32((number << 3) | (typeof kind === 'string' ? (WIRE[kind] ?? BYTES) : BYTES));
  switch (kind) {
    case 'string':
      writer.string(value as string);
      return;
    case 'id':
      writer.bytes(Buffer.from(value as string, 'hex'));
      return;
    case 'int32':
      writer.int32(value as number);
      return;
    case 'int64':
      writer.int64(value as number);
      return;
    case 'bool':
      writer.bool(value as boolean);
      return;
    case 'double':
      writer.double(value as number);
      return;
    case 'doubles':
      writer.fork();
      for (const item of value as readonly number[]) writer.double(item);
      writer.ldelim();
      return;
    case 'time':
      writeNested(writer, TIMESTAMP, timestampOf(value as UnixMicros));
      return;
    case 'boolValue':
      writeNested(writer, BOOL_VALUE, { value });
      return;
    case 'uint32Value':
      writeNested(writer, UINT32_VALUE, { value });
      return;
    default:
      writeNested(writer, kind, value as Message);
  }
}

function writeNested(writer: Writer, schema: Schema, message: Message): void {
  writer.fork();
  writeFields(message, schema, writer);
  writer.ldelim();
}

function timestampOf(time: UnixMicros): Message {
  return { seconds: Math.floor(time / 1e6), nanos: (time % 1e6) * 1e3 };
}

/** The message as protobuf's own JSON has it: ids in base64, times in RFC 3339, 64-bit numbers as texts. */
export function jsonOf(message: Message, schema: Schema): string {
  return JSON.stringify(treeOf(message, schema));
}

function treeOf(message: Message, schema: Schema): Message {
  const tree: Record<string, unknown> = {};
  for (const [name, , kind, many] of fieldsOf(schema)) {
    const value = message[name];
    if (value === undefined) continue;
    if (many === 'list') tree[name] = (value as readonly unknown[]).map((item) => leafOf(item, kind));
    else tree[name] = many === 'map' ? mapOf(value as Message, kind) : leafOf(value, kind);
  }
  return tree;
}

function mapOf(map: Message, kind: Kind): Message {
  const leaves: Record<string, unknown> = Object.create(null); // where '__proto__' is a key like any other
  for (const key in map) leaves[key] = leafOf(map[key], kind);
  return leaves;
}

function leafOf(value: unknown, kind: Kind): unknown {
  switch (kind) {
    case 'id':
      return Buffer.from(value as string, 'hex').toString('base64');
    case 'int64':
      return Number.isSafeInteger(value) ? String(value) : BigInt(value as number).toString();
    case 'double':
      return Number.isFinite(value) ? value : String(value); // JSON has no word for these
    case 'time':
      return rfc3339(value as UnixMicros);
    default:
      return typeof kind === 'string' ? value : treeOf(value as Message, kind);
  }
}

function rfc3339(time: UnixMicros): string {
  const micros = String(time % 1e6).padStart(6, '0');
  return new Date(Math.floor(time / 1e6) * 1e3).toISOString().replace('.000Z', `.${micros}Z`);
}
