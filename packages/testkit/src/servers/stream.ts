import { Writable } from 'node:stream';
import type { Changes } from '../changes.ts';
import type { Item } from '../receiver.ts';

/** A stream that does as it is told with what is written to it, with a ledger of what it took. */
export class FaultStream extends Writable {
  /** What came, a chunk each. */
  readonly chunks: string[] = [];
  /** How often each id was taken. */
  readonly took: Map<string, number> = new Map();
  readonly items: Item[] = [];
  /** Whether it passes on what it gets, or holds it. */
  isStalled = false;
  /** Why the items of chunks could not be read. */
  readonly unreadable: unknown[] = [];
  readonly #itemsOf: (text: string) => readonly Item[];
  readonly #changes: Changes;
  #held: (() => void) | undefined;

  constructor(itemsOf: (text: string) => readonly Item[], changes: Changes) {
    super({ decodeStrings: false, defaultEncoding: 'utf8' });
    this.#itemsOf = itemsOf;
    this.#changes = changes;
  }

  /** Chunks that it holds. */
  get unanswered(): number {
    return this.#held ? 1 : 0;
  }

  override _write(chunk: string | Buffer, _: BufferEncoding, done: () => void): void {
    const text = String(chunk);
    this.chunks.push(text);
    const pass = (): void => {
      try {
        const items = this.#itemsOf(text);
        this.items.push(...items);
        for (const { id } of items) this.took.set(id, (this.took.get(id) ?? 0) + 1);
      } catch (error) {
        this.unreadable.push(error);
      }
      done();
      this.#changes.tell();
    };
    if (this.isStalled) this.#held = pass;
    else setImmediate(pass);
    this.#changes.tell();
  }

  /** Passes on what was held, and all that comes. */
  flow(): void {
    this.isStalled = false;
    const pass = this.#held;
    this.#held = undefined;
    pass?.();
  }
}
