import {
  type DeliveryOptions,
  type Measure,
  measure,
  type Problem,
  type SignalHealth,
  sum,
  type Telemetry,
  type TelemetryOptions,
  view,
} from '@oc/core';
import type { ExportCall, Exporter, Metric, SpanData, TimeSeries } from '@oc/core/exporter';
import type { Changes } from './changes.ts';
import type { Signal } from './receiver.ts';

/** One call of the exporter under test. */
export interface SpiedCall {
  readonly signal: Signal;
  /** Ids, as in `Item`. */
  readonly ids: readonly string[];
  readonly at: number;
  endedAt: number | undefined;
  /** 'ok', or how it failed. */
  outcome: string | undefined;
}

/** What a telemetry under test is set up with. */
export interface SubjectOptions extends Omit<TelemetryOptions, 'exporters' | 'onError'> {
  readonly delivery?: Partial<DeliveryOptions> | undefined;
  /** More exporters. */
  readonly beside?: readonly Exporter[] | undefined;
}

/** What was issued under an id. */
export interface Issued {
  readonly name: string;
  /** The attribute `testkit.payload`, or the value of the row. */
  readonly payload: string | number;
}

const PAYLOAD = 'testkit.payload';

/** A telemetry with the exporter under test, and all that can be seen of it from outside. */
export class Subject {
  readonly oc: Telemetry;
  readonly calls: SpiedCall[] = [];
  /** What `onError` heard. */
  readonly problems: Problem[] = [];
  /** What was issued by `send`, by id. */
  readonly issued: Map<string, Issued> = new Map();
  /** Calls under way. */
  running = 0;
  readonly #signal: Signal;
  readonly #rows: Measure = measure({ name: 'testkit/rows' });
  readonly #now: () => number;
  readonly #changes: Changes;

  constructor(
    signal: Signal,
    exporter: Exporter,
    { delivery = {}, beside = [], views = [], ...options }: SubjectOptions,
    changes: Changes,
    start: (options: TelemetryOptions) => Telemetry,
  ) {
    this.#signal = signal;
    this.#changes = changes;
    const { clock } = options;
    this.#now = () => (clock ? clock.monotonic() : performance.now());
    const rows = view({ measure: this.#rows, aggregation: sum(), tagKeys: ['id', 'pad'] });
    this.oc = start({
      service: 'testkit',
      flushOn: [],
      ...options,
      views: signal === 'metrics' ? [rows, ...views] : views,
      // Collections come when a test asks for one.
      exporters: [
        [this.#spied(exporter), { signals: [signal], metricsEveryMs: 2_000_000_000, ...delivery }],
        ...beside,
      ],
      onError: (problem) => {
        this.problems.push(problem);
        changes.tell();
      },
    });
  }

  /** Ends spans, or records rows and has them collected; returns their ids. Names and texts are `prefix` and a number. */
  send(count: number, options: { readonly prefix?: string; readonly padding?: number } = {}): readonly string[] {
    const { prefix = 's', padding = 0 } = options;
    const ids: string[] = [];
    for (let at = 0; at < count; at++) {
      const name = `${prefix}${at}`;
      const pad = 'x'.repeat(padding);
      if (this.#signal === 'spans') {
        const payload = payloadOf(name);
        const span = this.oc.tracer.startSpan(name, {
          parent: null,
          attributes: { [PAYLOAD]: payload, ...(pad && { pad }) },
        });
        span.end();
        ids.push(span.context.spanId);
        this.issued.set(span.context.spanId, { name, payload });
      } else {
        this.oc.stats.record([[this.#rows, at + 1]], pad ? { id: name, pad } : { id: name });
        ids.push(name);
        this.issued.set(name, { name: this.#rows.name, payload: at + 1 });
      }
    }
    if (this.#signal === 'metrics') this.collect();
    return ids;
  }

  /** Adds to a row, which is not collected for it. */
  add(id: string, value: number): void {
    this.oc.stats.record([[this.#rows, value]], { id });
  }

  /** Has the rows collected. */
  collect(): void {
    void this.oc.flush({ withinMs: 0 });
  }

  /** The account of what was sent. */
  account(): SignalHealth {
    return this.oc.health()[0]?.[this.#signal] as SignalHealth;
  }

  /** The account in figures alone. */
  figures(): Omit<SignalHealth, 'lastError' | 'lastWarning'> {
    const { lastError, lastWarning, ...figures } = this.account();
    return figures;
  }

  /** How many items an account has lost sight of: accepted, but neither delivered, dropped, queued nor in flight. */
  imbalance(): number {
    const { accepted, delivered, dropped, queued, inFlight } = this.account();
    return accepted - delivered - lossOf(dropped) - queued - inFlight;
  }

  /** How many items are neither delivered nor dropped. */
  get unsettled(): number {
    const { accepted, delivered, dropped } = this.account();
    return accepted - delivered - lossOf(dropped);
  }

  /** Whether something was accepted, and all of it is delivered or dropped. */
  get isSettled(): boolean {
    return this.account().accepted > 0 && this.unsettled === 0;
  }

  /** The messages that `onError` heard. */
  get messages(): readonly string[] {
    return this.problems.map(({ message }) => message);
  }

  #spied(exporter: Exporter): Exporter {
    const { exportSpans, exportMetrics } = exporter;
    const run = async (
      signal: Signal,
      ids: readonly string[],
      send: () => Promise<void> | undefined,
    ): Promise<void> => {
      const call: SpiedCall = { signal, ids, at: this.#now(), endedAt: undefined, outcome: undefined };
      this.calls.push(call);
      this.running++;
      try {
        await send();
        call.outcome = 'ok';
      } catch (error) {
        const { failure, errors } = error as { failure?: string; errors?: readonly { failure?: string }[] };
        call.outcome = failure ?? errors?.map((each) => each.failure).join() ?? String(error);
        throw error;
      } finally {
        call.endedAt = this.#now();
        this.running--;
        setImmediate(() => this.#changes.tell()); // when core has booked it
      }
    };
    return Object.create(exporter, {
      ...(exportSpans && {
        exportSpans: {
          value: (spans: readonly SpanData[], call: ExportCall) =>
            run(
              'spans',
              spans.map(({ spanId }) => spanId),
              () => exportSpans.call(exporter, spans, call),
            ),
        },
      }),
      ...(exportMetrics && {
        exportMetrics: {
          value: (metrics: readonly Metric[], call: ExportCall) =>
            run('metrics', idsOf(metrics), () => exportMetrics.call(exporter, metrics, call)),
        },
      }),
    }) as Exporter;
  }
}

/** What a span of that name carries, the same each time. */
export function payloadOf(name: string): string {
  let hash = 2_166_136_261;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 16_777_619);
  return `payload ${(hash >>> 0).toString(36)}`;
}

/** The sum of all losses. */
export function lossOf(dropped: SignalHealth['dropped']): number {
  return Object.values(dropped).reduce((total, count) => total + count, 0);
}

function idsOf(metrics: readonly Metric[]): readonly string[] {
  return metrics.flatMap(({ labelKeys, timeSeries }) =>
    Array.from(timeSeries as Iterable<TimeSeries>, ({ labelValues }) => labelValues[labelKeys.indexOf('id')] ?? ''),
  );
}
