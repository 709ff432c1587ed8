import type { UnixMicros } from '@oc/core/exporter';
import type { KeptSpan } from './intake.ts';

/** A trace as far as this process has seen it. */
export interface KeptTrace {
  readonly traceId: string;
  /** In the order of their ends. */
  readonly spans: KeptSpan[];
  /** The span without a parent; else the earliest one that has ended. */
  root: KeptSpan;
  start: UnixMicros;
  end: UnixMicros;
  /** Spans that did not end with OK. */
  errors: number;
  /** Whether at least one of its spans goes to the exporters. */
  sampled: boolean;
  /** Spans that ended and are not kept, since there were too many. */
  omitted: number;
  bytes: number;
}

/** How much is kept. */
export interface RingBounds {
  readonly traces: number;
  readonly bytes: number;
  /** Of one trace. */
  readonly spans: number;
}

const BOUNDS: RingBounds = { traces: 10_000, bytes: 16 * 1_024 * 1_024, spans: 1_000 };
const BYTES_OF_A_TRACE = 300;

/** The most recent traces; the one that began first goes first. */
export class Ring {
  readonly bounds: RingBounds;
  /** About what all of it holds. */
  bytes = 0;
  /** Traces that had to go. */
  evicted = 0;
  readonly #traces = new Map<string, KeptTrace>();
  #oldest: IterableIterator<KeptTrace> | undefined;

  constructor(bounds: Partial<RingBounds> = {}) {
    this.bounds = { ...BOUNDS, ...bounds };
  }

  get size(): number {
    return this.#traces.size;
  }

  get(traceId: string): KeptTrace | undefined {
    return this.#traces.get(traceId);
  }

  /** All of them, first come first. */
  traces(): readonly KeptTrace[] {
    return Array.from(this.#traces.values());
  }

  add(span: KeptSpan, bytes: number): void {
    const trace = this.#traces.get(span.traceId) ?? this.#begin(span);
    if (span.status.code !== 0) trace.errors++;
    if (span.start < trace.start) trace.start = span.start;
    if (span.end > trace.end) trace.end = span.end;
    trace.sampled ||= span.sampled;
    const isTop =
      span.parentSpanId === undefined || (trace.root.parentSpanId !== undefined && span.start < trace.root.start);
    if (isTop) trace.root = span;
    // The root is kept whatever it costs: a trace without it has no name.
    if (trace.spans.length >= this.bounds.spans && !isTop) {
      trace.omitted++;
    } else {
      trace.spans.push(span);
      trace.bytes += bytes;
      this.bytes += bytes;
    }
    if (this.#traces.size > this.bounds.traces || this.bytes > this.bounds.bytes) this.#evict();
  }

  clear(): void {
    this.#traces.clear();
    this.#oldest = undefined;
    this.bytes = 0;
  }

  #begin(first: KeptSpan): KeptTrace {
    const trace: KeptTrace = {
      traceId: first.traceId,
      spans: [],
      root: first,
      start: first.start,
      end: first.end,
      errors: 0,
      sampled: false,
      omitted: 0,
      bytes: BYTES_OF_A_TRACE,
    };
    this.bytes += BYTES_OF_A_TRACE;
    this.#traces.set(first.traceId, trace);
    return trace;
  }

  #evict(): void {
    while (this.#traces.size > this.bounds.traces || this.bytes > this.bounds.bytes) {
      // One iterator that goes on: each new one would have to pass the places of all that were deleted before.
      this.#oldest ??= this.#traces.values();
      const { value, done } = this.#oldest.next();
      this.#oldest = done ? undefined : this.#oldest;
      if (!value) return;
      this.#traces.delete(value.traceId);
      this.bytes -= value.bytes;
      this.evicted++;
    }
  }
}
