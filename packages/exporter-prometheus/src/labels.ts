import type { DistributionSeries, NumberSeries, Series, TimeSeries } from '@oc/core/exporter';

/** Labels as they stand between braces: `method="GET",zone="eu"`. An empty label is the same as none, and left out. */
export function labelText(names: readonly string[], values: readonly (string | undefined)[]): string {
  const pairs: string[] = [];
  for (let i = 0; i < names.length; i++) {
    const value = values[i];
    if (value) pairs.push(`${names[i]}="${escaped(value)}"`);
  }
  return pairs.join(','); // which makes a flat string: what is cached is copied fast
}

function escaped(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Text in braces, or nothing. */
export function braced(labels: string): string {
  return labels && `{${labels}}`;
}

type LabelValues = readonly (string | undefined)[];

/** A row with the text of its labels; undefined in place of one gives others a turn. */
export type LabelledRow<S extends TimeSeries> = readonly [labels: string, row: S] | undefined;

/** So few rows are looked at anew each time. */
const FEW_ROWS = 1_000;

/**
 * The label texts of one view's rows, made once a row. Core gives rows in the same order each time, each with the same
 * array of values, so that its place finds its text. (A WeakMap of so many rows makes garbage collection stop the world.)
 */
export class LabelTexts {
  readonly #names: readonly string[];
  /** The text of labels that all rows have. */
  readonly #constant: string;
  #values: LabelValues[] = [];
  #texts: string[] = [];
  /** How many rows have a text, of those with a label that is empty or absent: these two are one to Prometheus. */
  readonly #blank = new Map<string, number>();
  readonly #shared = new Set<string>();

  constructor(names: readonly string[], constant: string) {
    this.#names = names;
    this.#constant = constant;
  }

  /** The rows of a metric. Those that Prometheus could not tell apart are added up, and come last. */
  *walk<S extends TimeSeries>(rows: Series<S>): Generator<LabelledRow<S>> {
    if (rows.length > this.#values.length || rows.length <= FEW_ROWS) yield* this.#learn(rows);
    const shared = new Map<string, S>();
    let place = 0;
    for (const row of rows) {
      const text = this.#at(place++, row.labelValues);
      if (this.#shared.size === 0 || !this.#shared.has(text)) {
        yield [text, row];
        continue;
      }
      const before = shared.get(text);
      shared.set(text, before ? (sumOf(before, row) as S) : row);
    }
    yield* shared;
  }

  /** Looks for rows that share a text before the first of them is written. */
  *#learn(rows: Series<TimeSeries>): Generator<undefined> {
    let place = 0;
    for (const { labelValues } of rows) {
      yield undefined;
      if (place < this.#values.length && this.#values[place] !== labelValues) {
        // Rows that were read by an observer come and go.
        this.#values = [];
        this.#texts = [];
        this.#blank.clear();
        this.#shared.clear();
        yield* this.#learn(rows);
        return;
      }
      if (place === this.#values.length) this.#add(labelValues);
      place++;
    }
  }

  #add(values: LabelValues): void {
    const text = this.#make(values);
    this.#values.push(values);
    this.#texts.push(text);
    if (values.every(Boolean)) return;
    const rows = (this.#blank.get(text) ?? 0) + 1;
    this.#blank.set(text, rows);
    if (rows > 1) this.#shared.add(text);
  }

  #at(place: number, values: LabelValues): string {
    return this.#values[place] === values ? (this.#texts[place] as string) : this.#make(values);
  }

  #make(values: LabelValues): string {
    const own = labelText(this.#names, values);
    return own && this.#constant ? [own, this.#constant].join(',') : own || this.#constant;
  }
}

function sumOf(one: TimeSeries, other: TimeSeries): TimeSeries {
  if (typeof one.value === 'number')
    return { ...(one as NumberSeries), value: one.value + (other as NumberSeries).value };
  const [{ value: a }, { value: b }] = [one as DistributionSeries, other as DistributionSeries];
  const value = {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    sumOfSquaredDeviation: 0, // no sample shows it
    bucketCounts: a.bucketCounts.map((count, i) => count + (b.bucketCounts[i] ?? 0)),
    exemplars: [...(a.exemplars ?? []), ...(b.exemplars ?? [])],
  };
  return { ...(one as DistributionSeries), value };
}
