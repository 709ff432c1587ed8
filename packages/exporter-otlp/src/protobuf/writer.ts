import { GrowingBuffer, SHORT } from '../buffer.ts';

const TWO_TO_32 = 2 ** 32;
/** The year 2255: later microseconds are no exact numbers, and their nanoseconds would soon leave 63 bits. */
const LAST_MICROS = Number.MAX_SAFE_INTEGER;

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

/** What goes before a value: the number of its field, and how a reader finds the value's end. */
export const varint = (field: number): number => field << 3;
/** As `varint`, before eight bytes. */
export const fixed64 = (field: number): number => (field << 3) | 1;
/** As `varint`, before a length: strings, bytes, messages, packed numbers. */
export const delimited = (field: number): number => (field << 3) | 2;
/** As `varint`, before four bytes. */
export const fixed32 = (field: number): number => (field << 3) | 5;

/**
 * Writes protobuf in one pass into a buffer that grows and is used again. The length of a message goes before it and is
 * known after it: room is left for the length that is likely, and the message moved by a byte or two where it was not.
 */
export class ProtobufWriter extends GrowingBuffer {
  /** Begins an inner message, for whose length so many bytes are left. `close` is given what this returns. */
  open(tag: number, lengthBytes = 1): number {
    this.fit(2 + lengthBytes);
    this.bytes[this.at++] = tag;
    this.at += lengthBytes;
    return this.at;
  }

  /** Ends an inner message. */
  close(start: number, lengthBytes = 1): void {
    const length = this.at - start;
    const needed = varintBytes(length);
    if (needed !== lengthBytes) {
      this.fit(needed);
      const by = needed - lengthBytes;
      this.bytes.copyWithin(start + by, start, this.at);
      this.at += by;
    }
    this.putVarint(start - lengthBytes, length);
  }

  /** A field of a string. */
  string(tag: number, text: string): void {
    const { length } = text;
    this.fit(3 * length + 6);
    const { bytes } = this;
    bytes[this.at] = tag;
    if (length > SHORT) {
      this.longString(text);
      return;
    }
    const start = this.at + 2;
    let to = start;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) {
        to = start + bytes.write(text, start);
        break;
      }
      bytes[to++] = code;
    }
    bytes[start - 1] = to - start;
    this.at = to;
  }

  private longString(text: string): void {
    const { bytes } = this;
    const likely = varintBytes(text.length);
    let start = this.at + 1 + likely;
    const length = bytes.write(text, start);
    const needed = varintBytes(length);
    if (needed !== likely) {
      bytes.copyWithin(start + needed - likely, start, start + length);
      start += needed - likely;
    }
    this.putVarint(start - needed, length);
    this.at = start + length;
  }

  /** A field of bytes that are given as hex digits, at most 127 of them. */
  hex(tag: number, digits: string): void {
    const length = digits.length >> 1;
    this.fit(length + 2);
    const { bytes } = this;
    let { at } = this;
    bytes[at++] = tag;
    bytes[at++] = length;
    for (let i = 0; i < 2 * length; i += 2) {
      bytes[at++] = (hexDigit(digits.charCodeAt(i)) << 4) | hexDigit(digits.charCodeAt(i + 1));
    }
    this.at = at;
  }

  /** A field of a number of at most 32 bits, without a sign. */
  uint32(tag: number, value: number): void {
    this.fit(6);
    this.bytes[this.at] = tag;
    this.at = this.putVarint(this.at + 1, value);
  }

  /** A field of a whole number, exact as far as numbers are; below zero it takes ten bytes. */
  int64(tag: number, value: number): void {
    if (value >= 0 && value < TWO_TO_32) {
      this.uint32(tag, value);
      return;
    }
    this.fit(11);
    const { bytes } = this;
    let low = value >>> 0; // of a negative number too: the low half of its two's complement
    let high = ((value - low) / TWO_TO_32) >>> 0;
    bytes[this.at++] = tag;
    while (high > 0 || low > 127) {
      bytes[this.at++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    bytes[this.at++] = low;
  }

  /** A field of eight bytes: nanoseconds since 1970, of microseconds. A thousand times them is no exact number. */
  nanoseconds(tag: number, micros: number): void {
    const exact = micros > LAST_MICROS ? LAST_MICROS : micros;
    const high = Math.floor(exact / TWO_TO_32);
    const low = (exact - high * TWO_TO_32) * 1_000;
    const carry = Math.floor(low / TWO_TO_32);
    this.halves(tag, high * 1_000 + carry, low - carry * TWO_TO_32);
  }

  /** A field of eight bytes: a whole number, exact as far as numbers are. */
  sfixed64(tag: number, value: number): void {
    const low = value >>> 0;
    this.halves(tag, (value - low) / TWO_TO_32, low);
  }

  /** A field of eight bytes: a fraction, an infinity, NaN. */
  double(tag: number, value: number): void {
    this.fit(9);
    this.bytes[this.at++] = tag;
    this.putDouble(value);
  }

  /** A field of four bytes whose number is above 15. */
  fixed32(tag: number, value: number): void {
    this.fit(6);
    this.at = this.putVarint(this.at, tag);
    this.put32(value);
  }

  /** A field of many doubles, eight bytes each. */
  packedDoubles(tag: number, values: readonly number[]): void {
    this.beginPacked(tag, values.length);
    for (const value of values) this.putDouble(value);
  }

  /** A field of many whole numbers from 0, eight bytes each. */
  packedFixed64(tag: number, values: readonly number[]): void {
    this.beginPacked(tag, values.length);
    for (const value of values) {
      const low = value >>> 0;
      this.put32(low);
      this.put32((value - low) / TWO_TO_32);
    }
  }

  private beginPacked(tag: number, count: number): void {
    this.fit(8 * count + 6);
    this.bytes[this.at] = tag;
    this.at = this.putVarint(this.at + 1, 8 * count);
  }

  private halves(tag: number, high: number, low: number): void {
    this.fit(9);
    this.bytes[this.at++] = tag;
    this.put32(low);
    this.put32(high);
  }

  private put32(value: number): void {
    const { bytes, at } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    this.at = at + 4;
  }

  private putDouble(value: number): void {
    const { bytes, at } = this;
    double[0] = value;
    for (let i = 0; i < 8; i++) bytes[at + i] = doubleBytes[i] as number;
    this.at = at + 8;
  }

  /** Writes at `at` and returns where it ends. */
  private putVarint(at: number, value: number): number {
    const { bytes } = this;
    let rest = value;
    let to = at;
    while (rest > 127) {
      bytes[to++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[to++] = rest;
    return to;
  }
}

/** The value of a hex digit by its character code: of 0 to 9 the low four bits, of letters nine more. */
function hexDigit(code: number): number {
  return (code & 15) + 9 * (code >> 6);
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}
