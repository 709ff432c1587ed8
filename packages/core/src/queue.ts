import type { Bisection } from './retry.ts';

/** Items that go in one call. */
export interface Part<T> {
  readonly items: readonly T[];
  /** Whether the backend has refused a call that these were in for some item of it. */
  readonly isSuspect: boolean;
}

/** What was taken from a backlog together, as the parts that still have to be sent; the last one goes next. */
export class Batch<T> {
  parts: Part<T>[];
  /** The search for what the backend refuses, if there was one. */
  bisection: Bisection | undefined = undefined;
  /** The number, counted from the first item ever accepted, of its last item. */
  readonly mark: number;
  /** How often it failed while the backend was up. */
  strikes = 0;
  /** Not sent again before, in monotonic milliseconds. */
  dueAt = 0;
  /** When it last failed, and how much of its time for retries is spent, in milliseconds. */
  failedAt: number | undefined = undefined;
  spentMs = 0;
  /** The calls that were too large for the backend, the items that are so even alone, and the largest call that passed. */
  readonly tooLarge: (readonly T[])[] = [];
  readonly giants: Set<T> = new Set();
  passedItems = 0;

  constructor(parts: Part<T>[], mark: number) {
    this.parts = parts;
    this.mark = mark;
  }

  /** The items of parts that are not in flight. */
  get size(): number {
    let size = 0;
    for (const part of this.parts) size += part.items.length;
    return size;
  }
}

/** Items that wait for their first call. They come in as `I`: one by one, or a whole collection. */
export interface Backlog<T, I = T> {
  readonly waiting: number;
  /** Adds what came in. Returns how many items were dropped for it, those that came in included. */
  push(incoming: I): number;
  /** When the next batch may go, in monotonic milliseconds; Infinity when nothing waits. */
  dueAt(callItems: number): number;
  /** Takes the next batch; its calls have at most `callItems`. */
  take(callItems: number, now: number): Batch<T> | undefined;
  /** Takes all that waits, to drop it. */
  clear(): readonly T[];
  /** Makes all that waits due at once and keeps it apart from what comes later. Returns the number of its last item. */
  cut(): number;
  /** How many of the waiting items have a number up to `mark`. */
  waitingUpTo(mark: number): number;
  /** Gives back the room of items that are settled. */
  release(items: Iterable<T>): void;
}

/** Spans in the order of their ends, bounded by number and bytes; those that were taken count until they are settled. */
export class SpanQueue<T extends { readonly bytes: number }> implements Backlog<T> {
  readonly #mostItems: number;
  readonly #mostBytes: number;
  readonly #delayMs: number;
  readonly #dropOldest: boolean;
  readonly #now: () => number;
  #items: T[] = [];
  #head = 0;
  /** How many have ever been taken or pushed out: the number of the item before the head. */
  #taken = 0;
  #held = 0;
  #bytes = 0;
  #waitingSince = 0;
  readonly #cuts: number[] = [];

  constructor(
    options: {
      readonly queueItems: number;
      readonly queueBytes: number;
      readonly batchDelayMs: number;
      readonly dropWhenFull: 'newest' | 'oldest';
    },
    now: () => number,
  ) {
    this.#mostItems = options.queueItems;
    this.#mostBytes = options.queueBytes;
    this.#delayMs = options.batchDelayMs;
    this.#dropOldest = options.dropWhenFull === 'oldest';
    this.#now = now;
  }

  get waiting(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): number {
    let dropped = 0;
    if (item.bytes > this.#mostBytes) return 1;
    while (this.#held >= this.#mostItems || this.#bytes + item.bytes > this.#mostBytes) {
      if (!this.#dropOldest || this.waiting === 0) return dropped + 1;
      this.release([this.#items[this.#head] as T]);
      this.#advance(1);
      dropped++;
    }
    if (this.waiting === 0) this.#waitingSince = this.#now();
    this.#items.push(item);
    this.#held++;
    this.#bytes += item.bytes;
    return dropped;
  }

  dueAt(callItems: number): number {
    if (this.waiting === 0) return Number.POSITIVE_INFINITY;
    if (this.waiting >= callItems || this.#cuts.length > 0) return 0;
    return this.#waitingSince + this.#delayMs;
  }

  take(callItems: number, now: number): Batch<T> | undefined {
    const upTo = (this.#cuts[0] ?? Number.POSITIVE_INFINITY) - this.#taken;
    const items = this.#items.slice(this.#head, this.#head + Math.min(callItems, upTo, this.waiting));
    if (items.length === 0) return undefined;
    this.#advance(items.length);
    this.#waitingSince = now;
    return new Batch([{ items, isSuspect: false }], this.#taken);
  }

  clear(): readonly T[] {
    const items = this.#items.slice(this.#head);
    this.#advance(items.length);
    return items;
  }

  cut(): number {
    const mark = this.#taken + this.waiting;
    if (this.waiting > 0 && this.#cuts.at(-1) !== mark) this.#cuts.push(mark);
    return mark;
  }

  waitingUpTo(mark: number): number {
    return Math.max(0, Math.min(this.waiting, mark - this.#taken));
  }

  release(items: Iterable<T>): void {
    for (const item of items) {
      this.#held--;
      this.#bytes -= item.bytes;
    }
  }

  #advance(count: number): void {
    this.#head += count;
    this.#taken += count;
    while ((this.#cuts[0] ?? Number.POSITIVE_INFINITY) <= this.#taken) this.#cuts.shift();
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 1_024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** One collection of metrics, waiting for its turn; a newer one takes its place. */
export class CollectionSlot<T> implements Backlog<T, readonly T[]> {
  #items: readonly T[] = [];
  #mark = 0;

  get waiting(): number {
    return this.#items.length;
  }

  push(items: readonly T[]): number {
    const replaced = this.#items.length;
    this.#items = items;
    this.#mark += items.length;
    return replaced;
  }

  dueAt(): number {
    return this.#items.length > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  take(callItems: number): Batch<T> | undefined {
    const items = this.clear();
    const parts: Part<T>[] = [];
    for (let at = 0; at < items.length; at += callItems) {
      parts.unshift({ items: items.slice(at, at + callItems), isSuspect: false });
    }
    return parts.length > 0 ? new Batch(parts, this.#mark) : undefined;
  }

  clear(): readonly T[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  cut(): number {
    return this.#mark;
  }

  waitingUpTo(mark: number): number {
    return this.#mark <= mark ? this.#items.length : 0;
  }

  release(): void {}
}
