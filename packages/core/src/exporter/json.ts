import { ByteWriter } from './bytes.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const ZERO = 48;
const BILLION = 1e9;
const DIGIT = new TextEncoder().encode('0123456789abcdef');
/** What stands between quotes as it is, but for lone surrogates, of which core leaves none. */
const PLAIN = /^[ !#-[\]-\uffff]*$/;
/** Up to so many characters a loop is faster than a regular expression. */
const SHORT = 24;

/** Text in ASCII as bytes: the fixed parts of a JSON text, made once for all. */
export function chunk(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Writes JSON in one pass, brackets and commas as they are given: a tree for JSON.stringify takes three times as long. */
export class JsonWriter extends ByteWriter {
  #high = 0;
  #highDigits = chunk('0');

  /** Characters in ASCII as they are: short ones that differ each time. */
  text(characters: string): void {
    const { length } = characters;
    this.fit(length);
    const { bytes, length: at } = this;
    for (let i = 0; i < length; i++) bytes[at + i] = characters.charCodeAt(i);
    this.length = at + length;
  }

  /** A list of what `write` writes for each item. */
  list<T>(items: Iterable<T>, write: (item: T) => void): void {
    let before = '[';
    for (const item of items) {
      this.text(before);
      write(item);
      before = ',';
    }
    this.text(before === '[' ? '[]' : ']');
  }

  /** A string in quotes. */
  string(text: string): void {
    const { length } = text;
    this.fit(3 * length + 2);
    const start = this.length + 1;
    if (length > SHORT ? !PLAIN.test(text) : !this.#short(text, start)) {
      this.#escaped(text);
      return;
    }
    const { bytes } = this;
    const end = start + (length > SHORT ? bytes.write(text, start) : length);
    bytes[start - 1] = QUOTE;
    bytes[end] = QUOTE;
    this.length = end + 1;
  }

  /** Stores a text that is short and plain, or says that it is not. */
  #short(text: string, at: number): boolean {
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 32 || code > 126 || code === QUOTE || code === BACKSLASH) return false;
      bytes[at + i] = code;
    }
    return true;
  }

  #escaped(text: string): void {
    const json = JSON.stringify(text);
    this.fit(3 * json.length);
    this.length += this.bytes.write(json, this.length);
  }

  /** The hex digits of integers of 32 bits in quotes: those from `from` to before `to`. */
  bits(integers: Int32Array, from: number, to: number): void {
    this.fit(8 * (to - from) + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let i = from; i < to; i++) {
      const value = integers[i] as number;
      for (let shift = 28; shift >= 0; shift -= 4) bytes[at++] = DIGIT[(value >>> shift) & 15] as number;
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  /** The digits of a whole number from 0 as far as numbers are exact, such as microseconds since 1970. */
  whole(value: number): void {
    // In two parts: numbers of so many digits are slow to print, and of times the first part is long the same.
    const exact = Math.min(value, Number.MAX_SAFE_INTEGER);
    const high = Math.floor(exact / BILLION);
    const low = (exact - high * BILLION) | 0;
    if (high === 0) {
      this.text(`${low}`);
      return;
    }
    if (high !== this.#high) {
      this.#high = high;
      this.#highDigits = chunk(`${high}`);
    }
    this.raw(this.#highDigits);
    this.fit(9);
    const { bytes, length: at } = this;
    let rest = low;
    for (let i = at + 8; i >= at; i--) {
      const tenth = (rest / 10) | 0; // a division of integers, which Math.floor is not
      bytes[i] = ZERO + rest - 10 * tenth;
      rest = tenth;
    }
    this.length = at + 9;
  }

  /** The digits of nanoseconds since 1970, of microseconds: more than a number holds. */
  nanoseconds(micros: number): void {
    this.whole(micros);
    if (micros > 0) this.text('000');
  }
}
