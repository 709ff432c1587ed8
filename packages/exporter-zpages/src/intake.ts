import type { RunningSpan, SpanData, SpanListener } from '@oc/core/exporter';
import type { Ring } from './ring.ts';
import { RunningSpans } from './running.ts';
import type { Samples } from './samples.ts';

/** The data of a finished span, and whether the exporters get it too. */
export interface KeptSpan extends SpanData {
  readonly sampled: boolean;
}

/** What the pages have seen since they were started. */
export interface Seen {
  /** Spans that ended. */
  spans: number;
  /** Roots of traces that the sampler took, and that it left out. */
  sampledRoots: number;
  unsampledRoots: number;
  /** Spans that ended faster than the pages look at them; they are in no list. */
  skipped: number;
}

/** Ended spans wait for each other: looking at many at once costs an application's `end` next to nothing. */
const BATCH = 256;
/** How many spans a second are looked at, and how many at once after a pause. */
const SPANS_A_SECOND = 10_000;
const BURST = 20_000;

/** Hears of every span. Its `start` and `end` run inside the application's own calls, so they do no more than remember. */
export class Intake implements SpanListener {
  readonly running: RunningSpans = new RunningSpans();
  readonly seen: Seen = { spans: 0, sampledRoots: 0, unsampledRoots: 0, skipped: 0 };
  readonly #ring: Ring;
  readonly #samples: Samples;
  readonly #ended: SpanData[] = [];
  readonly #sampled: boolean[] = [];
  readonly #now: () => number;
  #allowed = BURST;
  #allowedAt: number;

  /** @param now a monotonic clock, in milliseconds */
  constructor(ring: Ring, samples: Samples, now: () => number = () => performance.now()) {
    this.#ring = ring;
    this.#samples = samples;
    this.#now = now;
    this.#allowedAt = now();
  }

  start(span: RunningSpan): void {
    this.running.add(span);
  }

  end(span: SpanData, sampled: boolean): void {
    this.#sampled.push(sampled);
    if (this.#ended.push(span) >= BATCH) this.catchUp();
  }

  /** Looks at the spans that have ended; whoever reads the ring or the samples calls it first. */
  catchUp(): void {
    const { length } = this.#ended;
    if (length === 0) return;
    const now = this.#now();
    this.#allowed = Math.min(BURST, this.#allowed + ((now - this.#allowedAt) / 1_000) * SPANS_A_SECOND);
    this.#allowedAt = now;
    this.seen.spans += length;
    if (this.#allowed < length) {
      this.seen.skipped += length;
    } else {
      this.#allowed -= length;
      for (let at = 0; at < length; at++) this.#keep(this.#ended[at] as SpanData, this.#sampled[at] === true);
    }
    this.#ended.length = 0;
    this.#sampled.length = 0;
  }

  clear(): void {
    this.#ended.length = 0;
    this.#sampled.length = 0;
    this.running.clear();
  }

  #keep(data: SpanData, sampled: boolean): void {
    try {
      const kept = copyOf(data, sampled);
      if (kept.parentSpanId === undefined) this.seen[sampled ? 'sampledRoots' : 'unsampledRoots']++;
      const bytes = bytesOf(kept);
      this.#ring.add(kept, bytes);
      this.#samples.add(kept, bytes);
    } catch {
      this.seen.skipped++; // a span of a bridge that cannot be read
    }
  }
}

/**
 * A copy, since V8 allocates all objects of a kind for a long life once many of it live long: if the spans themselves were
 * kept, those that nobody keeps would cost more too.
 */
function copyOf(span: SpanData, sampled: boolean): KeptSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    traceState: span.traceState,
    remoteParent: span.remoteParent,
    name: span.name,
    kind: span.kind,
    start: span.start,
    end: span.end,
    scope: span.scope,
    status: span.status,
    attributes: span.attributes,
    annotations: span.annotations,
    messageEvents: span.messageEvents,
    links: span.links,
    dropped: span.dropped,
    childCount: span.childCount,
    sampled,
  };
}

const BYTES_OF_A_SPAN = 400;
const BYTES_OF_AN_EVENT = 120;

/** About what a span holds in memory: its records, and two bytes a character. */
export function bytesOf({ name, status, attributes, annotations, messageEvents, links }: SpanData): number {
  let characters = name.length + (status.message?.length ?? 0) + charactersIn(attributes);
  for (const { description, attributes } of annotations) characters += description.length + charactersIn(attributes);
  for (const { attributes } of links) characters += 48 + charactersIn(attributes);
  const events = annotations.length + messageEvents.length + links.length;
  return BYTES_OF_A_SPAN + BYTES_OF_AN_EVENT * events + 2 * characters;
}

function charactersIn(attributes: SpanData['attributes']): number {
  let characters = 0;
  for (const key in attributes) {
    const value = attributes[key];
    characters += key.length + 8;
    if (typeof value === 'string') characters += value.length;
    else if (typeof value === 'object')
      for (const item of value) characters += typeof item === 'string' ? item.length : 4;
  }
  return characters;
}
