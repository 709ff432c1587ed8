/** When a telemetry wants to be drained. */
export type DrainEvent = 'beforeExit' | 'SIGTERM' | 'SIGINT';

/** What a telemetry wants to do at the end of the process. */
export interface Ending {
  readonly flushOn: ReadonlySet<DrainEvent>;
  /** Drains, once; whatever it starts keeps the process alive until it is over. Never rejects. */
  drain(): Promise<unknown>;
  /** The process exits now, and what is held is lost: counts it and says so. */
  last(): void;
}

interface Registry {
  readonly endings: Set<Ending>;
  /** The process's listeners, one for each event that somebody wants. */
  readonly listeners: Map<DrainEvent | 'exit', () => void>;
}

// Shared by several telemetries and several copies of core.
const SLOT = Symbol.for('oc.core.endings.v1');

/** Registers with the end of the process. Returns what takes it back. */
export function atExit(ending: Ending): () => void {
  const slots = globalThis as unknown as Record<symbol, Registry | undefined>;
  slots[SLOT] ??= { endings: new Set(), listeners: new Map() };
  const registry = slots[SLOT];
  registry.endings.add(ending);
  for (const event of ['exit', ...ending.flushOn] as const) listen(registry, event);
  return () => {
    registry.endings.delete(ending);
    for (const [event, listener] of registry.listeners) {
      const isWanted = [...registry.endings].some(({ flushOn }) => event === 'exit' || flushOn.has(event));
      if (isWanted) continue;
      process.removeListener(event, listener);
      registry.listeners.delete(event);
    }
  };
}

function listen({ endings, listeners }: Registry, event: DrainEvent | 'exit'): void {
  if (listeners.has(event)) return;
  const drainAll = (): Promise<unknown> =>
    Promise.all(Array.from(endings, (each) => event !== 'exit' && each.flushOn.has(event) && each.drain()));
  const onSignal = (): void => {
    // A second signal, while the first is being served, does what it does without us.
    process.removeListener(event, onSignal);
    listeners.delete(event);
    const isOurs = process.listenerCount(event) === 0;
    void drainAll().then(() => {
      if (isOurs && process.listenerCount(event) === 0) process.kill(process.pid, event as NodeJS.Signals);
    });
  };
  const onExit = (): void => {
    for (const each of endings) each.last();
  };
  const listener = event === 'exit' ? onExit : event === 'beforeExit' ? drainAll : onSignal;
  listeners.set(event, listener);
  // Before others for a signal, so that a listener that is taken away when it runs is still seen; else in turn, so that
  // what the application records at the end is not too late.
  if (listener === onSignal) process.prependListener(event as NodeJS.Signals, listener);
  else process.on(event as 'exit', listener);
}
