const FIRST_BYTES = 64 * 1024;
/** A buffer that a message made larger than this is let go with it. */
const KEPT_BYTES = 2 * 1024 * 1024;
/** Up to so many characters or bytes a loop is faster than a call into Node. */
const SHORT = 24;
/** Up to so many bytes a loop is faster than a copy for which Node has to make a view. */
const LONG = 256;
// No Buffer: were all that the member ever holds of one class, V8 would compile for that class alone, and anew when some
// library, as node-fetch does, gives a buffer a member of its own.
const NOTHING = new Uint8Array(0) as Buffer<ArrayBuffer>;

/**
 * Bytes that are written in one pass, in a buffer that grows and is used again: the base of a writer of one wire format.
 * Before it stores into `bytes` at `length`, such a writer makes room by `fit`.
 */
export class ByteWriter {
  /** Bytes written; a smaller number takes back what came after it. */
  length = 0;
  protected bytes: Buffer<ArrayBuffer> = NOTHING;
  #capacity = 0; // the length of a buffer is slower to ask for

  /** Begins anew, whatever became of the last message. */
  clear(): void {
    this.length = 0;
    if (this.#capacity <= KEPT_BYTES) return;
    this.bytes = NOTHING;
    this.#capacity = 0;
  }

  /** All that was written, as a copy; then it begins anew. */
  take(): Buffer<ArrayBuffer> {
    const message = Buffer.allocUnsafeSlow(this.length);
    this.copyTo(message, 0);
    this.clear();
    return message;
  }

  /** A part of what was written, no copy: it holds until more is written. */
  slice(start: number, end: number): Uint8Array {
    return this.bytes.subarray(start, end);
  }

  /** Copies all that was written to another place, which has room. Returns how much it was. */
  copyTo(target: Uint8Array, at: number): number {
    const { bytes, length } = this;
    if (length > LONG) return bytes.copy(target, at, 0, length);
    for (let i = 0; i < length; i++) target[at + i] = bytes[i] as number;
    return length;
  }

  /** Bytes as they are. */
  raw(chunk: Uint8Array): void {
    const { length } = chunk;
    this.fit(length);
    const { bytes, length: at } = this;
    if (length > SHORT) bytes.set(chunk, at);
    else for (let i = 0; i < length; i++) bytes[at + i] = chunk[i] as number;
    this.length = at + length;
  }

  /** Makes room for so many more bytes. */
  protected fit(count: number): void {
    if (this.length + count > this.#capacity) this.#grow(this.length + count);
  }

  /** Stores a text as UTF-8, at most three bytes a character, for which there is room. Returns how many it took. */
  protected utf8(text: string, at: number): number {
    const { length } = text;
    const { bytes } = this;
    if (length > SHORT) return bytes.write(text, at);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return bytes.write(text, at);
      bytes[at + i] = code;
    }
    return length;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#capacity, FIRST_BYTES));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#capacity = grown.length;
  }
}
