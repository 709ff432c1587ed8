import type { ByteWriter, UnixMicros } from '@oc/core/exporter';

/** Writes MessagePack, one value after the other, into a buffer that is used again and again. */
export interface MessagePack {
  /** The head of an array; its items follow. */
  array(length: number): void;
  /** The head of a map; its keys and values follow in turn. */
  map(length: number): void;
  text(value: string): void;
  /** A text that is UTF-8 already. */
  utf8(text: ByteWriter): void;
  /** A whole number from 0 to 2^32 - 1, in its shortest form. */
  integer(value: number): void;
  float64(value: number): void;
  /** An unsigned number of 64 bits: two integers of 32 from `from` on, the more significant first. */
  id(halves: Int32Array, from: number): void;
  /** A signed number of 64 bits: microseconds as nanoseconds, all digits right. */
  nanoseconds(micros: UnixMicros): void;
  /** Bytes that are MessagePack already. */
  append(other: Uint8Array): void;
  /** The same, a few of them in a list: of that the length is faster to ask for. */
  few(bytes: readonly number[]): void;
  /** How many bytes are written. */
  readonly length: number;
  /** What was written, as a copy; then begins anew. */
  take(): Uint8Array;
}

const FIRST_BYTES = 64 * 1024;
/** A buffer that one message made larger is let go with it. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** Up to here a loop is faster than a call of Buffer's. */
const LOOP_CHARACTERS = 24;
const TWO_32 = 2 ** 32;
/** The last microsecond whose nanoseconds fit into 63 bits, in the year 2262. */
const LAST_MICROS = 9_223_372_036_854_774;

/** Makes a writer. */
export function messagePack(): MessagePack {
  let bytes = Buffer.allocUnsafe(FIRST_BYTES);
  let view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function use(buffer: Buffer<ArrayBuffer>): void {
    bytes = buffer;
    view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  function reserve(more: number): void {
    if (at + more <= bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * bytes.length, at + more));
    bytes.copy(larger, 0, 0, at);
    use(larger);
  }

  /** A head whose length goes into its own byte when it is short. */
  function head(length: number, short: number, most: number, wide16: number): void {
    reserve(5);
    if (length <= most) {
      bytes[at++] = short | length;
    } else if (length < 0x1_00_00) {
      bytes[at] = wide16;
      view.setUint16(at + 1, length);
      at += 3;
    } else {
      bytes[at] = wide16 + 1;
      view.setUint32(at + 1, length);
      at += 5;
    }
  }

  function longText(value: string): void {
    // The head's size depends on the number of bytes, which is known when they are written.
    const guess = textHeadBytes(value.length);
    const size = bytes.write(value, at + guess);
    const headBytes = textHeadBytes(size);
    if (headBytes !== guess) bytes.copyWithin(at + headBytes, at + guess, at + guess + size);
    textHead(size);
    at += size;
  }

  function textHead(size: number): void {
    const headBytes = textHeadBytes(size);
    if (headBytes === 1) {
      bytes[at] = 0xa0 | size;
    } else if (headBytes === 2) {
      bytes[at] = 0xd9;
      bytes[at + 1] = size;
    } else if (headBytes === 3) {
      bytes[at] = 0xda;
      view.setUint16(at + 1, size);
    } else {
      bytes[at] = 0xdb;
      view.setUint32(at + 1, size);
    }
    at += headBytes;
  }

  return {
    array(length) {
      head(length, 0x90, 15, 0xdc);
    },

    map(length) {
      head(length, 0x80, 15, 0xde);
    },

    text(value) {
      const { length } = value;
      reserve(5 + 3 * length);
      if (length > LOOP_CHARACTERS) return longText(value);
      const buffer = bytes; // in a variable of its own it stays in a register
      const start = at + 1;
      for (let i = 0; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code > 0x7f) return longText(value);
        buffer[start + i] = code;
      }
      buffer[at] = 0xa0 | length;
      at = start + length;
    },

    utf8(text) {
      reserve(5 + text.length);
      textHead(text.length);
      at += text.copyTo(bytes, at);
    },

    integer(value) {
      reserve(5);
      if (value < 0x80) {
        bytes[at++] = value;
      } else if (value < 0x1_00) {
        bytes[at++] = 0xcc;
        bytes[at++] = value;
      } else if (value < 0x1_00_00) {
        bytes[at] = 0xcd;
        view.setUint16(at + 1, value);
        at += 3;
      } else {
        bytes[at] = 0xce;
        view.setUint32(at + 1, value);
        at += 5;
      }
    },

    float64(value) {
      reserve(9);
      bytes[at] = 0xcb;
      view.setFloat64(at + 1, value);
      at += 9;
    },

    id(halves, from) {
      reserve(9);
      bytes[at] = 0xcf;
      view.setInt32(at + 1, halves[from] as number);
      view.setInt32(at + 5, halves[from + 1] as number);
      at += 9;
    },

    nanoseconds(micros) {
      reserve(9);
      // Times a thousand in two halves: the whole has more digits than a number can hold.
      const within = Math.min(micros, LAST_MICROS);
      const upper = Math.floor(within / TWO_32);
      const lower = (within - upper * TWO_32) * 1_000;
      bytes[at] = 0xd3;
      view.setUint32(at + 1, upper * 1_000 + Math.floor(lower / TWO_32));
      view.setUint32(at + 5, lower % TWO_32);
      at += 9;
    },

    append(other) {
      const size = other.byteLength;
      reserve(size);
      bytes.set(other, at);
      at += size;
    },

    few(given) {
      const { length } = given;
      reserve(length);
      const buffer = bytes;
      for (let i = 0; i < length; i++) buffer[at + i] = given[i] as number;
      at += length;
    },

    get length() {
      return at;
    },

    take() {
      const taken = Buffer.allocUnsafeSlow(at);
      bytes.copy(taken, 0, 0, at);
      at = 0;
      if (bytes.length > KEPT_BYTES) use(Buffer.allocUnsafe(FIRST_BYTES));
      return taken;
    },
  };
}

function textHeadBytes(size: number): 1 | 2 | 3 | 5 {
  return size < 32 ? 1 : size < 0x1_00 ? 2 : size < 0x1_00_00 ? 3 : 5;
}
