import type { Tracer } from './span.ts';
import type { Observer, Stats } from './stats.ts';

/** What libraries' calls go to; shared by all copies of core in the process. */
interface Slot {
  tracer?: Tracer | undefined;
  stats?: Stats | undefined;
  /** Observers of libraries, which may come before the application's telemetry. */
  readonly observers: Set<Observer>;
}

const SLOT = Symbol.for('oc.core.global.v1');

/** The place where an application puts its telemetry for libraries. */
export function slot(): Slot {
  const slots = globalThis as unknown as Record<symbol, Slot | undefined>;
  slots[SLOT] ??= { observers: new Set() };
  return slots[SLOT];
}
