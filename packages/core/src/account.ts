import type { Clock } from './clock.ts';
import type { DropReason, Problem, SignalHealth, SignalState } from './contract.ts';

const REPORT_EVERY_MS = 60_000;
const LONGEST_MESSAGE = 500;

/** Where reports of one exporter go. */
export interface Reporting {
  readonly exporter: string;
  readonly clock: Clock;
  readonly report: (problem: Problem) => void;
}

/** What became of the items of one signal, and what the user has been told of it. */
export class Account {
  accepted = 0;
  delivered = 0;
  inFlight = 0;
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  readonly #reporting: Reporting;
  readonly #signal: 'spans' | 'metrics';
  #lastError: SignalHealth['lastError'];
  #lastWarning: SignalHealth['lastWarning'];
  /** Losses that were not reported yet. */
  readonly #untold = new Map<DropReason, { count: number; why: string; cause: unknown }>();
  #cancelReport: (() => void) | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #outageAt = Number.NEGATIVE_INFINITY;

  constructor(reporting: Reporting, signal: 'spans' | 'metrics') {
    this.#reporting = reporting;
    this.#signal = signal;
  }

  /** Counts items as dropped. The first loss is reported at once, the next ones together, at most once a minute. */
  lose(reason: DropReason, count: number, why = '', cause?: unknown): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + count;
    const untold = this.#untold.get(reason);
    this.#untold.set(reason, {
      count: (untold?.count ?? 0) + count,
      why: why || (untold?.why ?? ''),
      cause: cause ?? untold?.cause,
    });
    if (!this.#cancelReport) this.reportLosses();
  }

  /** Reports what was not reported yet, and holds further reports for a minute. */
  reportLosses(): void {
    this.#cancelReport?.();
    this.#cancelReport = undefined;
    if (this.#untold.size === 0) return;
    const told = [...this.#untold];
    this.#untold.clear();
    this.#cancelReport = this.#reporting.clock.after(REPORT_EVERY_MS, () => this.reportLosses());
    const items = this.#signal === 'spans' ? 'spans' : 'time series';
    for (const [reason, { count, why, cause }] of told) {
      this.#report('error', `${count} ${items} dropped (${reason})${why && `: ${why}`}`, cause);
    }
  }

  /** Keeps a failure for `health`. */
  failed(error: unknown): string {
    const message = describe(error);
    this.#lastError = { message, at: this.#reporting.clock.wall() };
    return message;
  }

  /** Reports a state that lasts. */
  tell(message: string, cause?: unknown): void {
    this.#report('warning', message, cause);
  }

  /** Reports that the backend cannot be reached, at most once a minute. */
  outage(why: string): void {
    const now = this.#reporting.clock.monotonic();
    if (now - this.#outageAt < REPORT_EVERY_MS) return;
    this.#outageAt = now;
    this.#report('warning', `${why}; trying again`);
  }

  /** Keeps what the backend said beside its yes, and reports it at most once a minute. */
  warn(message: string): void {
    const line = oneLine(String(message));
    this.#lastWarning = { message: line, at: this.#reporting.clock.wall() };
    const now = this.#reporting.clock.monotonic();
    if (now - this.#warnedAt < REPORT_EVERY_MS) return;
    this.#warnedAt = now;
    this.#report('warning', line);
  }

  health(state: SignalState, queued: number): SignalHealth {
    const { accepted, delivered, inFlight } = this;
    const dropped = { ...this.#dropped };
    return {
      state,
      accepted,
      delivered,
      dropped,
      queued,
      inFlight,
      lastError: this.#lastError,
      lastWarning: this.#lastWarning,
    };
  }

  #report(severity: Problem['severity'], text: string, cause?: unknown): void {
    const { exporter, report } = this.#reporting;
    const message = text.startsWith(`${exporter}: `) ? text : `${exporter}: ${text}`;
    report(cause === undefined ? { exporter, severity, message } : { exporter, severity, message, cause });
  }
}

/** What an error says, whatever it is. */
function describe(error: unknown): string {
  try {
    return oneLine(
      error instanceof Error || typeof error === 'object' ? String((error as Error).message) : String(error),
    );
  } catch {
    return 'an error that cannot be read';
  }
}

/** Text of others as one bounded line without control characters. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .slice(0, LONGEST_MESSAGE)
    .toWellFormed();
}
