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
  /** Other things that were not reported yet. */
  readonly #pending: Problem[] = [];
  #cancelReport: (() => void) | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #outageAt = Number.NEGATIVE_INFINITY;

  constructor(reporting: Reporting, signal: 'spans' | 'metrics') {
    this.#reporting = reporting;
    this.#signal = signal;
  }

  /** Counts items as dropped when the process exits. Returns how many losses were not reported yet; the caller does. */
  lastly(count: number): number {
    if (count > 0) this.#dropped['process-exit'] = (this.#dropped['process-exit'] ?? 0) + count;
    const untold = Array.from(this.#untold.values(), (each) => each.count);
    this.#untold.clear();
    return untold.reduce((sum, each) => sum + each, count);
  }

  /** Counts items as dropped, to be reported by `speak`. */
  lose(reason: DropReason, count: number, why = '', cause?: unknown): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + count;
    const untold = this.#untold.get(reason);
    this.#untold.set(reason, {
      count: (untold?.count ?? 0) + count,
      why: why || (untold?.why ?? ''),
      cause: cause ?? untold?.cause,
    });
  }

  /**
   * Reports what came up: called when all is booked, so that who hears of it finds the account in order. The first loss
   * is reported at once, the next ones together, at most once a minute.
   */
  speak(): void {
    for (const problem of this.#pending.splice(0)) this.#reporting.report(problem);
    if (!this.#cancelReport) this.reportLosses();
  }

  /** Reports the losses that were not reported yet, and holds further reports for a minute. */
  reportLosses(): void {
    this.#cancelReport?.();
    this.#cancelReport = undefined;
    if (this.#untold.size === 0) return;
    const told = [...this.#untold];
    this.#untold.clear();
    this.#cancelReport = this.#reporting.clock.after(REPORT_EVERY_MS, () => this.reportLosses());
    for (const [reason, { count, why, cause }] of told) {
      // Totals lose nothing by a collection that a newer one replaced.
      this.#say(
        reason === 'superseded' ? 'warning' : 'error',
        `${amountOf(count, this.#signal)} dropped (${reason})${why && `: ${why}`}`,
        cause,
      );
    }
    this.speak();
  }

  /** Keeps a failure for `health`. */
  failed(error: unknown): string {
    const message = reasonIn(error);
    this.#lastError = { message, at: this.#reporting.clock.wall() };
    return message;
  }

  /** Reports a state that lasts. */
  tell(message: string, cause?: unknown): void {
    this.#say('warning', message, cause);
  }

  /** Reports that the backend cannot be reached, at most once a minute. */
  outage(why: string): void {
    const now = this.#reporting.clock.monotonic();
    if (now - this.#outageAt < REPORT_EVERY_MS) return;
    this.#outageAt = now;
    this.#say('warning', `${why}; trying again`);
  }

  /** Keeps what the backend said beside its yes, and reports it at most once a minute. */
  warn(message: string): void {
    const line = reasonIn(message);
    this.#lastWarning = { message: line, at: this.#reporting.clock.wall() };
    const now = this.#reporting.clock.monotonic();
    if (now - this.#warnedAt < REPORT_EVERY_MS) return;
    this.#warnedAt = now;
    this.#say('warning', line);
    this.speak();
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

  #say(severity: Problem['severity'], text: string, cause?: unknown): void {
    const { exporter } = this.#reporting;
    const message = text.startsWith(`${exporter}: `) ? text : `${exporter}: ${text}`;
    this.#pending.push(cause === undefined ? { exporter, severity, message } : { exporter, severity, message, cause });
  }
}

/** '1 span', '2 spans', '3 time series'. */
export function amountOf(count: number, signal: 'spans' | 'metrics'): string {
  return `${count} ${signal === 'metrics' ? 'time series' : count === 1 ? 'span' : 'spans'}`;
}

/** What a thrown thing says, whatever it is, as one line. Never throws. */
export function reasonIn(error: unknown): string {
  try {
    return oneLine(String(typeof error === 'object' && error !== null ? (error as Error).message : error));
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
