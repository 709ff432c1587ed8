import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RunningSpan, SpanKind, UnixMicros } from '@oc/core/exporter';
import type { KeptTrace, Ring } from './ring.ts';
import { fits, termsOf } from './search.ts';

/** A trace in a list. */
export interface TraceRow {
  readonly traceId: string;
  /** Of the span that all others are below of, as far as it was seen. */
  readonly name: string;
  readonly kind: SpanKind;
  readonly start: UnixMicros;
  /** Microseconds; up to now for a trace that runs. */
  readonly duration: number;
  readonly spans: number;
  readonly errors: number;
  /** Spans that have not ended. */
  readonly running: number;
  /** False for a trace that no exporter gets, since the sampler left it out; undefined while that is not known. */
  readonly sampled: boolean | undefined;
  /** Attributes of the top span that tell traces of one name apart. */
  readonly hint: string;
}

/** Which traces a list shows, and in which order. */
export const LISTS = ['newest', 'slowest', 'errors', 'running'] as const;
/** One of the lists. */
export type ListName = (typeof LISTS)[number];

/** A list of traces. */
export interface TraceList {
  readonly rows: readonly TraceRow[];
  /** How many there are of the kind; with a search only those that are shown are counted. */
  readonly total: number;
  readonly isCut: boolean;
}

/** One trace in all its parts: what was kept of it, and what runs. */
interface Candidate {
  readonly kept: KeptTrace | undefined;
  readonly running: readonly RunningSpan[];
  readonly start: UnixMicros;
  readonly duration: number;
}

/** Running spans by their traces. */
export function byTrace(running: readonly RunningSpan[]): ReadonlyMap<string, readonly RunningSpan[]> {
  const traces = new Map<string, RunningSpan[]>();
  for (const span of running) {
    const spans = traces.get(span.traceId);
    if (spans) spans.push(span);
    else traces.set(span.traceId, [span]);
  }
  return traces;
}

const newestFirst = (a: Candidate, b: Candidate): number => b.start - a.start;
const ORDER: Readonly<Record<ListName, (a: Candidate, b: Candidate) => number>> = {
  newest: newestFirst,
  slowest: (a, b) => b.duration - a.duration,
  errors: newestFirst,
  running: (a, b) => a.start - b.start, // what leaks comes first
};
const BELONGS: Readonly<Record<ListName, (candidate: Candidate) => boolean>> = {
  newest: () => true,
  slowest: ({ running }) => running.length === 0, // what runs has a list of its own
  errors: ({ kept }) => (kept?.errors ?? 0) > 0,
  running: ({ running }) => running.length > 0,
};

/** How long a list may be looked for before the application gets its turn. */
const SLICE_MS = 8;

/** The first traces of a list that fit a search. */
export async function listOf(
  ring: Ring,
  running: readonly RunningSpan[],
  { list, search, most, now }: { list: ListName; search: string; most: number; now: UnixMicros },
): Promise<TraceList> {
  const runningIn = byTrace(running);
  const candidates = candidatesOf(ring, runningIn, now).filter(BELONGS[list]).sort(ORDER[list]);
  const terms = termsOf(search);
  if (!terms) {
    const rows = candidates.slice(0, most).map(rowOf);
    return { rows, total: candidates.length, isCut: candidates.length > most };
  }
  const rows: TraceRow[] = [];
  let sliceEnd = performance.now() + SLICE_MS;
  for (const candidate of candidates) {
    if (rows.length > most) break;
    const { kept, running } = candidate;
    if (fits(terms, kept ? [...kept.spans, ...running] : running)) rows.push(rowOf(candidate));
    if (performance.now() < sliceEnd) continue;
    await nextTurn();
    sliceEnd = performance.now() + SLICE_MS;
  }
  return { rows: rows.slice(0, most), total: Math.min(rows.length, most), isCut: rows.length > most };
}

function candidatesOf(
  ring: Ring,
  running: ReadonlyMap<string, readonly RunningSpan[]>,
  now: UnixMicros,
): readonly Candidate[] {
  const candidates = ring.traces().map((kept): Candidate => {
    const { traceId, start, end } = kept;
    const still = running.get(traceId);
    if (!still) return { kept, running: [], start, duration: end - start };
    const first = Math.min(start, still[0]?.start ?? start);
    return { kept, running: still, start: first, duration: Math.max(end, now) - first };
  });
  for (const [traceId, spans] of running) {
    if (ring.get(traceId)) continue;
    const start = spans[0]?.start ?? now;
    candidates.push({ kept: undefined, running: spans, start, duration: Math.max(0, now - start) });
  }
  return candidates;
}

function rowOf({ kept, running, start, duration }: Candidate): TraceRow {
  const top = topOf(kept, running);
  return {
    traceId: top?.traceId ?? '',
    name: top?.name ?? '',
    kind: top?.kind ?? 'unspecified',
    start,
    duration,
    spans: (kept ? kept.spans.length + kept.omitted : 0) + running.length,
    errors: kept?.errors ?? 0,
    running: running.length,
    sampled: kept?.sampled,
    hint: top ? hintOf(top) : '',
  };
}

/** The running root, else the kept one, else what runs longest. */
function topOf(kept: KeptTrace | undefined, running: readonly RunningSpan[]): RunningSpan | undefined {
  const root = running.find(({ parentSpanId }) => parentSpanId === undefined);
  return root ?? kept?.root ?? running[0];
}

// What tells calls of one name apart, in OpenTelemetry's names and OpenCensus's: the first that is there is shown.
const TELLING = ['http.response.status_code', 'http.status_code', 'rpc.grpc.status_code', 'url.path', 'http.path'];

function hintOf({ status: { code, message }, attributes }: RunningSpan): string {
  if (code !== 0 && message) return message;
  for (const key of TELLING) if (attributes[key] !== undefined) return String(attributes[key]);
  for (const key in attributes) return `${key}=${String(attributes[key])}`;
  return '';
}
