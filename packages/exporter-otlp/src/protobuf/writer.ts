import { ByteWriter } from '@oc/core/exporter';

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
export class ProtobufWriter extends ByteWriter {
  /** Begins an inner message, for whose length so many bytes are left. `close` is given what this returns. */
  open(tag: number, lengthBytes = 1): number {
    this.fit(2 + lengthBytes);
    this.bytes[this.length++] = tag;
    this.length += lengthBytes;
    return this.length;
  }

  /** Ends an inner message. */
  close(start: number, lengthBytes = 1): void {
    const length = this.length - start;
    const { bytes } = this;
    if (length < 0x80 && lengthBytes === 1) bytes[start - 1] = length;
    else if (length >= 0x80 && length < 0x4000 && lengthBytes === 2) {
      bytes[start - 2] = (length & 127) | 128;
      bytes[start - 1] = length >> 7;
    } else this.shift(start, lengthBytes);
  }

  private shift(start: number, lengthBytes: number): void {
    const length = this.length - start;
    const by = varintBytes(length) - lengthBytes;
    this.fit(by);
    this.bytes.copyWithin(start + by, start, this.length);
    this.length += by;
    this.putVarint(start - lengthBytes, length);
  }

  /** A field of a string. */
  string(tag: number, text: string): void {
    const { length } = text;
    this.fit(3 * length + 6);
    const { bytes } = this;
    bytes[this.length] = tag;
    let start = this.length + 1 + varintBytes(length);
    const size = this.utf8(text, start);
    if (size < 0x80) {
      bytes[start - 1] = size;
    } else {
      // The length is known when the text is written, and may need one byte more than its characters let expect.
      const by = varintBytes(size) - varintBytes(length);
      if (by > 0) bytes.copyWithin(start + by, start, start + size);
      start += by;
      this.putVarint(this.length + 1, size);
    }
    this.length = start + size;
  }

  /** A field of bytes that are given as hex digits, at most 127 of them. */
  hex(tag: number, digits: string): void {
    const length = digits.length >> 1;
    this.fit(length + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = tag;
    bytes[at++] = length;
    for (let i = 0; i < 2 * length; i += 2) {
      bytes[at++] = (hexDigit(digits.charCodeAt(i)) << 4) | hexDigit(digits.charCodeAt(i + 1));
    }
    this.length = at;
  }

  /** A field of bytes that are given as integers of 32 bits, the most significant first: those from `from` to before `to`. */
  bits(tag: number, integers: Int32Array, from: number, to: number): void {
    const length = 4 * (to - from);
    this.fit(length + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = tag;
    bytes[at++] = length;
    for (let i = from; i < to; i++) {
      const value = integers[i] as number;
      bytes[at] = value >> 24;
      bytes[at + 1] = value >> 16;
      bytes[at + 2] = value >> 8;
      bytes[at + 3] = value;
      at += 4;
    }
    this.length = at;
  }

  /** A field of a number of at most 32 bits, without a sign. */
  uint32(tag: number, value: number): void {
    this.fit(6);
    this.bytes[this.length] = tag;
    this.length = this.putVarint(this.length + 1, value);
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
    bytes[this.length++] = tag;
    while (high > 0 || low > 127) {
      bytes[this.length++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    bytes[this.length++] = low;
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
    this.bytes[this.length++] = tag;
    this.putDouble(value);
  }

  /** A field of four bytes whose number is above 15. */
  fixed32(tag: number, value: number): void {
    this.fit(6);
    this.length = this.putVarint(this.length, tag);
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
    this.bytes[this.length] = tag;
    this.length = this.putVarint(this.length + 1, 8 * count);
  }

  private halves(tag: number, high: number, low: number): void {
    this.fit(9);
    this.bytes[this.length++] = tag;
    this.put32(low);
    this.put32(high);
  }

  private put32(value: number): void {
    const { bytes, length: at } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    this.length = at + 4;
  }

  private putDouble(value: number): void {
    const { bytes, length: at } = this;
    double[0] = value;
    for (let i = 0; i < 8; i++) bytes[at + i] = doubleBytes[i] as number;
    this.length = at + 8;
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
