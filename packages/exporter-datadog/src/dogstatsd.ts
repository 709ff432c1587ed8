import {
  type DatagramSender,
  type DeltaSeries,
  type ExportCall,
  ExportError,
  type ExportFailure,
} from '@oc/core/exporter';
import { decimal, type Point, type Row } from './points.ts';

/** Lines that go together, and of which rows they are. */
interface Datagram {
  readonly lines: string[];
  bytes: number;
  readonly rows: Set<Row>;
}

/**
 * Sends rows as lines of DogStatsD, `tail` at the end of each. Rejects for the rows that did not leave; of a row of which
 * a part has left nothing is sent again.
 */
export async function sendLines(
  rows: readonly Row[],
  tail: string,
  bytes: number,
  sender: DatagramSender,
  call: ExportCall,
): Promise<void> {
  const left = new Set<Row>();
  const failed = new Map<Row, ExportError>();
  let down: ExportError | undefined;
  for (const datagram of packed(rows, tail, bytes)) {
    // When the system says that nobody is there, the others would not get there either.
    const error = down ?? (await failureOf(sender.send(Buffer.from(datagram.lines.join('\n')), call)));
    if (error && error.failure !== 'too-large') down = error;
    for (const row of datagram.rows) {
      if (error) failed.set(row, error);
      else left.add(row);
    }
  }
  if (failed.size > 0) throw ofParts(failed, left);
}

async function failureOf(sending: Promise<void>): Promise<ExportError | undefined> {
  try {
    await sending;
    return undefined;
  } catch (error) {
    return error as ExportError;
  }
}

/** The lines of a row share a datagram if they fit into one, so that it is sent or not. A line is never cut. */
function packed(rows: readonly Row[], tail: string, most: number): readonly Datagram[] {
  const datagrams: Datagram[] = [];
  let current: Datagram | undefined;
  for (const row of rows) {
    const lines = row.points.flatMap((point) => linesOf(point, tail));
    const size = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    if (current && current.bytes + size - 1 > most) current = undefined;
    for (const line of lines) {
      const bytes = Buffer.byteLength(line) + 1;
      if (!current || current.bytes + bytes - 1 > most) {
        current = { lines: [], bytes: 0, rows: new Set() };
        datagrams.push(current);
      }
      current.lines.push(line);
      current.bytes += bytes;
      current.rows.add(row);
    }
  }
  return datagrams;
}

const TYPE = { count: 'c', gauge: 'g' } as const;

function linesOf({ name, type, value, tags }: Point, tail: string): readonly string[] {
  const line = (text: string): string =>
    `${name}:${text}|${TYPE[type]}${tags.length > 0 ? '|#' : ''}${tags.join()}${tail}`;
  // Where a sign means "lower by that much", as in older StatsD, it is lowered from zero; elsewhere the last line counts.
  return type === 'gauge' && value < 0 ? [line('0'), line(decimal(value))] : [line(decimal(value))];
}

/** One error for each cause. */
function ofParts(failed: ReadonlyMap<Row, ExportError>, left: ReadonlySet<Row>): Error {
  const items = new Map<ExportFailure, { readonly cause: ExportError; readonly series: DeltaSeries[] }>();
  for (const [row, cause] of failed) {
    const failure = left.has(row) ? 'unconfirmed' : cause.failure;
    const part = items.get(failure) ?? { cause, series: [] };
    items.set(failure, part);
    part.series.push(row.series);
  }
  const errors = [...items].map(([failure, { cause, series }]) => {
    const message =
      failure === 'unconfirmed' ? `${cause.message}; other lines of the same rows had left` : cause.message;
    return new ExportError(failure, message, { items: series.map(({ of }) => of), cause });
  });
  const [first, ...others] = errors;
  return first && others.length === 0
    ? first
    : new AggregateError(errors, errors.map(({ message }) => message).join('; '));
}

/** The rows that surely have not left, as an error of `sendLines` names them. */
export function unsentOf(error: unknown): readonly DeltaSeries[] {
  const errors = error instanceof AggregateError ? (error.errors as ExportError[]) : [error as ExportError];
  return errors.filter(({ failure }) => failure !== 'unconfirmed').flatMap(({ items = [] }) => items as DeltaSeries[]);
}
