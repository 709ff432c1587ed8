import type { KeptSpan } from './intake.ts';

/** Lower bounds of the latency buckets, in microseconds; each reaches up to the next. The names are OpenCensus's own. */
export const LATENCY_BUCKETS = [
  { from: 0, label: '>0us', name: 'ZERO_MICROSx10' },
  { from: 10, label: '>10us', name: 'MICROSx10_MICROSx100' },
  { from: 100, label: '>100us', name: 'MICROSx100_MILLIx1' },
  { from: 1_000, label: '>1ms', name: 'MILLIx1_MILLIx10' },
  { from: 10_000, label: '>10ms', name: 'MILLIx10_MILLIx100' },
  { from: 100_000, label: '>100ms', name: 'MILLIx100_SECONDx1' },
  { from: 1_000_000, label: '>1s', name: 'SECONDx1_SECONDx10' },
  { from: 10_000_000, label: '>10s', name: 'SECONDx10_SECONDx100' },
  { from: 100_000_000, label: '>100s', name: 'SECONDx100_MAX' },
] as const;

/** The index of the bucket that a duration in microseconds falls into. */
export function bucketOf(duration: number): number {
  let bucket = 0;
  while (bucket < LATENCY_BUCKETS.length - 1 && duration >= (LATENCY_BUCKETS[bucket + 1]?.from ?? 0)) bucket++;
  return bucket;
}

/** Spans alike, so that rare ones are still there when the ring has long moved on. */
interface Shelf {
  readonly most: number;
  /** Those that are exported, and those that are not: neither pushes out the other. */
  readonly spans: { readonly sampled: Kept[]; readonly unsampled: Kept[] };
  seen: number;
}

interface Kept {
  readonly span: KeptSpan;
  readonly bytes: number;
}

/** The samples of one span name. */
export interface NameSamples {
  readonly name: string;
  /** By latency bucket: spans that ended with OK. */
  readonly latency: readonly Shelf[];
  /** By canonical code: spans that did not. */
  readonly errors: Map<number, Shelf>;
}

const MOST_OF_A_BUCKET = 10;
const MOST_OF_AN_ERROR = 5;
const LEAST_BETWEEN_MICROS = 1_000_000;
const BYTES = 16 * 1_024 * 1_024;

/** The name under which spans are gathered whose own names are too many. */
export const OTHER = '(other)';

/** A few spans of each name, latency and error code. */
export class Samples {
  bytes = 0;
  readonly #maxNames: number;
  readonly #maxBytes: number;
  /** The name that took a sample last comes last. */
  readonly #names = new Map<string, NameSamples>();

  constructor(maxNames: number, spanNames: readonly string[] = [], maxBytes: number = BYTES) {
    this.#maxNames = maxNames;
    this.#maxBytes = maxBytes;
    for (const name of spanNames) this.#of(name);
  }

  /** By name. */
  list(): readonly NameSamples[] {
    return Array.from(this.#names.values()).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): NameSamples | undefined {
    return this.#names.get(name);
  }

  add(span: KeptSpan, bytes: number): void {
    const of = this.#of(span.name);
    const { code } = span.status;
    const shelf = code === 0 ? (of.latency[bucketOf(span.end - span.start)] as Shelf) : errorShelf(of, code);
    shelf.seen++;
    const kept = shelf.spans[span.sampled ? 'sampled' : 'unsampled'];
    const last = kept.at(-1)?.span.end;
    // A burst of spans alike must not push out all that came before. The ends are of core's monotonic clock; where the
    // clock of the machine was set back, they are as good as far apart.
    if (last !== undefined && Math.abs(span.end - last) < LEAST_BETWEEN_MICROS) return;
    kept.push({ span, bytes });
    this.bytes += bytes;
    if (kept.length > shelf.most) this.bytes -= kept.shift()?.bytes ?? 0;
    if (this.bytes > this.#maxBytes) this.#evict(of);
  }

  clear(): void {
    this.#names.clear();
    this.bytes = 0;
  }

  #of(name: string): NameSamples {
    const known = this.#names.get(name);
    if (known) return known;
    if (this.#names.size >= this.#maxNames && name !== OTHER) return this.#of(OTHER);
    const made = {
      name,
      latency: LATENCY_BUCKETS.map(() => shelfFor(MOST_OF_A_BUCKET)),
      errors: new Map<number, Shelf>(),
    };
    this.#names.set(name, made);
    return made;
  }

  /** Empties the names that took a sample longest ago; `newest` is not among them. */
  #evict(newest: NameSamples): void {
    this.#names.delete(newest.name);
    this.#names.set(newest.name, newest);
    for (const { latency, errors } of this.#names.values()) {
      for (const { spans } of [...latency, ...errors.values()]) {
        for (const kept of [spans.sampled, spans.unsampled]) {
          for (const { bytes } of kept) this.bytes -= bytes;
          kept.length = 0;
        }
      }
      if (this.bytes <= this.#maxBytes) return;
    }
  }
}

function shelfFor(most: number): Shelf {
  return { most, spans: { sampled: [], unsampled: [] }, seen: 0 };
}

function errorShelf({ errors }: NameSamples, code: number): Shelf {
  const shelf = errors.get(code) ?? shelfFor(MOST_OF_AN_ERROR);
  errors.set(code, shelf);
  return shelf;
}

/** What a shelf holds, newest first. */
export function spansOf({ spans }: Shelf): readonly KeptSpan[] {
  return [...spans.sampled, ...spans.unsampled].map(({ span }) => span).sort((a, b) => b.start - a.start);
}
