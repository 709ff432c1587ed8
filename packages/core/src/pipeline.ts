import { reasonIn } from './account.ts';
import { CollectionSlot, type Row, rowsOf } from './collection.ts';
import { suppressed } from './context.ts';
import type {
  DeliveryOptions,
  DrainHealth,
  Exporter,
  ExporterHealth,
  Problem,
  SignalHealth,
  Source,
} from './contract.ts';
import { Delivery, type DeliveryHost } from './delivery.ts';
import { SpanQueue } from './queue.ts';
import type { SpanRecord } from './record.ts';

const LONGEST_START_MS = 10_000;
/** How long before a shutdown's end its calls are aborted, so that exporters can still settle and close. */
const ABORT_EARLY_MS = 500;
const UNUSED: SignalHealth = Object.freeze({
  state: 'unused',
  accepted: 0,
  delivered: 0,
  dropped: {},
  queued: 0,
  inFlight: 0,
});

/** One exporter and all that stands in front of it: a delivery for each signal, the collection of metrics, its life. */
export class Pipeline {
  readonly name: string;
  readonly spans: Delivery<SpanRecord> | undefined;
  readonly #metrics: Delivery<Row, readonly Row[]> | undefined;
  readonly #host: DeliveryHost;
  readonly #exporter: Exporter;
  readonly #source: Source;
  readonly #leastBetweenMs: number;
  readonly #everyMs: number;
  #collectedAt = Number.NEGATIVE_INFINITY;
  #collecting: Promise<void> | undefined;
  #cancelTick: (() => void) | undefined;
  /** What a signal that goes nowhere shows when the exporter did not start. */
  #failed: SignalHealth | undefined;
  #closing: Promise<void> | undefined;

  constructor(host: DeliveryHost, exporter: Exporter, options: DeliveryOptions, source: Omit<Source, 'warn'>) {
    this.name = host.exporter;
    this.#host = host;
    this.#exporter = exporter;
    this.#source = { ...source, warn: (message) => this.#report('warning', reasonIn(message)) };
    this.#leastBetweenMs = exporter.limits?.metricsEveryMs ?? 0;
    this.#everyMs = Math.max(options.metricsEveryMs, this.#leastBetweenMs);
    if (exporter.exportSpans && options.signals.includes('spans')) {
      this.spans = new Delivery(host, new SpanQueue(exporter, options, () => host.clock.monotonic()), options);
    }
    if (exporter.exportMetrics && options.signals.includes('metrics')) {
      this.#metrics = new Delivery<Row, readonly Row[]>(host, new CollectionSlot(exporter), options);
    }
  }

  /** Starts the exporter; resolves when it is ready for calls or has failed. Never rejects. */
  async start(): Promise<void> {
    let cancel: (() => void) | undefined;
    try {
      // Not suppressed when there is nothing to start: that would turn on async hooks in every process.
      const starting = this.#exporter.start && suppressed(() => this.#exporter.start?.(this.#source));
      if (starting !== undefined) {
        const late = new Promise<never>((_, reject) => {
          const error = new Error(`start took over ${LONGEST_START_MS / 1_000} s`);
          cancel = this.#host.clock.after(LONGEST_START_MS, () => reject(error));
        });
        await Promise.race([starting, late]);
      }
    } catch (error) {
      const message = reasonIn(error);
      this.#report('error', `did not start: ${message}`, error);
      this.#failed = { ...UNUSED, state: 'failed', lastError: { message, at: this.#host.clock.wall() } };
      this.spans?.fail(error);
      this.#metrics?.fail(error);
      return;
    } finally {
      cancel?.();
    }
    this.spans?.open();
    this.#metrics?.open();
    if (this.#metrics && !this.#closing) this.#tick();
  }

  health(): ExporterHealth {
    const { name, spans } = this;
    const unused = this.#failed ?? UNUSED;
    return { name, spans: spans?.health() ?? unused, metrics: this.#metrics?.health() ?? unused };
  }

  /** Sends what was accepted, and one collection of metrics, until it is settled or `deadline` resolves. */
  async flush(deadline: Promise<unknown>): Promise<DrainHealth> {
    if (!this.#closing) {
      const unsettled = await this.#drain(deadline);
      return { ...this.health(), unsettled };
    }
    await Promise.race([this.#closing, deadline]);
    return { ...this.health(), unsettled: (this.spans?.unsettled() ?? 0) + (this.#metrics?.unsettled() ?? 0) };
  }

  /**
   * Takes nothing more, sends what is left, closes the exporter and counts the rest as dropped; all in `withinMs`.
   * The promises of `pause` resolve so many milliseconds after the shutdown began, and keep the process alive.
   */
  async shutdown(withinMs: number, pause: (ms: number) => Promise<void>): Promise<DrainHealth> {
    this.#closing ??= this.#close(withinMs, pause);
    await this.#closing;
    return { ...this.health(), unsettled: 0 };
  }

  /** At process.exit: counts what is held as dropped. Returns what is lost and not reported yet: 'zipkin 3 spans'. */
  abandon(): string | undefined {
    const lost = [this.spans?.abandon(), this.#metrics?.abandon()].filter((amount) => amount !== undefined);
    return lost.length > 0 ? `${this.name} ${lost.join(' and ')}` : undefined;
  }

  async #close(withinMs: number, pause: (ms: number) => Promise<void>): Promise<void> {
    const end = pause(withinMs);
    const abortAt = pause(Math.max(withinMs - ABORT_EARLY_MS, withinMs / 2));
    this.#cancelTick?.();
    this.spans?.closeIntake();
    await this.#drain(abortAt);
    this.#metrics?.closeIntake();
    await Promise.race([Promise.all([this.spans?.abort(), this.#metrics?.abort()]), end]);
    await Promise.race([this.#closeExporter(end), end]);
    this.spans?.close();
    this.#metrics?.close();
  }

  async #closeExporter(end: Promise<void>): Promise<void> {
    const controller = new AbortController();
    void end.then(() => controller.abort());
    try {
      await suppressed(() => this.#exporter.close?.(controller.signal));
    } catch (error) {
      this.#report('warning', `close failed: ${reasonIn(error)}`, error);
    }
  }

  #report(severity: Problem['severity'], text: string, cause?: unknown): void {
    this.#host.report({ exporter: this.name, severity, message: `${this.name}: ${text}`, cause });
  }

  /** Resolves with how much of what was accepted before is not settled. */
  async #drain(deadline: Promise<unknown>): Promise<number> {
    const spans = this.spans?.drain();
    const metrics = this.#collect().then(() => this.#metrics?.drain());
    const done = Promise.all([spans?.done, metrics.then((draining) => draining?.done)]);
    await Promise.race([done, deadline]);
    // The collection is over unless an observer is slow; then nothing of it was accepted yet.
    const draining = await Promise.race([metrics, undefined]);
    return (spans?.unsettled() ?? 0) + (draining?.unsettled() ?? 0);
  }

  #tick(): void {
    this.#cancelTick = this.#host.clock.after(this.#everyMs, () => {
      this.#tick();
      void this.#collect();
    });
  }

  /** Reads the views and hands the rows to the delivery, unless that was done just before. Never rejects. */
  #collect(): Promise<void> {
    const now = this.#host.clock.monotonic();
    if (this.#metrics && !this.#collecting && now - this.#collectedAt >= this.#leastBetweenMs) {
      this.#collectedAt = now;
      this.#collecting = this.#source.metrics().then((metrics) => {
        this.#collecting = undefined;
        const rows = rowsOf(metrics);
        if (rows.length > 0) this.#metrics?.accept(rows, rows.length);
      });
    }
    return this.#collecting ?? Promise.resolve();
  }
}
