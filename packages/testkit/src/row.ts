import type { ExporterCheck } from './conformance.ts';
import { Lab } from './lab.ts';
import type { Receiver, Signal } from './receiver.ts';

/** One fault, and the behaviour that is required of an exporter then. */
export interface Row {
  /** As in the list of faults: 'N1'. */
  readonly id: string;
  /** The fault and what has to happen. */
  readonly title: string;
  /** With which signals it runs: with each that the exporter has, with one of them only, or with the first. */
  readonly signals: 'each' | 'spans' | 'metrics' | 'first';
  /** Whether its programs are processes of their own. */
  readonly inChildren?: boolean | undefined;
  /** Whether it keeps the event loop so busy that others would miss their deadlines. */
  readonly isHeavy?: boolean | undefined;
  /** The only transport that it is of; it stands in for a row of the same id that is of all. Default: it is of all. */
  readonly transport?: Receiver['transport'] | undefined;
  /** True, or why it has no meaning for this exporter. */
  applies(check: ExporterCheck): true | string;
  /** Rejects with an AssertionError that says which promise was not kept. */
  run(lab: Lab): Promise<void>;
}

/** A row with a signal. */
export interface Case {
  readonly row: Row;
  readonly signal: Signal;
  /** 'N1 (spans) connection refused ...' */
  readonly title: string;
  /** Why it does not apply; undefined when it does. */
  readonly reason: string | undefined;
}

/** The row for each signal that it runs with. */
export function casesOf(row: Row, check: ExporterCheck): readonly Case[] {
  const [first = 'spans'] = check.signals;
  const of = (signal: Signal, reason: string | true): Case => ({
    row,
    signal,
    title: `${row.id}${check.signals.length > 1 && row.signals === 'each' ? ` (${signal})` : ''} ${row.title}`,
    reason: reason === true ? undefined : reason,
  });
  const reason = check.except?.[row.id] ?? row.applies(check);
  if (row.signals === 'spans' || row.signals === 'metrics') {
    const isSent = check.signals.includes(row.signals);
    return [of(row.signals, isSent ? reason : `it sends no ${row.signals}`)];
  }
  const all = row.signals === 'each' && check.signals.length > 0 ? check.signals : [first];
  return all.map((signal) => of(signal, reason));
}

const LONGEST_MS = 25_000;

/** Runs a case. @throws what the row says is not kept. */
export async function runCase(
  { row, signal }: Case,
  check: ExporterCheck,
  longestMs: number = LONGEST_MS,
): Promise<void> {
  const lab = new Lab(check, signal);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${row.id} took over ${longestMs / 1_000} s`)), longestMs);
  });
  try {
    await Promise.race([row.run(lab), late]);
    lab.readAll();
  } catch (error) {
    throw error instanceof Error ? lab.explained(error) : error;
  } finally {
    clearTimeout(timer);
    await lab.end();
  }
}

/** A condition of a row. */
export type Need = (check: ExporterCheck) => true | string;

/** The first reason that one of the needs gives. */
export function needing(...needs: readonly Need[]): Row['applies'] {
  return (check) => needs.map((need) => need(check)).find((reason) => reason !== true) ?? true;
}

const NOT_HTTP = {
  stream: 'it writes to a stream, not to a network',
  udp: 'it sends datagrams, which nothing answers',
  grpc: 'it speaks gRPC, not HTTP',
  pull: 'it is read, and sends nothing',
} as const;

/** It sends over HTTP. */
export const overHttp: Need = ({ receiver: { transport } }) => transport === 'http' || NOT_HTTP[transport];

/** Its backend answers, over HTTP or gRPC. */
export const answered: Need = ({ receiver }) => {
  if (receiver.transport === 'grpc') return receiver.accepted !== 'written' || NO_ANSWER;
  return receiver.transport === 'http' || NOT_HTTP[receiver.transport];
};
const NO_ANSWER = 'it waits for no answer: what it has written counts as delivered';

const TAKEN = { secret: 'secret', agent: 'agent', tls: 'files of certificates' } as const;

/** `make` takes this of its target. */
export function taking(what: keyof typeof TAKEN): Need {
  return ({ takes = [] }) => takes.includes(what) || `it takes no ${TAKEN[what]}`;
}

/** Its backend has such an answer. */
export function answeringWith(what: 'poisoned' | 'partial', reason: string): Need {
  return ({ receiver }) => (receiver.transport === 'http' && receiver[what] !== undefined) || reason;
}
