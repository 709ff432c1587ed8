import type {
  DistributionMetric,
  DistributionSeries,
  DistributionValue,
  Metric,
  NumberMetric,
  NumberSeries,
  TimeSeries,
} from '../metric.ts';
import type { UnixMicros } from '../span.ts';

/** A row that holds what was added since the last commit, and the row of the call that it was made of. */
export type DeltaSeries<S extends TimeSeries = TimeSeries> = S & {
  /** The call's own row: what an ExportError's `items` names. */
  readonly of: S;
};

/** A metric whose cumulative rows were turned into deltas. Its rows are arrays. Gauges are as they were. */
export type DeltaMetric =
  | (Omit<NumberMetric, 'timeSeries'> & { readonly timeSeries: readonly DeltaSeries<NumberSeries>[] })
  | (Omit<DistributionMetric, 'timeSeries'> & { readonly timeSeries: readonly DeltaSeries<DistributionSeries>[] });

/** One call's deltas. */
export interface Deltas {
  /** Rows that have not changed since the last commit are left out, and metrics without rows. */
  readonly metrics: readonly DeltaMetric[];
  /**
   * Notes what has arrived, or may have: it is never sent again. `failed` names the rows, as in `metrics` or as in the
   * call, that surely have not arrived; they are in the next call's deltas again.
   */
  commit(failed?: Iterable<TimeSeries>): void;
}

interface Committed {
  readonly start: UnixMicros;
  readonly time: UnixMicros;
  readonly value: number | DistributionValue;
}

/**
 * Makes what an exporter needs whose backend wants deltas: a function from a call's cumulative metrics to the deltas
 * since the last commit. A retry of the same metrics gives the same points with the same times.
 */
export function deltas(): (metrics: readonly Metric[]) => Deltas {
  const committed = new Map<string, Committed>();
  return (metrics) => {
    const pending = new Map<TimeSeries, { readonly key: string; readonly now: Committed }>();
    const made = metrics.flatMap((metric): DeltaMetric[] => {
      const rows: DeltaSeries[] = [];
      for (const series of metric.timeSeries as Iterable<TimeSeries>) {
        const row = metric.type === 'gauge' ? { ...series, of: series } : sinceCommit(metric, series);
        if (row) rows.push(row);
      }
      return rows.length > 0 ? [{ ...metric, timeSeries: rows } as DeltaMetric] : [];
    });

    function sinceCommit(metric: Metric, series: TimeSeries): DeltaSeries | undefined {
      const { labelValues, start = series.time, time, value } = series;
      const key = JSON.stringify([
        metric.name,
        metric.type,
        metric.labelKeys,
        labelValues.map((label) => label ?? null),
      ]);
      const before = committed.get(key);
      // A later start is a new total, and so is a smaller one.
      const isNew = !before || start > before.start || totalOf(value) < totalOf(before.value);
      const delta = isNew ? value : subtract(value, before.value, before.time);
      if (!isNew && isNothing(delta)) return undefined;
      pending.set(series, { key, now: { start, time, value } });
      return { ...series, start: isNew ? start : before.time, value: delta, of: series } as DeltaSeries;
    }

    return {
      metrics: made,
      commit(failed = []) {
        const out = new Set<TimeSeries>();
        for (const series of failed) out.add((series as Partial<DeltaSeries>).of ?? series);
        for (const [series, { key, now }] of pending) {
          const isNewest = now.time > (committed.get(key)?.time ?? Number.NEGATIVE_INFINITY);
          if (isNewest && !out.has(series)) committed.set(key, now);
        }
      },
    };
  };
}

function totalOf(value: number | DistributionValue): number {
  return typeof value === 'number' ? value : value.count;
}

function isNothing(value: number | DistributionValue): boolean {
  return typeof value === 'number' ? value === 0 : value.count === 0;
}

function subtract(
  value: number | DistributionValue,
  before: number | DistributionValue,
  since: UnixMicros,
): number | DistributionValue {
  if (typeof value === 'number' || typeof before === 'number') return (value as number) - (before as number);
  const count = value.count - before.count;
  const sum = value.sum - before.sum;
  const exemplars = value.exemplars?.filter(({ time }) => time > since) ?? [];
  return {
    // Least and greatest of a part cannot be told from those of the whole.
    count,
    sum,
    sumOfSquaredDeviation: count === 0 ? 0 : deviationOfRest(value, before, count, sum),
    bucketCounts: value.bucketCounts.map((bucket, i) => bucket - (before.bucketCounts[i] ?? 0)),
    ...(exemplars.length > 0 && { exemplars }),
  };
}

/** The deviation of what came after `before`, by the rule for joining two sets, turned round. */
function deviationOfRest(value: DistributionValue, before: DistributionValue, count: number, sum: number): number {
  if (before.count === 0) return value.sumOfSquaredDeviation;
  const apart = sum / count - before.sum / before.count;
  const joint = (apart * apart * count * before.count) / value.count;
  return Math.max(0, value.sumOfSquaredDeviation - before.sumOfSquaredDeviation - joint);
}
