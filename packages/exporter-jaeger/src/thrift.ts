/** A message above this leaves no buffer of its size behind. */
const KEPT_BYTES = 2 * 1024 * 1024;
const FIRST_BYTES = 16 * 1024;
/** From here on one call of Node's own writer is faster than a loop. */
const LONG_TEXT = 24;

/**
 * Writes structs of Thrift into a buffer that it keeps from message to message. A struct is written as
 * `const outer = writer.open()`, its fields in the order of their ids, `writer.close(outer)`.
 */
export abstract class ThriftWriter {
  /** Bytes written; a smaller number takes back what came after it. */
  length = 0;
  protected bytes: Buffer = Buffer.alloc(0);
  #capacity = 0; // the length of a buffer is slower to ask for

  /** What goes before the arguments of a call that gets no answer. */
  abstract oneway(name: string): void;
  /** Begins a struct, and returns what its end needs to know. */
  abstract open(): number;
  /** Ends the struct that was begun last. */
  abstract close(outer: number): void;
  /** A field that is a struct, which has to follow. */
  abstract struct(field: number): void;
  /** A field that is a list of so many structs, which have to follow. */
  abstract structs(field: number, count: number): void;
  abstract bool(field: number, value: boolean): void;
  abstract i32(field: number, value: number): void;
  /** A field of 64 bits, in two halves of 32. */
  abstract i64(field: number, high: number, low: number): void;
  abstract double(field: number, value: number): void;
  abstract text(field: number, value: string): void;

  /** Bytes that were written before. */
  raw(bytes: Uint8Array): void {
    this.room(bytes.byteLength);
    this.bytes.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  /** A part of what was written; it holds until more is written. */
  slice(start: number, end: number): Uint8Array {
    return this.bytes.subarray(start, end);
  }

  /** Forgets what was written. */
  clear(): void {
    this.length = 0;
    if (this.#capacity <= KEPT_BYTES) return;
    this.bytes = Buffer.alloc(0);
    this.#capacity = 0;
  }

  /** All that was written, as a copy; then it begins anew. */
  take(): Buffer {
    const message = Buffer.from(this.slice(0, this.length));
    this.clear();
    return message;
  }

  /** Makes sure that so many bytes can be written. */
  protected room(count: number): void {
    if (this.length + count > this.#capacity) this.#grow(2 * (this.length + count));
  }

  #grow(capacity: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, capacity));
    larger.set(this.slice(0, this.length));
    this.bytes = larger;
    this.#capacity = larger.byteLength;
  }

  /** Writes a short text of ASCII and says true, or says false. There has to be room. */
  protected ascii(value: string, at: number): boolean {
    const { length } = value;
    if (length >= LONG_TEXT) return false;
    const { bytes } = this;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at + i] = code;
    }
    return true;
  }
}
