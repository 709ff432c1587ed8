const FIRST_MS = 500;
const FLOOR_MS = 250;
const LONGEST_PROBE_MS = 5_000;
const LONGEST_BATCH_MS = 30_000;
const LONGEST_HINT_MS = 300_000;
const PAUSE_MS = 60_000;

/** Full jitter: anything up to a bound that doubles with each failure, and never below the floor. */
export function backoffMs(failures: number, longest: number): number {
  return Math.max(FLOOR_MS, Math.random() * Math.min(longest, FIRST_MS * 2 ** (failures - 1)));
}

/** The longest wait between two attempts of a batch that fails while others pass: at least ten fit into its time. */
export function longestBatchWaitMs(retryForMs: number): number {
  return Math.max(FIRST_MS, Math.min(LONGEST_BATCH_MS, retryForMs / 10));
}

/**
 * Whether calls of one signal may start: freely while the backend is up, one probe at a time while it is down (it could
 * not be reached) or paused (it refuses us). Times are monotonic milliseconds.
 */
export class Breaker {
  state: 'up' | 'down' | 'paused' = 'up';
  /** No call starts before. */
  openAt = 0;
  /** Until when the server asked to wait. */
  hintedUntil = 0;
  /** The number of the last call that was refused: tells a flush that its one attempt was answered. */
  lastRefused = 0;
  /** Failures in a row. */
  failures = 0;
  /** When a call last went through. */
  succeededAt: number = Number.NEGATIVE_INFINITY;
  #leftUpAt = 0;

  succeeded(now: number): void {
    this.succeededAt = now;
    this.state = 'up';
    this.failures = 0;
    this.openAt = this.hintedUntil; // a success of a call that was under way does not undo what the server asked for
  }

  /** A call that began at `began` found the backend out of reach. */
  failed(began: number, now: number, hintMs = 0): void {
    // Calls that were under way when the first of them failed tell nothing new.
    const straggler = this.state !== 'up' && began < this.#leftUpAt;
    if (!straggler) this.failures++;
    if (this.state !== 'paused') this.#leave('down', now);
    const wait = straggler ? 0 : backoffMs(this.failures, LONGEST_PROBE_MS);
    this.#wait(now, wait, hintMs);
  }

  /** The backend refuses us: a wrong address, key or the like. */
  refused(call: number, now: number, hintMs = 0): void {
    this.lastRefused = Math.max(this.lastRefused, call);
    this.#leave('paused', now);
    this.#wait(now, PAUSE_MS, hintMs);
  }

  /** The server asked for time. */
  hint(now: number, hintMs = 0): void {
    this.#wait(now, 0, hintMs);
  }

  /** Lets the next attempt start at once, unless the server asked for more time. */
  hasten(now: number): void {
    this.openAt = Math.max(now, this.hintedUntil);
  }

  #leave(state: 'down' | 'paused', now: number): void {
    if (this.state === 'up') this.#leftUpAt = now;
    this.state = state;
  }

  #wait(now: number, ms: number, hintMs: number): void {
    const hint = Math.min(Number.isFinite(hintMs) ? Math.max(0, hintMs) : 0, LONGEST_HINT_MS);
    if (hint > 0) this.hintedUntil = Math.max(this.hintedUntil, now + hint);
    this.openAt = Math.max(this.openAt, now + Math.max(ms, hint));
  }
}

const MOST_REQUESTS = 64;

/** The search for the items that make a backend refuse a whole call; it costs a bounded number of requests. */
export class Bisection {
  /** Those made so far, the first refusal included. */
  requests = 1;
  /** Whether any part has been accepted. */
  passed = false;
  readonly #mostUntilOnePasses: number;

  constructor(items: number) {
    this.#mostUntilOnePasses = 2 * Math.ceil(Math.log2(items)) + 2;
  }

  get spent(): boolean {
    return this.requests >= (this.passed ? MOST_REQUESTS : this.#mostUntilOnePasses);
  }
}

const PASSES_UNTIL_GROWTH = 32;

/** How many items a call may have: lowered to what passed when a backend found a call too large, then slowly raised. */
export class CallSize {
  readonly #configured: number;
  #learned: number;
  #passes = 0;

  constructor(configured: number) {
    this.#configured = configured;
    this.#learned = configured;
  }

  get items(): number {
    return this.#learned;
  }

  /** After a split: `passed` is the largest part that went through. */
  learn(passed: number): void {
    this.#learned = Math.min(this.#learned, passed);
    this.#passes = 0;
  }

  /** A call of `items` went through. */
  passed(items: number): void {
    if (this.#learned === this.#configured || items < this.#learned) return;
    if (++this.#passes < PASSES_UNTIL_GROWTH) return;
    this.#passes = 0;
    this.#learned = Math.min(this.#configured, this.#learned + Math.max(1, this.#learned >> 3));
  }
}
