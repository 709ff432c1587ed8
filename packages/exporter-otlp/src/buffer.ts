const FIRST_BYTES = 64 * 1024;
/** What is kept of a buffer for the next message. */
const KEPT_BYTES = 1024 * 1024;
const NOTHING = Buffer.allocUnsafeSlow(0);

/** Up to so many characters a loop over them is faster than a call into Node. */
export const SHORT = 24;

/** Bytes that are written in one pass, in a buffer that grows and is used again. */
export class GrowingBuffer {
  protected bytes: Buffer<ArrayBuffer> = NOTHING;
  protected at = 0;

  /** Begins anew, whatever became of the last message. */
  reset(): void {
    this.at = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = NOTHING;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return new Uint8Array(this.bytes.buffer.slice(0, this.at));
  }

  /** Bytes as they are. */
  raw(chunk: Uint8Array): void {
    this.fit(chunk.length);
    this.bytes.set(chunk, this.at);
    this.at += chunk.length;
  }

  /** Makes room for so many more bytes. */
  protected fit(count: number): void {
    if (this.at + count > this.bytes.length) this.grow(this.at + count);
  }

  private grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length, FIRST_BYTES));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }
}
