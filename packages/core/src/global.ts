import { Stamps, systemClock } from './clock.ts';
import type { Measure } from './measure.ts';
import { neverSample } from './sampler.ts';
import { limitsOf } from './settings.ts';
import { slot } from './slot.ts';
import type { Scope, Span, SpanOptions, Tracer } from './span.ts';
import type { BoundMeasure, Stats } from './stats.ts';
import { copyOf, currentTags, runWithTags, type Tags } from './tags.ts';
import { LiveTracer } from './tracer.ts';
import type { View } from './view.ts';

let silent: Tracer | undefined;

/** What libraries' spans come from while nothing is installed: they record nothing, and contexts pass through. */
function silentTracer(): Tracer {
  silent ??= new LiveTracer({
    stamps: new Stamps(systemClock),
    limits: limitsOf(),
    isOff: true,
    sampler: neverSample(),
    deliveries: [],
    watcher: undefined,
    warnOnce() {},
  });
  return silent;
}

/** The tracer of whoever called `install`, under a library's name if it has one. */
class GlobalTracer implements Tracer {
  readonly #scope: Scope | undefined;
  #installed: Tracer | undefined;
  #scoped: Tracer | undefined;

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
    const installed = slot().tracer ?? silentTracer();
    if (installed !== this.#installed || !this.#scoped) {
      this.#installed = installed;
      this.#scoped = this.#scope ? installed.scoped(this.#scope.name, this.#scope.version) : installed;
    }
    return this.#scoped;
  }
}

/** For libraries: spans of the application's telemetry once it has called `install`, spans that record nothing before. */
export const tracer: Tracer = new GlobalTracer();

/** For libraries: the stats of the application's telemetry once it has called `install`, and no-ops before. */
export const stats: Stats = {
  record: (measurements, tags) => slot().stats?.record(measurements, tags),
  bind(measure: Measure, tags?: Tags): BoundMeasure {
    const own = copyOf(tags);
    let of: Stats | undefined;
    let bound: BoundMeasure | undefined;
    return {
      record(value) {
        const installed = slot().stats;
        if (installed !== of) {
          of = installed;
          bound = installed?.bind(measure, own);
        }
        bound?.record(value);
      },
    };
  },
  observe(measure, read, tags) {
    const observer = { measure, read, tags: copyOf(tags) };
    const { observers } = slot();
    observers.add(observer);
    return () => observers.delete(observer);
  },
  // The installed one's context may be of another copy of core.
  withTags(tags, fn) {
    const installed = slot().stats;
    return installed ? installed.withTags(tags, fn) : runWithTags(tags, fn);
  },
  tags: () => slot().stats?.tags() ?? currentTags() ?? {},
  register: (view: View) => slot().stats?.register(view),
};
