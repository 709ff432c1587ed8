import { putAll, textOf } from './attributes.ts';
import { microsOf } from './clock.ts';
import { active, runWith, SUPPRESSED } from './context.ts';
import { bitsAt, hexOf, randomBits, validSpanId, validTraceId, validTraceState } from './ids.ts';
import { SpanRecord, Trace, UNSET } from './record.ts';
import { messageOf, type Recorder, RecordingSpan } from './recording.ts';
import { BitSampler } from './sampler.ts';
import type { Sampler, Scope, Span, SpanContext, SpanKind, SpanOptions, Tracer } from './span.ts';
import { UnsampledSpan, unsampledBelow } from './unsampled.ts';

/** What a tracer needs beside what its spans need. */
export interface TracerHost extends Recorder {
  /** Whether nothing is recorded at all; contexts pass through. */
  readonly isOff: boolean;
  /** The sampler of roots; may be replaced at run time. */
  sampler: Sampler;
  /** Reports once for each text. */
  warnOnce(message: string): void;
}

const KINDS: Readonly<Record<SpanKind, true>> = {
  unspecified: true,
  server: true,
  client: true,
  producer: true,
  consumer: true,
};

/** The tracer of one telemetry. */
export class LiveTracer implements Tracer {
  readonly #host: TracerHost;
  readonly #scope: Scope | undefined;

  constructor(host: TracerHost, scope?: Scope) {
    this.#host = host;
    this.#scope = scope;
  }

  startSpan(name: string, options?: SpanOptions): Span {
    try {
      return this.#begin(name, options);
    } catch {
      this.#host.warnOnce('a span was given options that cannot be read; it is not recorded');
      return unsampledBelow(undefined);
    }
  }

  #begin(name: string, options: SpanOptions | undefined): Span {
    const current = active();
    if (current === SUPPRESSED) return unsampledBelow(undefined);
    const parent = options?.parent === undefined ? current : options.parent;
    const host = this.#host;
    if (!parent) return host.isOff ? unsampledBelow(undefined) : this.#startRoot(name, options);
    if (parent instanceof UnsampledSpan && !parent.isPassing && !options?.sampler && !host.watcher)
      return parent.child();
    if (parent instanceof RecordingSpan && parent.recorder === host) {
      const { record } = parent;
      const { trace, high, low } = record;
      record.childCount++;
      const sampled = this.#decide(record.sampled, trace, name, options);
      if (!sampled && !host.watcher) return unsampledBelow(parent.context);
      const elapsed = Math.floor((host.stamps.clock.monotonic() - trace.monotonic) * 1_000);
      return this.#start(trace, elapsed, high, low, false, sampled, name, options);
    }
    return this.#startBelow('context' in parent ? parent.context : parent, name, options);
  }

  withSpan<T>(span: Span, fn: () => T): T {
    return runWith(span, fn);
  }

  span<T>(name: string, ...rest: [(span: Span) => T] | [SpanOptions, (span: Span) => T]): T {
    const [options, fn] = rest.length === 1 ? [undefined, rest[0]] : rest;
    const span = this.startSpan(name, options);
    try {
      const result = runWith(span, fn);
      if (isPromise(result)) {
        return result.then(
          (value) => {
            span.end();
            return value;
          },
          (error) => {
            fail(span, error);
            throw error;
          },
        ) as T;
      }
      span.end();
      return result;
    } catch (error) {
      fail(span, error);
      throw error;
    }
  }

  current(): Span | undefined {
    const current = active();
    return current === SUPPRESSED ? undefined : current;
  }

  scoped(name: string, version?: string): Tracer {
    const scope = { name: textOf(name, this.#host.limits.nameLength) };
    return new LiveTracer(this.#host, version === undefined ? scope : { ...scope, version: textOf(version, 256) });
  }

  #startRoot(name: string, options: SpanOptions | undefined): Span {
    const host = this.#host;
    const sampler = options?.sampler ?? host.sampler;
    if (sampler instanceof BitSampler && sampler.isNever && !host.watcher) return unsampledBelow(undefined);
    const a = randomBits();
    const b = randomBits();
    const c = randomBits();
    const d = randomBits() || 1; // never all zero
    const sampled = samples(sampler, a, b, c, d, name, options);
    if (!sampled && !host.watcher) return new UnsampledSpan(a, b, c, d, undefined);
    return this.#start(new Trace(a, b, c, d, host.stamps, undefined), 0, 0, 0, false, sampled, name, options);
  }

  /** Starts below a context that came from elsewhere: another process, another telemetry, another copy of core. */
  #startBelow(given: SpanContext, name: string, options: SpanOptions | undefined): Span {
    const host = this.#host;
    const traceId = validTraceId(given?.traceId);
    const spanId = validSpanId(given?.spanId);
    if (!traceId || !spanId) {
      if (host.isOff) return unsampledBelow(undefined);
      host.warnOnce('a span was given a parent without valid ids; it became a root');
      return this.#startRoot(name, options);
    }
    const traceState = validTraceState(given.traceState);
    const context = {
      traceId,
      spanId,
      sampled: given.sampled === true,
      ...(traceState !== undefined && { traceState }),
    };
    if (host.isOff) return new UnsampledSpan(0, 0, 0, 0, context);
    if (!context.sampled && !options?.sampler && !host.watcher) return unsampledBelow(context);
    const [a, b, c, d] = [0, 8, 16, 24].map((at) => bitsAt(traceId, at)) as [number, number, number, number];
    const trace = new Trace(a, b, c, d, host.stamps, traceState);
    const sampled = this.#decide(context.sampled, trace, name, options);
    if (!sampled && !host.watcher) return unsampledBelow(context);
    return this.#start(trace, 0, bitsAt(spanId, 0), bitsAt(spanId, 8), given.remote === true, sampled, name, options);
  }

  /** A parent's decision is kept unless the span brings a sampler of its own. */
  #decide(parentSampled: boolean, { a, b, c, d }: Trace, name: string, options: SpanOptions | undefined): boolean {
    return options?.sampler ? samples(options.sampler, a, b, c, d, name, options) : parentSampled;
  }

  #start(
    trace: Trace,
    elapsed: number,
    parentHigh: number,
    parentLow: number,
    remoteParent: boolean,
    sampled: boolean,
    name: string,
    options: SpanOptions | undefined,
  ): RecordingSpan {
    const host = this.#host;
    const { limits } = host;
    const given = options?.start === undefined ? undefined : microsOf(options.start);
    const started = given === undefined ? elapsed : given - trace.wall;
    const kind = options?.kind !== undefined && Object.hasOwn(KINDS, options.kind) ? options.kind : 'unspecified';
    const title = textOf(name, limits.nameLength);
    const record = new SpanRecord(trace, parentHigh, parentLow, remoteParent, sampled, title, kind, started);
    const span = new RecordingSpan(record, host);
    if (this.#scope) record.more().scope = this.#scope;
    if (options?.attributes) record.drop('attributes', putAll(record.list, options.attributes, limits));
    if (options?.links) for (const link of options.links) span.link(link?.context, link?.type, link?.attributes);
    host.watcher?.start(record);
    return span;
  }
}

function samples(
  sampler: Sampler,
  a: number,
  b: number,
  c: number,
  d: number,
  name: string,
  options: SpanOptions | undefined,
): boolean {
  try {
    if (sampler instanceof BitSampler) return sampler.decide(c, d);
    const traceId = hexOf(a) + hexOf(b) + hexOf(c) + hexOf(d);
    const { kind = 'unspecified', attributes = {} } = options ?? {};
    return sampler.sample({ traceId, name, kind, attributes }) === true;
  } catch {
    return false;
  }
}

/** Ends a span for what its function threw; a status that was set stays. */
function fail(span: Span, error: unknown): void {
  span.recordError(error);
  if (span instanceof RecordingSpan && span.record.code === UNSET) span.setStatus('UNKNOWN', messageOf(error));
  span.end();
}

function isPromise<T>(value: T): value is T & Promise<Awaited<T>> {
  try {
    return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
  } catch {
    return false;
  }
}
