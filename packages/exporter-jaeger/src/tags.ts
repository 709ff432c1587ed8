import type { Attributes, AttributeValue } from '@oc/core/exporter';
import type { ThriftWriter } from './thrift.ts';

// The numbers of the fields and of the types in Jaeger's jaeger.thrift.
const TAG = { key: 1, type: 2, string: 3, double: 4, bool: 5, long: 6 };
const TYPE = { string: 0, double: 1, bool: 2, long: 3 };

/** A tag that we give a name. */
export type Tag = readonly [key: string, value: AttributeValue];

/** Writes a list of tags, if there are any: our own, and the attributes that have other names. */
export function writeTags(writer: ThriftWriter, field: number, own: readonly Tag[], attributes: Attributes): void {
  let keys = Object.keys(attributes);
  if (own.some(([name]) => Object.hasOwn(attributes, name))) {
    keys = keys.filter((key) => own.every(([name]) => name !== key));
  }
  if (own.length + keys.length === 0) return;
  writer.structs(field, own.length + keys.length);
  for (const [name, value] of own) writeTag(writer, name, value);
  for (const key of keys) writeTag(writer, key, attributes[key] as AttributeValue);
}

function writeTag(writer: ThriftWriter, key: string, value: AttributeValue): void {
  const outer = writer.open();
  writer.text(TAG.key, key);
  if (typeof value === 'string') writeText(writer, value);
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'boolean') {
    writer.i32(TAG.type, TYPE.bool);
    writer.bool(TAG.bool, value);
  } else writeText(writer, jsonOf(value));
  writer.close(outer);
}

function writeText(writer: ThriftWriter, value: string): void {
  writer.i32(TAG.type, TYPE.string);
  writer.text(TAG.string, value);
}

function writeNumber(writer: ThriftWriter, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    writer.i32(TAG.type, TYPE.long);
    writeLong(writer, TAG.long, value);
  } else if (Number.isFinite(value)) {
    writer.i32(TAG.type, TYPE.double);
    writer.double(TAG.double, value);
  } else {
    writeText(writer, String(value)); // Jaeger's pages read JSON, which has no such number
  }
}

/** A field with a whole number; what a bridge gives as a fraction falls away. */
export function writeLong(writer: ThriftWriter, field: number, value: number): void {
  // In 32-bit operations only the low bits of a number count, however large it is.
  writer.i64(field, Math.floor(value / 0x1_0000_0000) | 0, value | 0);
}

/** JSON, with the words NaN and Infinity where it would say null. */
function jsonOf(values: readonly unknown[]): string {
  return JSON.stringify(values.map((each) => (typeof each === 'number' && !Number.isFinite(each) ? `${each}` : each)));
}
