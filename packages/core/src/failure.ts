import type { ExportFailure } from './contract.ts';

/** A part of a call that failed, and why. */
export interface Failed<T> {
  readonly failure: ExportFailure | 'exporter-error';
  readonly items: readonly T[];
  readonly error: unknown;
  readonly retryAfterMs: number | undefined;
}

/** What an exporter's rejection says about the items of its call. */
export interface Verdict<T> {
  readonly failed: readonly Failed<T>[];
  readonly accepted: number;
}

const FAILURES: ReadonlySet<unknown> = new Set<ExportFailure>([
  'unavailable',
  'too-large',
  'poisoned',
  'misconfigured',
  'unconfirmed',
  'rejected',
]);

const NETWORK_CODE =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EAI_FAIL|EHOST(UNREACH|DOWN)|ENET(UNREACH|DOWN)|EADDRNOTAVAIL|ENOBUFS|UND_ERR_\w+|ERR_STREAM_PREMATURE_CLOSE)$/;

interface Readable {
  readonly failure?: unknown;
  readonly items?: unknown;
  readonly count?: unknown;
  readonly retryAfterMs?: unknown;
  readonly errors?: unknown;
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: { readonly code?: unknown };
}

/**
 * Reads what a call was rejected with: by property, since another copy of core may have made it, and whatever it is.
 * `idOf` gives what an error's `items` names.
 */
export function verdictOf<T>(error: unknown, items: readonly T[], idOf: (item: T) => unknown): Verdict<T> {
  try {
    const failed: Failed<T>[] = [];
    let rest = items;
    for (const answer of answersOf(error)) {
      const { items: named, count, retryAfterMs } = readable(answer);
      const ids = new Set(Array.isArray(named) ? named : []);
      const isCounted = ids.size === 0 && Number.isInteger(count) && (count as number) >= 0;
      let own: readonly T[] = isCounted ? rest.slice(0, count as number) : rest.filter((item) => ids.has(idOf(item)));
      // One that names nothing of this call means all of it: nothing may pass as accepted.
      if (!isCounted && !items.some((item) => ids.has(idOf(item)))) own = rest;
      const failure = failureOf(answer);
      failed.push({
        // Nobody knows which items are meant by a count, so they cannot be sent again and any will do for the account.
        failure: isCounted && failure !== 'unconfirmed' ? 'rejected' : failure,
        items: own,
        error: answer,
        retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
      });
      rest = without(rest, own);
    }
    return { failed: failed.filter((part) => part.items.length > 0), accepted: rest.length };
  } catch {
    // Its members cannot be read.
    return { failed: [{ failure: 'exporter-error', items, error: undefined, retryAfterMs: undefined }], accepted: 0 };
  }
}

/** The items that are not among `others`. */
export function without<T>(items: readonly T[], others: readonly T[]): readonly T[] {
  const out = new Set(others);
  return items.filter((item) => !out.has(item));
}

/** An AggregateError stands for several answers only if each of its members is one. Those that name items come first. */
function answersOf(error: unknown): readonly unknown[] {
  const { errors } = readable(error);
  if (!Array.isArray(errors) || !errors.every((member) => FAILURES.has(readable(member).failure))) return [error];
  const rank = (answer: unknown): number => {
    const { items, count } = readable(answer);
    return Array.isArray(items) ? 0 : count === undefined ? 2 : 1;
  };
  return errors.length > 0 ? errors.toSorted((one, other) => rank(one) - rank(other)) : [error];
}

function failureOf(error: unknown): ExportFailure | 'exporter-error' {
  const { failure, name, code, cause } = readable(error);
  if (FAILURES.has(failure)) return failure as ExportFailure;
  if (name === 'AbortError' || name === 'TimeoutError') return 'unavailable';
  const isNetwork = [code, cause?.code].some((value) => typeof value === 'string' && NETWORK_CODE.test(value));
  return isNetwork ? 'unavailable' : 'exporter-error';
}

function readable(error: unknown): Readable {
  return typeof error === 'object' && error !== null ? error : {};
}
