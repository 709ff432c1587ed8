/** What a telemetry wants to do at the end of the process. */
export interface Ending {
  /** The event loop is empty: drain, once. Whatever it starts keeps the process alive until it is over. */
  drain(): void;
  /** The process exits now: what `drain` did not save is lost. Returns a line about it, or undefined. */
  last(): string | undefined;
  /** Says that line. */
  report(line: string): void;
}

// One listener a process, also for several telemetries and several copies of core.
const SLOT = Symbol.for('oc.core.endings.v1');

/** Registers with the end of the process. Returns what takes it back. */
export function atExit(ending: Ending): () => void {
  const slots = globalThis as unknown as Record<symbol, Set<Ending> | undefined>;
  let endings = slots[SLOT];
  if (!endings) {
    const all = new Set<Ending>();
    endings = all;
    slots[SLOT] = all;
    process.on('beforeExit', () => {
      for (const each of [...all]) each.drain();
    });
    process.on('exit', () => {
      for (const each of [...all]) {
        const line = each.last();
        if (line !== undefined) each.report(line);
      }
    });
  }
  endings.add(ending);
  return () => endings.delete(ending);
}

/**
 * Runs `drain` when the signal comes, then lets it do what it does by default if nobody else listens to it. It never
 * calls process.exit and never removes a listener of others. A second signal is not waited for.
 */
export function onSignal(signal: 'SIGTERM' | 'SIGINT', drain: () => Promise<unknown>): () => void {
  const listener = (): void => {
    process.removeListener(signal, listener);
    const isOurs = process.listenerCount(signal) === 0;
    void drain().then(() => {
      if (isOurs && process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  };
  process.on(signal, listener);
  return () => process.removeListener(signal, listener);
}
