import { type Attributes, type AttributeValue, chunk, type JsonWriter } from '@oc/core/exporter';
import { isWhole } from '../model.ts';
import { remembered } from './keys.ts';

const STRING = chunk('"stringValue":');
const INT = chunk('"intValue":"');
const DOUBLE = chunk('"doubleValue":');
const TRUE = chunk('"boolValue":true');
const FALSE = chunk('"boolValue":false');
const ARRAY = chunk('"arrayValue":{"values":[');

/** The beginning of a `KeyValue`, up to the value's only member. */
const keyAndValue = remembered((key) => Buffer.from(`{"key":${JSON.stringify(key)},"value":{`));

/** A list of attributes, one `KeyValue` each. */
export function writeAttributes(writer: JsonWriter, attributes: Attributes): void {
  let before = '[';
  for (const key in attributes) {
    writeAttribute(writer, before, key, attributes[key] as AttributeValue);
    before = '}},';
  }
  endAttributes(writer, before);
}

/** As above, of attributes that are given in turn, key, value, key, value. */
export function writeAttributeList(writer: JsonWriter, list: readonly (string | AttributeValue)[]): void {
  let before = '[';
  for (let i = 0; i < list.length; i += 2) {
    writeAttribute(writer, before, list[i] as string, list[i + 1] as AttributeValue);
    before = '}},';
  }
  endAttributes(writer, before);
}

/** Labels, one `KeyValue` each: those that are not set are left out, an empty one is a value. */
export function writeLabels(
  writer: JsonWriter,
  keys: readonly string[],
  values: readonly (string | undefined)[],
): void {
  let before = '[';
  for (let i = 0; i < keys.length; i++) {
    const value = values[i];
    if (value === undefined) continue;
    writeAttribute(writer, before, keys[i] as string, value);
    before = '}},';
  }
  endAttributes(writer, before);
}

function writeAttribute(writer: JsonWriter, before: string, key: string, value: AttributeValue): void {
  writer.text(before);
  writer.raw(keyAndValue(key));
  writeValue(writer, value);
}

function endAttributes(writer: JsonWriter, before: string): void {
  writer.text(before === '[' ? '[]' : '}}]');
}

/** The member of an `AnyValue`. */
function writeValue(writer: JsonWriter, value: AttributeValue): void {
  if (typeof value === 'string') {
    writer.raw(STRING);
    writer.string(value);
  } else if (typeof value === 'number') writeNumber(writer, value, isWhole(value));
  else if (typeof value === 'boolean') writer.raw(value ? TRUE : FALSE);
  else writeArray(writer, value);
}

function writeNumber(writer: JsonWriter, value: number, asInt: boolean): void {
  if (asInt) {
    writer.raw(INT);
    writer.text(String(value));
    writer.text('"');
  } else {
    writer.raw(DOUBLE);
    writer.text(doubleJson(value));
  }
}

function writeArray(writer: JsonWriter, values: Extract<AttributeValue, object>): void {
  const asInts = values.every(isWhole);
  let before = '{';
  writer.raw(ARRAY);
  for (const value of values) {
    writer.text(before);
    if (typeof value === 'number') writeNumber(writer, value, asInts);
    else writeValue(writer, value);
    before = '},{';
  }
  writer.text(before === '{' ? ']}' : '}]}');
}

/** A double. JSON has no NaN and no infinities: they are words in quotes. */
export function doubleJson(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}
