import { ByteWriter, type UnixMicros } from '@oc/core/exporter';

const TWO_32 = 2 ** 32;
/** The last microsecond whose nanoseconds fit into 63 bits, in the year 2262. */
const LAST_MICROS = 9_223_372_036_854_774;

/** Writes MessagePack, one value after the other. */
export class MessagePack extends ByteWriter {
  /** The head of an array; its items follow. */
  array(length: number): void {
    this.#head(length, 0x90, 0xdc);
  }

  /** The head of a map; its keys and values follow in turn. */
  map(length: number): void {
    this.#head(length, 0x80, 0xde);
  }

  text(value: string): void {
    this.fit(5 + 3 * value.length);
    // The head's size depends on the number of bytes, which is known when they are written.
    const guess = textHeadBytes(value.length);
    const start = this.length + guess;
    const size = this.utf8(value, start);
    const by = textHeadBytes(size) - guess;
    if (by > 0) this.bytes.copyWithin(start + by, start, start + size);
    this.#textHead(size);
    this.length += size;
  }

  /** A text that is UTF-8 already. */
  encoded(text: ByteWriter): void {
    this.fit(5 + text.length);
    this.#textHead(text.length);
    this.length += text.copyTo(this.bytes, this.length);
  }

  /** A whole number from 0 to 2^32 - 1, in its shortest form. */
  integer(value: number): void {
    this.fit(5);
    if (value < 0x80) this.#byte(value);
    else if (value < 0x1_00) this.#wide8(0xcc, value);
    else if (value < 0x1_00_00) this.#wide16(0xcd, value);
    else this.#wide32(0xce, value);
  }

  float64(value: number): void {
    this.fit(9);
    this.#byte(0xcb);
    this.length = this.bytes.writeDoubleBE(value, this.length);
  }

  /** An unsigned number of 64 bits: two integers of 32 from `from` on, the more significant first. */
  id(halves: Int32Array, from: number): void {
    this.fit(9);
    this.#wide32(0xcf, halves[from] as number);
    this.#int32(halves[from + 1] as number);
  }

  /** A signed number of 64 bits: microseconds as nanoseconds, all digits right. */
  nanoseconds(micros: UnixMicros): void {
    this.fit(9);
    // Times a thousand in two halves: the whole has more digits than a number can hold.
    const within = Math.min(micros, LAST_MICROS);
    const upper = Math.floor(within / TWO_32);
    const lower = (within - upper * TWO_32) * 1_000;
    const carry = Math.floor(lower / TWO_32);
    this.#wide32(0xd3, upper * 1_000 + carry);
    this.#int32(lower - carry * TWO_32);
  }

  /** A few bytes that are MessagePack already, in a list: of that the length is faster to ask for. */
  few(given: readonly number[]): void {
    const { length } = given;
    this.fit(length);
    const { bytes, length: at } = this;
    for (let i = 0; i < length; i++) bytes[at + i] = given[i] as number;
    this.length = at + length;
  }

  /** Up to 15 the length goes into the head's own byte. */
  #head(length: number, short: number, wide: number): void {
    this.fit(5);
    if (length < 16) this.#byte(short | length);
    else if (length < 0x1_00_00) this.#wide16(wide, length);
    else this.#wide32(wide + 1, length);
  }

  #textHead(size: number): void {
    if (size < 32) this.#byte(0xa0 | size);
    else if (size < 0x1_00) this.#wide8(0xd9, size);
    else if (size < 0x1_00_00) this.#wide16(0xda, size);
    else this.#wide32(0xdb, size);
  }

  #byte(value: number): void {
    this.bytes[this.length++] = value;
  }

  #wide8(type: number, value: number): void {
    this.#byte(type);
    this.#byte(value);
  }

  #wide16(type: number, value: number): void {
    this.#byte(type);
    this.#byte(value >> 8);
    this.#byte(value);
  }

  #wide32(type: number, value: number): void {
    this.#byte(type);
    this.#int32(value);
  }

  #int32(value: number): void {
    const { bytes, length } = this;
    bytes[length] = value >>> 24;
    bytes[length + 1] = value >>> 16;
    bytes[length + 2] = value >>> 8;
    bytes[length + 3] = value;
    this.length = length + 4;
  }
}

function textHeadBytes(size: number): 1 | 2 | 3 | 5 {
  return size < 32 ? 1 : size < 0x1_00 ? 2 : size < 0x1_00_00 ? 3 : 5;
}
