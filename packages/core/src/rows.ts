import { boundedText } from './attributes.ts';
import { distributionIn, finite, numbersOf, recordInto } from './distribution.ts';
import { Exemplars } from './exemplars.ts';
import type { Measure } from './measure.ts';
import type { DistributionSeries, Metric, NumberSeries, Series } from './metric.ts';
import { Slabs } from './slabs.ts';
import type { UnixMicros } from './span.ts';
import type { Tags } from './tags.ts';
import type { View } from './view.ts';

type Node = Map<string | undefined, Node | number>;

const OVERFLOW_LABEL = '(other)';
/**
 * The rows of one view, in slabs of numbers. A row is found through nested maps, one level for each tag key: no key
 * string is built for it. Rows stay; when there are `most`, all new combinations share one overflow row.
 */
export class Rows {
  readonly view: View;
  /** As the telemetry first met it, which may not be as the view has it. */
  readonly #measure: Measure;
  /** Only a last value may be below 0. */
  readonly takesNegative: boolean;
  readonly #most: number;
  readonly #longest: number;
  readonly #onOverflow: () => void;
  readonly #start: UnixMicros;
  readonly #stride: number;
  readonly #bounds: readonly number[];
  readonly #labels: (readonly (string | undefined)[])[] = [];
  /** The labels of the row that is looked up, in a place that is used again. */
  readonly #labelsSought: (string | undefined)[];
  readonly #root: Node = new Map();
  #overflow: number | undefined;
  readonly #slabs: Slabs;
  readonly #exemplars = new Exemplars();
  /** Rows that show a reading: its total at the last collection, when that total began, and whether it was just read. */
  #readings: Map<number, { start: UnixMicros; fresh: boolean }> | undefined;

  constructor(view: View, measure: Measure, start: UnixMicros, most: number, longest: number, onOverflow: () => void) {
    this.view = view;
    this.#measure = measure;
    this.#start = start;
    this.#most = most;
    this.#longest = longest;
    this.#onOverflow = onOverflow;
    const { aggregation } = view;
    this.takesNegative = aggregation.type === 'lastValue';
    this.#labelsSought = view.tagKeys.map(() => undefined);
    this.#bounds = aggregation.type === 'distribution' ? aggregation.bounds : [];
    this.#stride = aggregation.type === 'distribution' ? numbersOf(this.#bounds) : 1;
    this.#slabs = new Slabs(this.#stride);
  }

  /** The row for these tags; those of the context count where the measurement's own are silent. */
  at(tags: Tags | undefined, context: Tags | undefined): number {
    const { tagKeys } = this.view;
    const labels = this.#labelsSought;
    for (let i = 0; i < tagKeys.length; i++) {
      const key = tagKeys[i] as string;
      labels[i] = this.#textIn(tags, key) ?? this.#textIn(context, key);
    }
    return this.#find(labels) ?? this.#overflowRow();
  }

  /** Takes one finite measurement into a row. */
  record(row: number, value: number): void {
    const slab = this.#slabs.of(row);
    const at = this.#slabs.offset(row);
    switch (this.view.aggregation.type) {
      case 'count':
        slab[at] = (slab[at] as number) + 1;
        return;
      case 'sum':
        slab[at] = finite((slab[at] as number) + value);
        return;
      case 'lastValue':
        slab[at] = value;
        return;
      default: {
        const bucket = recordInto(slab, at, this.#bounds, value);
        if (this.#bounds.length > 0) this.#exemplars.keep(row * this.#stride + bucket, value);
      }
    }
  }

  /**
   * Begins a collection with what its observers read: the value of each row, NaN where a reading failed. A sum's is its
   * running total: a smaller one begins anew at `since`. Rows that were read before and are not now are left out.
   */
  read(readings: ReadonlyMap<number, number> | undefined, since: UnixMicros): void {
    if (this.#readings) for (const reading of this.#readings.values()) reading.fresh = false;
    for (const [row, value] of readings ?? []) {
      this.#readings ??= new Map();
      const reading = this.#readings.get(row) ?? { start: this.#start, fresh: false };
      this.#readings.set(row, reading);
      if (Number.isNaN(value)) continue;
      const slab = this.#slabs.of(row);
      const at = this.#slabs.offset(row);
      if (value < (slab[at] as number)) reading.start = since;
      reading.fresh = true;
      slab[at] = finite(value);
    }
  }

  /** The rows as a metric at `time`. They are copied out of the slab as they are walked. */
  metric(time: UnixMicros): Metric | undefined {
    const { name, description, aggregation, tagKeys: labelKeys } = this.view;
    const measure = this.#measure;
    const stale = this.#staleRows();
    const length = this.#labels.length - stale.size;
    if (length === 0) return undefined;
    if (aggregation.type === 'distribution') {
      const { unit, type: valueType } = measure;
      const timeSeries = this.#series(length, stale, (row) => this.#distributionAt(row, time));
      return { name, description, unit, labelKeys, valueType, type: 'distribution', bounds: this.#bounds, timeSeries };
    }
    const gauge = aggregation.type === 'lastValue';
    const counts = aggregation.type === 'count';
    const timeSeries = this.#series(length, stale, (row): NumberSeries => {
      const labelValues = this.#labels[row] as (string | undefined)[];
      const value = this.#slabs.of(row)[this.#slabs.offset(row)] as number;
      return gauge ? { labelValues, time, value } : { labelValues, start: this.#startOf(row), time, value };
    });
    return {
      name,
      description,
      unit: counts ? '1' : measure.unit,
      labelKeys,
      valueType: counts ? 'int64' : measure.type,
      type: gauge ? 'gauge' : 'cumulative',
      timeSeries,
    };
  }

  /** A tag as a label; undefined when it is absent or cannot be read. */
  #textIn(tags: Tags | undefined, key: string): string | undefined {
    try {
      const value: unknown = tags?.[key];
      if (typeof value === 'string') {
        return value.length <= this.#longest && value.isWellFormed() ? value : boundedText(value, this.#longest);
      }
      // Not String() of anything else: a key such as 'constructor' finds what every object inherits.
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The row of these labels, made if there is room for it. */
  #find(labels: readonly (string | undefined)[], most: number = this.#most): number | undefined {
    let node = this.#root;
    const last = labels.length - 1;
    for (let i = 0; i < last; i++) {
      let next = node.get(labels[i]) as Node | undefined;
      if (!next) {
        if (this.#labels.length >= most) return undefined;
        next = new Map();
        node.set(labels[i], next);
      }
      node = next;
    }
    const label = labels[last];
    const found = node.get(label) as number | undefined;
    if (found !== undefined || this.#labels.length >= most) return found;
    const row = this.#labels.push([...labels]) - 1;
    node.set(label, row);
    this.#slabs.add(row);
    return row;
  }

  #overflowRow(): number {
    if (this.#overflow === undefined) {
      this.#overflow = this.#find(
        this.view.tagKeys.map(() => OVERFLOW_LABEL),
        Number.POSITIVE_INFINITY,
      ) as number;
      this.#onOverflow();
    }
    return this.#overflow;
  }

  #staleRows(): ReadonlySet<number> {
    const stale = new Set<number>();
    for (const [row, { fresh }] of this.#readings ?? []) if (!fresh) stale.add(row);
    return stale;
  }

  #startOf(row: number): UnixMicros {
    return this.#readings?.get(row)?.start ?? this.#start;
  }

  #distributionAt(row: number, time: UnixMicros): DistributionSeries {
    const exemplars = this.#exemplars.read(row * this.#stride, this.#stride);
    return {
      labelValues: this.#labels[row] as (string | undefined)[],
      start: this.#start,
      time,
      value: distributionIn(this.#slabs.of(row), this.#slabs.offset(row), this.#stride, exemplars),
    };
  }

  #series<T>(length: number, stale: ReadonlySet<number>, read: (row: number) => T): Series<T> {
    return {
      length,
      *[Symbol.iterator](): Generator<T> {
        for (let row = 0; row < length + stale.size; row++) if (!stale.has(row)) yield read(row);
      },
    };
  }
}
