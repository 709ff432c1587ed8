import { Batch, type Part } from './batch.ts';
import type { ExportCall, Exporter } from './contract.ts';
import type { Metric, TimeSeries } from './metric.ts';
import { atLeastOne, type Signal } from './queue.ts';

/** One time series with the metric that it belongs to. */
export interface Row {
  readonly metric: Metric;
  readonly series: TimeSeries;
}

/** One collection of metrics, waiting for its turn; a newer one takes its place. */
export class CollectionSlot implements Signal<Row, readonly Row[]> {
  readonly name = 'metrics';
  readonly whenPushed = 'superseded';
  readonly sideBySide = 1;
  readonly inOrder = true;
  readonly callItems: number;
  readonly #exporter: Exporter;
  #items: readonly Row[] = [];
  #mark = 0;

  constructor(exporter: Exporter) {
    this.#exporter = exporter;
    this.callItems = atLeastOne(exporter.limits?.timeSeries, Number.POSITIVE_INFINITY);
  }

  get waiting(): number {
    return this.#items.length;
  }

  push(items: readonly Row[]): number {
    const replaced = this.#items.length;
    this.#items = items;
    this.#mark += items.length;
    return replaced;
  }

  dueAt(): number {
    return this.#items.length > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  take(callItems: number): Batch<Row> | undefined {
    const items = this.#items;
    this.#items = [];
    const parts: Part<Row>[] = [];
    for (let at = 0; at < items.length; at += callItems) {
      parts.unshift({ items: items.slice(at, at + callItems), isSuspect: false });
    }
    return parts.length > 0 ? new Batch(parts, this.#mark) : undefined;
  }

  clear(): number {
    const { waiting } = this;
    this.#items = [];
    return waiting;
  }

  cut(): number {
    return this.#mark;
  }

  waitingUpTo(mark: number): number {
    return this.#mark <= mark ? this.#items.length : 0;
  }

  release(): void {}

  async send(rows: readonly Row[], call: ExportCall): Promise<void> {
    await this.#exporter.exportMetrics?.(metricsOf(rows), call);
  }

  idOf({ series }: Row): TimeSeries {
    return series;
  }

  nameOf({ metric, series }: Row): string {
    return `a time series of '${metric.name}' (${series.labelValues.join(', ')})`;
  }
}

const rowsByCollection = new WeakMap<readonly Metric[], readonly Row[]>();

/** The rows of a collection as arrays, read once for all exporters that share it. */
export function rowsOf(metrics: readonly Metric[]): readonly Row[] {
  const known = rowsByCollection.get(metrics);
  if (known) return known;
  const rows: Row[] = [];
  for (const metric of metrics)
    for (const series of metric.timeSeries as Iterable<TimeSeries>) rows.push({ metric, series });
  rowsByCollection.set(metrics, rows);
  return rows;
}

/** Rows put together as metrics again; those of one metric stand side by side. */
function metricsOf(rows: readonly Row[]): readonly Metric[] {
  const metrics: Metric[] = [];
  let last: Metric | undefined;
  let timeSeries: TimeSeries[] = [];
  for (const { metric, series } of rows) {
    if (metric !== last) {
      last = metric;
      timeSeries = [];
      metrics.push({ ...metric, timeSeries } as Metric);
    }
    timeSeries.push(series);
  }
  return metrics;
}
