import type { Attributes, AttributeValue } from '@oc/core/exporter';
import { isWhole } from '../model.ts';
import { delimited, fixed64, type ProtobufWriter, varint } from './writer.ts';

const KEY_VALUE = { key: delimited(1), value: delimited(2) };
const ANY_VALUE = { string: delimited(1), bool: varint(2), int: varint(3), double: fixed64(4), array: delimited(5) };
const ARRAY_VALUE = { values: delimited(1) };

/** A field of attributes, one `KeyValue` each. */
export function writeAttributes(writer: ProtobufWriter, tag: number, attributes: Attributes): void {
  for (const key in attributes) writeAttribute(writer, tag, key, attributes[key] as AttributeValue);
}

/** A field of attributes that are given in turn, key, value, key, value. */
export function writeAttributeList(
  writer: ProtobufWriter,
  tag: number,
  list: readonly (string | AttributeValue)[],
): void {
  for (let i = 0; i < list.length; i += 2) {
    writeAttribute(writer, tag, list[i] as string, list[i + 1] as AttributeValue);
  }
}

/** One `KeyValue`. */
export function writeAttribute(writer: ProtobufWriter, tag: number, key: string, value: AttributeValue): void {
  const start = writer.open(tag);
  writer.string(KEY_VALUE.key, key);
  writeValue(writer, KEY_VALUE.value, value);
  writer.close(start);
}

/** An `AnyValue`: it has one member, which is written when it is empty or zero, too. */
function writeValue(writer: ProtobufWriter, tag: number, value: AttributeValue): void {
  const start = writer.open(tag);
  if (typeof value === 'string') writer.string(ANY_VALUE.string, value);
  else if (typeof value === 'number') writeNumber(writer, value, isWhole(value));
  else if (typeof value === 'boolean') writer.uint32(ANY_VALUE.bool, value ? 1 : 0);
  else writeArray(writer, value);
  writer.close(start);
}

function writeNumber(writer: ProtobufWriter, value: number, asInt: boolean): void {
  if (asInt) writer.int64(ANY_VALUE.int, value);
  else writer.double(ANY_VALUE.double, value);
}

function writeArray(writer: ProtobufWriter, values: Extract<AttributeValue, object>): void {
  const start = writer.open(ANY_VALUE.array);
  const asInts = values.every(isWhole);
  for (const value of values) {
    if (typeof value !== 'number') writeValue(writer, ARRAY_VALUE.values, value);
    else {
      const startOfValue = writer.open(ARRAY_VALUE.values);
      writeNumber(writer, value, asInts);
      writer.close(startOfValue);
    }
  }
  writer.close(start);
}
