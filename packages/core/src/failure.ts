import type { ExportFailure } from './contract.ts';

/** What became of a part of a call that did not simply succeed. */
export interface Failed<T> {
  readonly failure: ExportFailure | 'exporter-error';
  readonly items: readonly T[];
  readonly error: unknown;
  readonly retryAfterMs: number | undefined;
}

/** What an exporter's rejection says about each item of its call. */
export interface Verdict<T> {
  readonly failed: readonly Failed<T>[];
  /** Items that were lost without being named; nobody can send them again. */
  readonly lost: readonly {
    readonly failure: 'rejected' | 'unconfirmed';
    readonly count: number;
    readonly error: unknown;
  }[];
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
    return readVerdict(error, items, idOf);
  } catch {
    // An error whose members cannot be read.
    return {
      failed: [{ failure: 'exporter-error', items, error: undefined, retryAfterMs: undefined }],
      lost: [],
      accepted: 0,
    };
  }
}

function readVerdict<T>(error: unknown, items: readonly T[], idOf: (item: T) => unknown): Verdict<T> {
  const rest = new Set(items);
  const failed: Failed<T>[] = [];
  const lost: { failure: 'rejected' | 'unconfirmed'; count: number; error: unknown }[] = [];
  let whole: Failed<T> | undefined;
  let lostCount = 0;
  for (const member of answersOf(error)) {
    const { items: named, count, retryAfterMs } = readable(member);
    const failure = failureOf(member);
    const ids = Array.isArray(named) ? new Set(named) : undefined;
    const own = ids ? [...rest].filter((item) => ids.has(idOf(item))) : [];
    const part = {
      failure,
      items: own,
      error: member,
      retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    };
    if (own.length > 0) {
      for (const item of own) rest.delete(item);
      failed.push(part);
    } else if (!ids && typeof count === 'number' && Number.isInteger(count) && count >= 0) {
      // Nobody knows which: what could be retried cannot be.
      lost.push({ failure: failure === 'unconfirmed' ? failure : 'rejected', count, error: member });
      lostCount += count;
    } else {
      whole ??= part;
    }
  }
  if (whole) {
    failed.push({ ...whole, items: [...rest] });
    return { failed: failed.filter((part) => part.items.length > 0), lost: [], accepted: 0 };
  }
  if (lostCount >= rest.size) {
    // More than there were: all that were not named.
    const first = lost[0];
    return { failed, lost: first && rest.size > 0 ? [{ ...first, count: rest.size }] : [], accepted: 0 };
  }
  return { failed, lost: lost.filter(({ count }) => count > 0), accepted: rest.size - lostCount };
}

/** An AggregateError stands for several answers only if each of its members is one. */
function answersOf(error: unknown): readonly unknown[] {
  const { errors } = readable(error);
  const several =
    Array.isArray(errors) && errors.length > 0 && errors.every((member) => FAILURES.has(readable(member).failure));
  return several ? errors : [error];
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
