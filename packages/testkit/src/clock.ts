import type { Clock } from '@oc/core';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it, for `telemetry({ clock })`. Sockets go on in real time meanwhile. */
export class ManualClock implements Clock {
  /** How many timers have been set. */
  timersSet = 0;
  /** What is added for the wall time; may be changed at any time, as people and servers do. */
  wallOffsetMs: number = Date.now();
  #now = 1_000;
  readonly #timers = new Set<Timer>();

  wall(): number {
    return this.wallOffsetMs + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: exact(this.#now + Math.max(0, ms)), run };
    this.#timers.add(timer);
    this.timersSet++;
    return () => this.#timers.delete(timer);
  }

  /**
   * Lets `ms` pass; each timer on the way runs at its own time and gets some turns of the event loop. While `isBusy`,
   * as with a request on its way, time stands still.
   */
  async pass(ms: number, isBusy: () => boolean = () => false): Promise<void> {
    const end = exact(this.#now + ms);
    do await quiet(isBusy);
    while (this.#runNext(end));
    this.#now = end;
    await quiet(isBusy);
  }

  /** Lets time pass, as in `pass`, until `condition` holds; says whether it came to hold. */
  async until(condition: () => boolean, isBusy: () => boolean = () => false): Promise<boolean> {
    const giveUpAt = performance.now() + LONGEST_REAL_MS;
    await quiet(isBusy);
    while (!condition()) {
      if (performance.now() > giveUpAt) return false;
      this.#runNext(Number.POSITIVE_INFINITY);
      await quiet(isBusy);
    }
    return true;
  }

  /** Lets time pass, as in `until`, until a promise is settled; gives what came of it. */
  async settle<T>(promise: Promise<T>, isBusy: () => boolean = () => false): Promise<T> {
    let isSettled = false;
    const note = (): void => {
      isSettled = true;
    };
    promise.then(note, note);
    await this.until(() => isSettled, isBusy);
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

/** A time in whole 1/1024 ms: then differences of times are exact, and 250 ms after any of them are 250. */
function exact(ms: number): number {
  return Math.ceil(ms * 1_024) / 1_024;
}

const LONGEST_REAL_MS = 5_000;
const QUIET_TURNS = 5;

/** Waits until nothing is busy, and has not been for some turns: what ends may start something else in the next ones. */
async function quiet(isBusy: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + LONGEST_REAL_MS;
  for (let turns = 0; turns < QUIET_TURNS && performance.now() < giveUpAt; turns++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    if (isBusy()) turns = -1;
  }
}
