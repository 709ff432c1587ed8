import type { Clock } from '@oc/core';

/** 2026-01-02T03:04:05Z in milliseconds. */
export const NEW_YEAR: number = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A clock that moves only when a test says so. Its two faces can be moved apart, as when a machine's time is set. */
export class FakeClock implements Clock {
  #wallMs = NEW_YEAR;
  #monotonicMs = 1_000;
  #timers: { readonly due: number; readonly fn: () => void }[] = [];

  wall(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { due: this.#monotonicMs + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Lets time pass, and calls what is due meanwhile. */
  pass(ms: number): void {
    const end = this.#monotonicMs + ms;
    for (;;) {
      const next = this.#timers.filter(({ due }) => due <= end).sort((one, other) => one.due - other.due)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#move(Math.max(0, next.due - this.#monotonicMs));
      next.fn();
    }
    this.#move(end - this.#monotonicMs);
  }

  /** Sets the wall clock forth or back, as an administrator or a time server does. */
  setWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  #move(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }
}
