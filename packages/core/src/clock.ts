import type { Time, UnixMicros } from './span.ts';

/** Where time comes from. Tests hand over one of their own; waits never depend on the wall clock. */
export interface Clock {
  /** Milliseconds since 1970; may jump. */
  wall(): number;
  /** Milliseconds from any origin, with fractions; never goes back. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds. `hold` keeps the process alive until then. Returns what cancels it. */
  after(ms: number, fn: () => void, hold?: boolean): () => void;
}

const LONGEST_TIMER_MS = 2_147_483_647;

// Kept, since looking up the global costs a quarter of reading the time; and not touched before it is needed, since Node
// loads it then, which costs a start a millisecond.
let timeline: typeof performance | undefined;

/** The clock of the machine. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic() {
    timeline ??= performance;
    return timeline.now();
  },
  after(ms, fn, hold = false) {
    const timer = setTimeout(fn, Math.min(ms, LONGEST_TIMER_MS));
    if (!hold) timer.unref();
    return () => clearTimeout(timer);
  },
};

const CHECK_EVERY_MS = 100;
const MOST_DRIFT_MS = 1_000;

/** Turns monotonic readings into wall times that do not jump, re-anchored when the two clocks drift apart. */
export class Stamps {
  readonly clock: Clock;
  #offsetMs = Number.NaN;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #last = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The wall time of a monotonic reading. */
  at(monotonicMs: number): UnixMicros {
    if (monotonicMs - this.#checkedAt > CHECK_EVERY_MS) {
      this.#checkedAt = monotonicMs;
      const offset = this.clock.wall() - monotonicMs;
      const isKept = Math.abs(offset - this.#offsetMs) <= MOST_DRIFT_MS; // not before the first
      if (!isKept) this.#offsetMs = offset;
    }
    return Math.max(0, Math.floor((monotonicMs + this.#offsetMs) * 1_000));
  }

  /** The time of a collection: later than the one before, also when the wall clock was set back. */
  next(): UnixMicros {
    this.#last = Math.max(this.#last + 1, this.at(this.clock.monotonic()));
    return this.#last;
  }
}

const LAST_DATE_MS = 8.64e15;

/** A user's time in whole microseconds, within what a Date can hold; undefined for what is no time. */
export function microsOf(time: Time | undefined): UnixMicros | undefined {
  const ms = typeof time === 'number' ? time : dateMs(time);
  if (Number.isNaN(ms)) return undefined;
  const whole = Math.floor(Math.min(Math.max(ms, 0), LAST_DATE_MS));
  // The two parts apart, because ms * 1000 has no room for exact fractions.
  return whole * 1_000 + (ms > whole && ms < LAST_DATE_MS ? Math.floor((ms - whole) * 1_000) : 0);
}

/** The milliseconds of a Date; NaN for what only looks like one. */
function dateMs(date: unknown): number {
  try {
    return Date.prototype.getTime.call(date);
  } catch {
    return Number.NaN;
  }
}
