import type { DistributionValue, Metric, TimeSeries, View } from '@oc/core/exporter';
import type { Reading } from './readings.ts';
import type { Site } from './site.ts';

/** A view and what it has now; without a metric before its first measurement. */
export interface ViewState {
  readonly view: View;
  readonly metric: Metric | undefined;
}

/** One row of a view. */
export interface Row {
  readonly labelValues: TimeSeries['labelValues'];
  readonly value: number | DistributionValue;
  /** Its last hour, oldest first. */
  readonly course: readonly Reading[];
}

/** Rows that are shown of one view. */
export const MOST_ROWS = 200;

/** All views, in the order of their names. */
export async function viewStatesOf({ source }: Site): Promise<readonly ViewState[]> {
  const metrics = new Map((await source.metrics()).map((metric) => [metric.name, metric]));
  return source
    .views()
    .map((view) => ({ view, metric: metrics.get(view.name) }))
    .sort((a, b) => (a.view.name < b.view.name ? -1 : 1));
}

/** Rows that are looked at for it. */
const MOST_WALKED = 10_000;

/** What a page shows of a metric. */
export interface Rows {
  /** The largest first, without those that are too many. */
  readonly rows: readonly Row[];
  /** All rows as one; undefined for gauges, which have no sum, and where there are too many. */
  readonly together: Row | undefined;
  readonly total: number;
}

/** The rows of a metric. */
export function rowsOf({ readings }: Site, metric: Metric | undefined): Rows {
  if (!metric) return { rows: [], together: undefined, total: 0 };
  const rows: Row[] = [];
  for (const { labelValues, value } of metric.timeSeries as Iterable<TimeSeries>) {
    rows.push({ labelValues, value, course: [] });
    if (rows.length >= MOST_WALKED) break;
  }
  const total = metric.timeSeries.length;
  const sum = rows.length < total || metric.type === 'gauge' ? undefined : sumOf(rows);
  return {
    rows: rows
      .sort((a, b) => sizeOf(b.value) - sizeOf(a.value))
      .slice(0, MOST_ROWS)
      .map((row) => ({ ...row, course: readings.of(metric.name, row.labelValues) })),
    together: sum === undefined ? undefined : { labelValues: [], value: sum, course: readings.of(metric.name) },
    total,
  };
}

/** What a row is sorted by: its number, or how many measurements it has. */
export function sizeOf(value: Row['value']): number {
  return typeof value === 'number' ? value : value.count;
}

/** Totals added up; distributions put together. */
export function sumOf(rows: readonly { readonly value: Row['value'] }[]): Row['value'] | undefined {
  return rows
    .map(({ value }) => value)
    .reduce<Row['value'] | undefined>((sum, value) => (sum === undefined ? value : added(sum, value)), undefined);
}

function added(a: Row['value'], b: Row['value']): Row['value'] {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) + Number(b);
  const count = a.count + b.count;
  const gap = count > 0 && a.count > 0 && b.count > 0 ? b.sum / b.count - a.sum / a.count : 0;
  return {
    count,
    sum: a.sum + b.sum,
    min: least(Math.min, a.min, b.min),
    max: least(Math.max, a.max, b.max),
    sumOfSquaredDeviation:
      a.sumOfSquaredDeviation + b.sumOfSquaredDeviation + (count > 0 ? (gap * gap * a.count * b.count) / count : 0),
    bucketCounts: a.bucketCounts.map((bucket, at) => bucket + (b.bucketCounts[at] ?? 0)),
  };
}

function least(pick: (...values: number[]) => number, ...values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? pick(...known) : undefined;
}
