import type { Clock } from '@oc/core';

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Waits until nothing is busy, and has not been for a few turns: what ends may start something else in the next ones. */
async function idle(isBusy: () => boolean): Promise<void> {
  for (let quiet = 0; quiet < 5; quiet++) {
    await turn();
    if (isBusy()) quiet = -1;
  }
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it. Sockets go on in real time meanwhile. */
export class ManualClock implements Clock {
  /** How many timers have been set. */
  timersSet = 0;
  /** May be changed at any time, as people and servers do. */
  wallOffsetMs = 1_800_000_000_000;
  #now = 1_000;
  readonly #timers = new Set<Timer>();

  wall(): number {
    return this.wallOffsetMs + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), run };
    this.#timers.add(timer);
    this.timersSet++;
    return () => this.#timers.delete(timer);
  }

  /**
   * Lets `ms` pass; each timer on the way runs at its own time and gets some turns of the event loop. While `isBusy`,
   * as with a request on its way, time stands still.
   */
  async pass(ms: number, isBusy: () => boolean = () => false): Promise<void> {
    const end = this.#now + ms;
    do await idle(isBusy);
    while (this.#runNext(end));
    this.#now = end;
    await idle(isBusy);
  }

  /** Lets time pass, as in `pass`, until `condition` holds. */
  async until(condition: () => boolean, isBusy: () => boolean): Promise<void> {
    await idle(isBusy);
    while (!condition()) {
      this.#runNext(Number.POSITIVE_INFINITY);
      await idle(isBusy);
    }
  }

  /** Lets time pass, as in `until`, until the promise is settled. */
  async settle<T>(promise: Promise<T>, isBusy: () => boolean): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    await this.until(() => settled, isBusy);
    return promise;
  }

  #runNext(end: number): boolean {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (!first || timer.at < first.at) first = timer;
    if (!first || first.at > end) return false;
    this.#timers.delete(first);
    this.#now = Math.max(this.#now, first.at);
    first.run();
    return true;
  }
}
