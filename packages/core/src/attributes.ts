import type { Limits } from './settings.ts';
import type { Attributes, AttributeValue } from './span.ts';

/** Attributes while a span gathers them: key, value, key, value, ..., oldest first. */
export type AttributeList = (string | AttributeValue)[];

// An object without inherited members, at a fifth of the bytes of Object.create(null).
const Bare = function Bare() {} as unknown as new () => Record<string, AttributeValue>;
Bare.prototype = Object.freeze(Object.create(null));

/** No attributes. */
export const NO_ATTRIBUTES: Attributes = Object.freeze(new Bare());

/** The list as exporters read it. */
export function recordOf(list: AttributeList): Attributes {
  if (list.length === 0) return NO_ATTRIBUTES;
  const record = new Bare();
  for (let i = 0; i < list.length; i += 2) record[list[i] as string] = list[i + 1] as AttributeValue;
  return record;
}

/** Adds or replaces one attribute, as the newest. Returns how many were dropped for it: it, another, or none. */
export function put(list: AttributeList, key: unknown, value: unknown, limits: Limits): number {
  if (value === undefined || value === null) return 0;
  const name = typeof key === 'string' ? boundedText(key, limits.keyLength) : '';
  const clean = name === '' ? undefined : cleanValue(value, limits);
  if (clean === undefined) return 1;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] !== name) continue;
    replaceAt(list, i, name, clean);
    return 0;
  }
  if (list.length < 2 * limits.attributes) {
    list.push(name, clean);
    return 0;
  }
  if (list.length === 0) return 1;
  replaceAt(list, 0, name, clean);
  return 1;
}

/** Takes the pair at `at` away and appends another. */
function replaceAt(list: AttributeList, at: number, name: string, value: AttributeValue): void {
  for (let i = at + 2; i < list.length; i++) list[i - 2] = list[i] as AttributeValue;
  list[list.length - 2] = name;
  list[list.length - 1] = value;
}

/** Puts all own enumerable members of what the user gave, each read once. Returns how many were dropped. */
export function putAll(list: AttributeList, given: unknown, limits: Limits): number {
  let dropped = 0;
  try {
    for (const key in given as object) {
      if (!Object.hasOwn(given as object, key)) continue;
      let value: unknown;
      try {
        value = (given as Record<string, unknown>)[key];
      } catch {
        dropped++; // a getter that throws
        continue;
      }
      dropped += put(list, key, value, limits);
    }
  } catch {
    dropped++; // a revoked proxy and the like: nothing can be said of its members
  }
  return dropped;
}

/** The text cut to `most` characters on a code point, and well-formed. */
export function boundedText(text: string, most: number): string {
  if (text.length <= most) return text.isWellFormed() ? text : text.toWellFormed();
  const high = most > 0 && (text.charCodeAt(most - 1) & 0xfc00) === 0xd800;
  // By way of bytes: a slice would keep the whole text alive. Lone surrogates become U+FFFD on the way.
  return Buffer.from(text.slice(0, high ? most - 1 : most)).toString();
}

/** Text of anything: a string as it is, other values as attributes have them. Never throws. */
export function textOf(value: unknown, most: number): string {
  if (typeof value === 'string') return boundedText(value, most);
  try {
    return boundedText(typeof value === 'object' && value !== null ? jsonOf(value, most) : String(value), most);
  } catch {
    return '';
  }
}

/** What an exporter may receive for a value, or undefined for what has no stable form. Never throws. */
export function cleanValue(value: unknown, limits: Limits): AttributeValue | undefined {
  switch (typeof value) {
    case 'string':
      return boundedText(value, limits.valueLength);
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return cleanBigInt(value, limits);
    case 'object':
      if (value === null) return undefined;
      try {
        if (Array.isArray(value)) {
          const clean = cleanArray(value, limits);
          if (clean) return clean;
        }
        return boundedText(jsonOf(value, limits.valueLength), limits.valueLength);
      } catch {
        return undefined;
      }
    default:
      return undefined; // functions and symbols
  }
}

/** Undefined for one of too many digits: cut, it would be another number. */
function cleanBigInt(value: bigint, limits: Limits): number | string | undefined {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  const digits = String(value);
  return digits.length <= limits.valueLength ? digits : undefined;
}

/** A copy of an array of strings, numbers or booleans; undefined for a mixed one. */
function cleanArray(value: readonly unknown[], limits: Limits): AttributeValue | undefined {
  // Not by `map` or `every`, which pass over holes and keep a subclass.
  const items = Array.from({ length: Math.min(value.length, limits.arrayLength) }, (_, i) => {
    const item = value[i];
    return typeof item === 'bigint' ? cleanBigInt(item, limits) : item;
  });
  const type = items.length === 0 ? 'string' : typeof items[0];
  if (!['string', 'number', 'boolean'].includes(type) || items.some((item) => typeof item !== type)) return undefined;
  return type === 'string' ? items.map((item) => boundedText(item as string, limits.valueLength)) : (items as number[]);
}

/** Text of an object, as far as its first `most` characters go. Throws for cycles, getters that throw and the like. */
function jsonOf(value: object, most: number): string {
  if (value instanceof Error) return String(value);
  if (value instanceof Date) return value.toISOString();
  const shown = value instanceof Map || value instanceof Set ? [...value] : value;
  let room = most;
  const read = (_: string, member: unknown): unknown => {
    // What would be cut off is not written: a member that many share is written once for each of them, so that what is
    // small to hold can be endless to write.
    if (room <= 0) return undefined;
    const plain = typeof member === 'bigint' ? String(member) : member;
    if (typeof plain === 'string') {
      room -= plain.length + 2;
      return plain.length > most ? plain.slice(0, most) : plain;
    }
    if (typeof plain === 'object' || typeof plain === 'number' || typeof plain === 'boolean') room--;
    return plain;
  };
  return JSON.stringify(shown, read) ?? '';
}
