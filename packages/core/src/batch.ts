import { Bisection } from './retry.ts';

/** Items that go in one call. */
export interface Part<T> {
  readonly items: readonly T[];
  /** Whether the backend has refused a call that these were in for some item of it. */
  readonly isSuspect: boolean;
}

/** What was taken from a queue together, as the parts that still have to be sent; the last one goes next. */
export class Batch<T> {
  parts: Part<T>[];
  /** The number, counted from the first item ever accepted, of its last item. */
  readonly mark: number;
  /** How often it failed while the backend was up. */
  strikes = 0;
  /** Not sent again before, in monotonic milliseconds. */
  dueAt = 0;
  /** How much of its time for retries is spent, in milliseconds. */
  spentMs = 0;
  #failedAt: number | undefined;
  /** The search for what the backend refuses, if there was one. */
  bisection: Bisection | undefined = undefined;
  /** The largest call that passed. */
  passedItems = 0;
  readonly #tooLarge: (readonly T[])[] = [];
  readonly #giants = new Set<T>();

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

  /** Takes the part to send next, at most as large as calls may be; undefined when none is left. */
  next(callItems: number): Part<T> | undefined {
    const part = this.parts.pop();
    if (!part || part.items.length <= callItems) return part;
    const { items, isSuspect } = part;
    this.parts.push({ items: items.slice(callItems), isSuspect });
    return { items: items.slice(0, callItems), isSuspect };
  }

  /** Takes what a search that may make no more requests has not decided on. */
  takeUndecided(): readonly T[] {
    if (!this.bisection?.spent) return [];
    const undecided = this.parts.filter(({ isSuspect }) => isSuspect);
    this.parts = this.parts.filter(({ isSuspect }) => !isSuspect);
    return undecided.flatMap(({ items }) => items);
  }

  /** Puts items back to be sent as they are. */
  putBack(items: readonly T[], isSuspect: boolean): void {
    this.parts.push({ items, isSuspect });
  }

  /** Puts back a call that was too large, in halves; false for a single item, which cannot be halved. */
  split(items: readonly T[], isSuspect: boolean): boolean {
    if (items.length === 1) {
      this.#giants.add(items[0] as T);
      return false;
    }
    this.#tooLarge.push(items);
    this.#putHalves(items, isSuspect);
    return true;
  }

  /** Puts back a call that was refused for some item of it, in halves; false when the search may make no more requests. */
  search(items: readonly T[]): boolean {
    this.bisection ??= new Bisection(items.length);
    if (this.bisection.spent) return false;
    this.#putHalves(items, true);
    return true;
  }

  /** How many items a call may have, when this batch has shown it: a call with an item too large even alone shows nothing. */
  learned(): number | undefined {
    const hadTooMany = this.#tooLarge.some((items) => !items.some((item) => this.#giants.has(item)));
    return hadTooMany && this.passedItems > 0 ? this.passedItems : undefined;
  }

  /** Notes a failure, and spends the time since the one before, but not more than `mostMs` of it. */
  fail(now: number, mostMs: (since: number) => number): void {
    if (this.#failedAt !== undefined) this.spentMs += Math.min(now - this.#failedAt, mostMs(this.#failedAt));
    this.#failedAt = now;
  }

  #putHalves(items: readonly T[], isSuspect: boolean): void {
    const middle = items.length >> 1;
    this.parts.push({ items: items.slice(middle), isSuspect }, { items: items.slice(0, middle), isSuspect });
  }
}
