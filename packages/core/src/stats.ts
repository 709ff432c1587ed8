import { reasonIn } from './account.ts';
import type { Stamps } from './clock.ts';
import type { Measure } from './measure.ts';
import type { Metric } from './metric.ts';
import { Rows } from './rows.ts';
import type { Limits } from './settings.ts';
import { slot } from './slot.ts';
import type { UnixMicros } from './span.ts';
import { copyOf, currentTags, runWithTags, type Tags } from './tags.ts';
import { isSameMeasure, isSameView, isView, type View } from './view.ts';

/** A measure with its tags already looked up. */
export interface BoundMeasure {
  /** As `Stats.record`, but the tags of the context do not count. Never throws. */
  record(value: number): void;
}

/** Records measurements. No method throws. */
export interface Stats {
  /**
   * Records each measurement on its own: NaN and the infinities are dropped for every view, a negative value for all
   * but lastValue views, with one warning a measure. A measure without a view costs one look-up.
   */
  record(measurements: readonly (readonly [Measure, number])[], tags?: Tags): void;
  /** A handle for hot paths. */
  bind(measure: Measure, tags?: Tags): BoundMeasure;
  /**
   * Reads a value at each collection. The reading is the row's value: lastValue views show it, sum views take it as
   * the running total; count and distribution views of the measure are left alone, with a warning. A reading that
   * throws or takes over 5 s is left out, with one warning. Returns what ends it.
   */
  observe(measure: Measure, read: () => number | Promise<number>, tags?: Tags): () => void;
  /** Runs `fn` with `tags` added to every `record` in it, across awaits too. */
  withTags<T>(tags: Tags, fn: () => T): T;
  /** The tags of the current context: what another process needs to go on with them. */
  tags(): Tags;
  /** Adds a view. An equal one is there already; another of the same name is refused with a warning. */
  register(view: View): void;
}

/** A measure as one telemetry knows it. */
interface Known {
  readonly measure: Measure;
  readonly rows: Rows[];
  /** Makes an int64's values whole. */
  readonly read: (value: number) => number;
}

/** An observer: also how libraries' are kept before an application installs its telemetry. */
export interface Observer {
  readonly measure: Measure;
  readonly read: () => number | Promise<number>;
  readonly tags: Tags | undefined;
}

const LONGEST_READ_MS = 5_000;

/** The stats of one telemetry: its views and their rows. */
export class LiveStats implements Stats {
  readonly #stamps: Stamps;
  readonly #limits: Limits;
  readonly #warnOnce: (message: string, detail?: string) => void;
  readonly #known = new Map<string, Known>();
  readonly #views = new Map<string, Rows>();
  readonly #observers = new Set<Observer>();
  #collecting: Promise<readonly Metric[]> | undefined;
  /** Until the first collection it is when the first view came: no clock is read for an application without views. */
  #collectedAt: UnixMicros = 0;
  /** Rises with each registered view, so that handles look up again. */
  #generation = 0;
  closed = false;

  constructor(stamps: Stamps, limits: Limits, warnOnce: (message: string, detail?: string) => void) {
    this.#stamps = stamps;
    this.#limits = limits;
    this.#warnOnce = warnOnce;
  }

  record(measurements: readonly (readonly [Measure, number])[], tags?: Tags): void {
    if (this.closed) return;
    try {
      const context = currentTags();
      for (const measurement of measurements) this.#recordOne(measurement, tags, context);
    } catch {
      this.#warnUnreadable();
    }
  }

  bind(measure: Measure, tags?: Tags): BoundMeasure {
    const own = this.#readable(tags);
    let known: Known | undefined;
    let at: (number | undefined)[] = [];
    let generation = -1;
    return {
      record: (value) => {
        if (this.closed) return;
        if (generation !== this.#generation) {
          generation = this.#generation;
          known = this.#knownFor(measure);
          at = [];
        }
        if (!known || !this.#accepts(known, value)) return;
        for (let i = 0; i < known.rows.length; i++) {
          const rows = known.rows[i] as Rows;
          if (value < 0 && !rows.takesNegative) continue;
          at[i] ??= rows.at(own, undefined);
          rows.record(at[i] as number, known.read(value));
        }
      },
    };
  }

  observe(measure: Measure, read: () => number | Promise<number>, tags?: Tags): () => void {
    const observer = { measure, read, tags: this.#readable(tags) };
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  withTags<T>(tags: Tags, fn: () => T): T {
    return runWithTags(tags, fn);
  }

  tags(): Tags {
    return currentTags() ?? {};
  }

  register(view: View): void {
    if (this.closed) return;
    if (!isView(view)) {
      this.#warnOnce('stats.register was given what is no view; it was left out');
      return;
    }
    const { aggregation, measure, name } = view;
    const there = this.#views.get(name);
    if (there) {
      if (!isSameView(there.view, view))
        this.#warnOnce(`view '${name}' is registered already, as another; the first stays`);
      return;
    }
    if (aggregation.type === 'distribution' && aggregation.ignoredBounds.length > 0) {
      this.#warnOnce(
        `view '${name}': bounds that are not above 0 are left out: ${aggregation.ignoredBounds.join(', ')}`,
      );
    }
    let known = this.#known.get(measure.name);
    if (known) this.#checkSame(known, measure);
    else {
      known = { measure, rows: [], read: measure.type === 'int64' ? Math.trunc : (value) => value };
      this.#known.set(measure.name, known);
    }
    const { seriesPerView, valueLength } = this.#limits;
    const start = this.#stamps.next();
    this.#collectedAt ||= start;
    const rows = new Rows(view, known.measure, start, seriesPerView, valueLength, () =>
      this.#warnOnce(`view '${name}' has ${seriesPerView} rows; further tags share one row of '(other)'`),
    );
    this.#views.set(name, rows);
    known.rows.push(rows);
    this.#generation++;
  }

  views(): readonly View[] {
    return Array.from(this.#views.values(), ({ view }) => view);
  }

  /** Reads all views. Calls side by side share one collection; at `signal` it goes without slow observers. Never rejects. */
  collect(signal?: AbortSignal): Promise<readonly Metric[]> {
    this.#collecting ??= this.#collect().finally(() => {
      this.#collecting = undefined;
    });
    if (!signal) return this.#collecting;
    const late = new Promise<readonly Metric[]>((resolve) => {
      const stop = (): void => resolve(this.#metricsAt(this.#stamps.next()));
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    return Promise.race([this.#collecting, late]);
  }

  async #collect(): Promise<readonly Metric[]> {
    const { stats, observers: ofLibraries } = slot();
    const observers = [...this.#observers, ...(stats === this ? ofLibraries : [])].filter(({ measure, read }) => {
      return typeof read === 'function' && this.#knownFor(measure) !== undefined;
    });
    const readings = await Promise.all(observers.map((observer) => this.#reading(observer)));
    const time = this.#stamps.next();
    this.#apply(observers, readings);
    this.#collectedAt = time;
    return this.#metricsAt(time);
  }

  #metricsAt(time: UnixMicros): readonly Metric[] {
    return Array.from(this.#views.values(), (rows) => rows.metric(time)).filter((metric) => metric !== undefined);
  }

  /** What an observer reads, or undefined when that fails. */
  async #reading({ measure, read }: Observer): Promise<number | undefined> {
    let cancel: (() => void) | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        cancel = this.#stamps.clock.after(LONGEST_READ_MS, () => reject(new Error('it took over 5 s')));
      });
      const value = await Promise.race([read(), late]);
      if (typeof value === 'number' && Number.isFinite(value)) return this.#knownFor(measure)?.read(value);
      throw new Error('it is no finite number');
    } catch (error) {
      this.#warnOnce(`a reading of '${measure.name}' was left out`, reasonIn(error));
      return undefined;
    } finally {
      cancel?.();
    }
  }

  /** Puts readings into their rows: those that share a row of a sum are added up, and none shows it if one fails. */
  #apply(observers: readonly Observer[], readings: readonly (number | undefined)[]): void {
    const totals = new Map<Rows, Map<number, number>>();
    observers.forEach(({ measure, tags }, i) => {
      for (const rows of this.#knownFor(measure)?.rows ?? []) {
        const { aggregation, name } = rows.view;
        if (aggregation.type !== 'sum' && aggregation.type !== 'lastValue') {
          this.#warnOnce(`view '${name}' cannot count readings of '${measure.name}'; sum and lastValue views can`);
          continue;
        }
        let value = readings[i] ?? Number.NaN;
        if (value < 0 && !rows.takesNegative) {
          this.#warnNegative(measure);
          value = Number.NaN;
        }
        const sums = totals.get(rows) ?? new Map<number, number>();
        if (Number.isNaN(value) && aggregation.type === 'lastValue') continue;
        const row = rows.at(tags, undefined);
        totals.set(rows, sums.set(row, aggregation.type === 'sum' ? (sums.get(row) ?? 0) + value : value));
      }
    });
    for (const rows of this.#views.values()) rows.read(totals.get(rows), this.#collectedAt);
  }

  /** Alone: what is wrong with one measurement takes no other with it. */
  #recordOne(measurement: readonly [Measure, number], tags: Tags | undefined, context: Tags | undefined): void {
    try {
      const [measure, value] = measurement;
      const known = this.#knownFor(measure);
      if (!known || !this.#accepts(known, value)) return;
      for (const rows of known.rows) {
        if (value >= 0 || rows.takesNegative) rows.record(rows.at(tags, context), known.read(value));
      }
    } catch {
      this.#warnUnreadable();
    }
  }

  /** False for what no view takes; a negative value is taken by lastValue views. */
  #accepts({ measure, rows }: Known, value: number): boolean {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      this.#warnOnce(`measure '${measure.name}' was given what is no finite number; it was left out`);
      return false;
    }
    if (value < 0 && rows.some(({ takesNegative }) => !takesNegative)) this.#warnNegative(measure);
    return true;
  }

  #warnUnreadable(): void {
    this.#warnOnce('stats was given a measurement or tags that cannot be read; they were left out');
  }

  #warnNegative({ name }: Measure): void {
    this.#warnOnce(`measure '${name}' was given a negative value; only lastValue views take it`);
  }

  #knownFor(measure: Measure): Known | undefined {
    try {
      const known = this.#known.get(measure.name);
      if (known && known.measure !== measure) this.#checkSame(known, measure);
      return known;
    } catch {
      this.#warnUnreadable();
      return undefined;
    }
  }

  #readable(tags: Tags | undefined): Tags {
    const copy = copyOf(tags);
    if (!copy) this.#warnUnreadable();
    return copy ?? {};
  }

  #checkSame(known: Known, measure: Measure): void {
    if (isSameMeasure(known.measure, measure)) return;
    this.#warnOnce(`measure '${measure.name}' is defined twice, with another unit or type; the first stays`);
  }
}
