import { active, runWith, SUPPRESSED } from './context.ts';
import type { Measure } from './measure.ts';
import type { Scope, Span, SpanContext, SpanOptions, Tracer } from './span.ts';
import type { BoundMeasure, Observer, Stats } from './stats.ts';
import { runWithTags, type Tags } from './tags.ts';
import { UnsampledSpan, unsampledBelow } from './unsampled.ts';
import type { View } from './view.ts';

/** What libraries' calls go to; shared by all copies of core in the process. */
interface Slot {
  tracer?: Tracer | undefined;
  stats?: Stats | undefined;
  /** Observers of libraries, which may come before the application's telemetry. */
  readonly observers: Set<Observer>;
}

const SLOT = Symbol.for('oc.core.global.v1');

export function slot(): Slot {
  const slots = globalThis as unknown as Record<symbol, Slot | undefined>;
  slots[SLOT] ??= { observers: new Set() };
  return slots[SLOT];
}

/** A tracer that records nothing. Contexts pass through it: a span below a remote parent has that parent's context. */
export class NoopTracer implements Tracer {
  startSpan(_name: string, options?: SpanOptions): Span {
    const parent = options?.parent === undefined ? this.current() : options.parent;
    const context: SpanContext | undefined = parent ? ('context' in parent ? parent.context : parent) : undefined;
    return context ? new UnsampledSpan(0, 0, 0, 0, context) : unsampledBelow(undefined);
  }
  withSpan<T>(span: Span, fn: () => T): T {
    return runWith(span, fn);
  }
  span<T>(name: string, ...rest: [(span: Span) => T] | [SpanOptions, (span: Span) => T]): T {
    const [options, fn] = rest.length === 1 ? [undefined, rest[0]] : rest;
    return runWith(this.startSpan(name, options), fn);
  }
  current(): Span | undefined {
    const current = active();
    return current === SUPPRESSED ? undefined : current;
  }
  scoped(): Tracer {
    return this;
  }
}

/** Stats that record nothing. */
export class NoopStats implements Stats {
  record(): void {}
  bind(): BoundMeasure {
    return { record() {} };
  }
  observe(): () => void {
    return () => {};
  }
  withTags<T>(tags: Tags, fn: () => T): T {
    return runWithTags(tags, fn);
  }
  register(): void {}
}

const noopTracer = new NoopTracer();
const noopStats = new NoopStats();

/** The tracer of whoever called `install`, under a library's name if it has one. */
class GlobalTracer implements Tracer {
  readonly #scope: Scope | undefined;
  #of: Tracer | undefined;
  #scoped: Tracer = noopTracer;

  constructor(scope?: Scope) {
    this.#scope = scope;
  }

  startSpan(name: string, options?: SpanOptions): Span {
    return this.#tracer().startSpan(name, options);
  }
  withSpan<T>(span: Span, fn: () => T): T {
    return this.#tracer().withSpan(span, fn);
  }
  span<T>(name: string, ...rest: [(span: Span) => T] | [SpanOptions, (span: Span) => T]): T {
    return rest.length === 1 ? this.#tracer().span(name, rest[0]) : this.#tracer().span(name, ...rest);
  }
  current(): Span | undefined {
    return this.#tracer().current();
  }
  scoped(name: string, version?: string): Tracer {
    return new GlobalTracer(version === undefined ? { name } : { name, version });
  }

  #tracer(): Tracer {
    const installed = slot().tracer ?? noopTracer;
    if (!this.#scope) return installed;
    if (installed !== this.#of) {
      this.#of = installed;
      this.#scoped = installed.scoped(this.#scope.name, this.#scope.version);
    }
    return this.#scoped;
  }
}

/** For libraries: spans of the application's telemetry once it has called `install`, spans that record nothing before. */
export const tracer: Tracer = new GlobalTracer();

/** For libraries: the stats of the application's telemetry once it has called `install`, and no-ops before. */
export const stats: Stats = {
  record: (measurements, tags) => (slot().stats ?? noopStats).record(measurements, tags),
  bind(measure: Measure, tags?: Tags): BoundMeasure {
    let of: Stats | undefined;
    let bound: BoundMeasure | undefined;
    return {
      record(value) {
        const installed = slot().stats;
        if (installed !== of) {
          of = installed;
          bound = installed?.bind(measure, tags);
        }
        bound?.record(value);
      },
    };
  },
  observe(measure, read, tags) {
    const observer = { measure, read, tags };
    const { observers } = slot();
    observers.add(observer);
    return () => observers.delete(observer);
  },
  withTags: (tags, fn) => (slot().stats ?? noopStats).withTags(tags, fn),
  register: (view: View) => (slot().stats ?? noopStats).register(view),
};
