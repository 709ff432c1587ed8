import { type RunningSpan, STATUS_CODES } from '@oc/core/exporter';
import { LATENCY_BUCKETS, type NameSamples, spansOf } from './samples.ts';
import type { Site } from './site.ts';

/** What is known of all spans of one name. */
export interface NameRow {
  readonly name: string;
  readonly running: number;
  /** Samples kept of each latency bucket, and how many spans fell into it. */
  readonly latency: readonly number[];
  readonly latencySeen: readonly number[];
  /** Samples kept of all error codes, and how many spans ended with one. */
  readonly errors: number;
  readonly errorsSeen: number;
  /** Samples kept, by canonical code. */
  readonly errorsByCode: Readonly<Record<number, number>>;
}

/** A sample to show: finished, or running. */
export interface Sample {
  readonly span: RunningSpan;
  readonly sampled: boolean | undefined;
}

/** Which samples a cell of the table stands for. */
export interface Cell {
  readonly name: string;
  readonly type: 'running' | 'latency' | 'errors';
  /** The index of a latency bucket, or an error code, 0 for all. */
  readonly subtype: number;
}

/** All names, running ones too. */
export function nameRowsOf({ samples, intake }: Site): readonly NameRow[] {
  const running = new Map<string, number>();
  for (const { name } of intake.running.list()) running.set(name, (running.get(name) ?? 0) + 1);
  const rows = samples.list().map((of) => rowOf(of, running.get(of.name) ?? 0));
  for (const [name, count] of running) {
    if (!samples.get(name)) rows.push(rowOf({ name, latency: [], errors: new Map() }, count));
  }
  return rows.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function rowOf({ name, latency, errors }: NameSamples, running: number): NameRow {
  const shelves = LATENCY_BUCKETS.map((_, at) => latency[at]);
  const codes = [...errors].sort(([a], [b]) => a - b);
  return {
    name,
    running,
    latency: shelves.map((shelf) => (shelf ? spansOf(shelf).length : 0)),
    latencySeen: shelves.map((shelf) => shelf?.seen ?? 0),
    errors: codes.reduce((sum, [, shelf]) => sum + spansOf(shelf).length, 0),
    errorsSeen: codes.reduce((sum, [, shelf]) => sum + shelf.seen, 0),
    errorsByCode: Object.fromEntries(codes.map(([code, shelf]) => [code, spansOf(shelf).length])),
  };
}

const TYPES: readonly Cell['type'][] = ['running', 'latency', 'errors'];

/**
 * The cell that a request names, by the parameters of OpenCensus for Go and Java (`zspanname`, `ztype`, `zsubtype`), or
 * for Node (`tracename`, `type`); undefined when they make no sense.
 */
export function cellOf(query: URLSearchParams): Cell | undefined {
  const name = query.get('zspanname') ?? query.get('tracename');
  if (name === null) return undefined;
  const alias = query.get('type');
  if (alias !== null) {
    if (alias === 'RUNNING') return { name, type: 'running', subtype: 0 };
    if (alias === 'ERRORS') return { name, type: 'errors', subtype: 0 };
    const bucket = LATENCY_BUCKETS.findIndex((each) => each.name === alias);
    return bucket < 0 ? undefined : { name, type: 'latency', subtype: bucket };
  }
  const type = TYPES[indexOf(query.get('ztype'))];
  const subtype = indexOf(query.get('zsubtype') ?? '0');
  if (!type || subtype < 0) return undefined;
  const isThere = type === 'running' || (type === 'latency' ? subtype in LATENCY_BUCKETS : subtype in STATUS_CODES);
  return isThere ? { name, type, subtype } : undefined;
}

function indexOf(text: string | null): number {
  return text !== null && /^\d{1,2}$/.test(text) ? Number(text) : -1;
}

const MOST_RUNNING = 170;

/** The samples of a cell: those that run in the order of their start, others newest first. */
export function samplesOf({ samples, intake }: Site, { name, type, subtype }: Cell): readonly Sample[] {
  if (type === 'running') {
    const running = intake.running.list().filter((span) => span.name === name);
    return running.slice(0, MOST_RUNNING).map((span) => ({ span, sampled: undefined }));
  }
  const of = samples.get(name);
  if (!of) return [];
  const shelves =
    type === 'latency' ? [of.latency[subtype]] : subtype === 0 ? [...of.errors.values()] : [of.errors.get(subtype)];
  return shelves
    .flatMap((shelf) => (shelf ? spansOf(shelf) : []))
    .sort((a, b) => b.start - a.start)
    .map((span) => ({ span, sampled: span.sampled }));
}
