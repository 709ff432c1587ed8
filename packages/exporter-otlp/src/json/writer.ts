import { GrowingBuffer, SHORT } from '../buffer.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const ZERO = 48;
const BILLION = 1e9;
/** What stands between quotes as it is, but for lone surrogates, of which core leaves none. */
const PLAIN = /^[ !#-[\]-\uffff]*$/;

/** Text in ASCII as bytes, made once for all. */
export function chunk(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

const NANOS = chunk('000"');

/** Writes JSON in one pass: a tree of objects for JSON.stringify takes three times the time. */
export class JsonWriter extends GrowingBuffer {
  private high = 0;
  private highDigits = chunk('"0');

  /** Characters in ASCII as they are: short ones that differ each time. */
  text(characters: string): void {
    const { length } = characters;
    this.fit(length);
    const { bytes, at } = this;
    for (let i = 0; i < length; i++) bytes[at + i] = characters.charCodeAt(i);
    this.at = at + length;
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
    const { bytes } = this;
    const start = this.at + 1;
    if (length > SHORT) {
      if (PLAIN.test(text)) this.at = start + bytes.write(text, start);
    } else {
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code < 32 || code > 126 || code === QUOTE || code === BACKSLASH) break;
        bytes[start + i] = code;
      }
      if (i === length) this.at = start + length;
    }
    if (this.at < start) {
      this.at += this.escape(text);
      return;
    }
    bytes[start - 1] = QUOTE;
    bytes[this.at++] = QUOTE;
  }

  private escape(text: string): number {
    const json = JSON.stringify(text);
    this.fit(3 * json.length);
    return this.bytes.write(json, this.at);
  }

  /** Hex digits in quotes. */
  hex(digits: string): void {
    const { length } = digits;
    this.fit(length + 2);
    const { bytes } = this;
    let { at } = this;
    bytes[at++] = QUOTE;
    for (let i = 0; i < length; i++) bytes[at++] = digits.charCodeAt(i);
    bytes[at++] = QUOTE;
    this.at = at;
  }

  /** Nanoseconds since 1970, of microseconds; in quotes, as 64-bit numbers are. */
  nanoseconds(micros: number): void {
    // In two parts: numbers of so many digits are slow to print, and the first part is the same for a quarter of an hour.
    const exact = Math.min(micros, Number.MAX_SAFE_INTEGER);
    const high = Math.floor(exact / BILLION);
    const low = exact - high * BILLION;
    if (high === 0) {
      this.text(low === 0 ? '"0"' : `"${low}000"`);
      return;
    }
    if (high !== this.high) {
      this.high = high;
      this.highDigits = chunk(`"${high}`);
    }
    this.raw(this.highDigits);
    this.fit(9);
    const { bytes, at } = this;
    let rest = low;
    for (let i = at + 8; i >= at; i--) {
      const tenth = Math.floor(rest / 10);
      bytes[i] = ZERO + rest - 10 * tenth;
      rest = tenth;
    }
    this.at = at + 9;
    this.raw(NANOS);
  }
}
