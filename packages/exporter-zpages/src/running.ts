import type { RunningSpan } from '@oc/core/exporter';

/** Most running spans that are followed: a program that never ends its spans must not fill the memory here too. */
const MOST = 2_000;
const FRESH = 512;

/**
 * Spans that have not ended. Nobody tells it of an end: a span shows that itself, and is forgotten when there is need
 * for room. So a span costs one push into an array.
 */
export class RunningSpans {
  /** Spans that ran when they were found to be more than there was room for. */
  untracked = 0;
  readonly #fresh: RunningSpan[] = [];
  #older: RunningSpan[] = [];
  #roomy = FRESH;

  add(span: RunningSpan): void {
    if (this.#fresh.push(span) >= FRESH) this.#settle();
  }

  /** Those that run now, in the order of their start. */
  list(): readonly RunningSpan[] {
    this.#settle();
    this.#older = this.#older.filter(isRunning);
    return this.#older;
  }

  clear(): void {
    this.#fresh.length = 0;
    this.#older = [];
  }

  #settle(): void {
    for (let at = 0; at < this.#fresh.length; at++) {
      const span = this.#fresh[at] as RunningSpan;
      if (isRunning(span)) this.#older.push(span);
    }
    this.#fresh.length = 0;
    if (this.#older.length <= this.#roomy) return;
    const running = this.#older.filter(isRunning);
    if (running.length > MOST) {
      // The oldest show what leaks, the newest what is going on.
      const excess = running.splice(MOST / 2, running.length - MOST);
      this.untracked += excess.length;
    }
    this.#older = running;
    this.#roomy = Math.max(FRESH, 2 * running.length);
  }
}

function isRunning(span: RunningSpan): boolean {
  return span.end === undefined;
}
