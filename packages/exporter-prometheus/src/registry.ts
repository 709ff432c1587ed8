import type { DistributionSeries, Exemplar, Metric, NumberSeries, Source } from '@oc/core/exporter';
import { exemplarLabels, exemplarsByBucket } from './exemplar.ts';
import { CONTENT_TYPE } from './format.ts';
import type { OwnFamilies } from './health.ts';
import type { Family, Names } from './names.ts';
import { boundText, canonicalBoundText } from './number.ts';
import { nameRegistry, type PromReading, type PromRegistry } from './prom-client.ts';
import type { SampledFamily } from './samples.ts';
import type { ShownView, Views } from './views.ts';

type Row = PromReading['values'][number];

/** Our metrics in a user's registry. */
export interface Guests {
  /** Takes all of them out again. */
  leave(): void;
}

/** What guests are made of. */
export interface GuestSource {
  readonly source: Source;
  readonly views: Views;
  readonly names: Names;
  readonly constLabels: Readonly<Record<string, string>>;
  /** Our own families as they are now. */
  own(): readonly SampledFamily[];
  /** Hears of a guest that could not be registered or read. */
  failed(metric: string, error: unknown): void;
}

/** The guests of all exporters: no page takes them for a user's own. */
const guestsOfAll = new WeakSet<object>();

/** True for what an exporter has put into a registry. */
export function isGuest(metric: object): boolean {
  return guestsOfAll.has(metric);
}

/** Puts the views, and our own families, into a registry of prom-client: they are read when the registry is read. */
export function guestsOf(registry: PromRegistry, ownFamilies: OwnFamilies, from: GuestSource): Guests {
  const { source, views, names, constLabels, own, failed } = from;
  const guests = new Map<string, object>();
  const refused = new Set<string>();
  let knownViews = -1;
  const isOpenMetrics = (): boolean => registry.contentType === CONTENT_TYPE.openmetrics;

  function add(family: Family, rows: () => readonly Row[] | Promise<readonly Row[]>): void {
    const key = family.sample;
    if (guests.has(key) || refused.has(key)) return;
    const guest = {
      name: key, // prom-client writes to it: in OpenMetrics it cuts `_total` off
      help: family.help || key,
      type: family.type === 'info' ? 'gauge' : family.type,
      aggregator: 'sum',
      // It never rejects, which would take the whole page with it.
      async get(): Promise<PromReading> {
        let values: readonly Row[] = [];
        try {
          update();
          values = await rows();
        } catch (error) {
          failed(key, error);
        }
        return { ...headOf(family, isOpenMetrics()), aggregator: 'sum', values };
      },
      reset(): void {}, // `registry.resetMetrics()` is not for views
    };
    guestsOfAll.add(guest);
    try {
      registry.registerMetric(guest as never);
      guests.set(key, guest);
    } catch (error) {
      refused.add(key);
      failed(key, error);
    }
  }

  function update(): void {
    const registered = source.views();
    if (registered.length === knownViews) return;
    knownViews = registered.length;
    const mine = new Set(guests.values());
    nameRegistry(registry, names, (metric) => mine.has(metric));
    for (const family of Object.values(ownFamilies)) {
      add(family, () => {
        const samples = own().find((each) => each.family === family)?.samples ?? [];
        return samples.map(({ labels, value }) => rowOf(family, { ...labels, ...constLabels, ...labels }, value));
      });
    }
    for (const view of registered) {
      const family = views.familyOf(view);
      if (!family) continue;
      add(family, async () => {
        const metric = (await source.metrics()).find(({ name }) => name === view.name);
        const shown = metric && views.shown(metric);
        return metric && shown ? rowsOf(metric, shown, isOpenMetrics()) : [];
      });
    }
  }

  update();
  return {
    leave() {
      for (const [name, guest] of guests) {
        if (registry.getSingleMetric(name) === guest) registry.removeSingleMetric(name);
      }
      guests.clear();
    },
  };
}

function headOf({ name, sample, type, help }: Family, isOpenMetrics: boolean): Omit<PromReading, 'values'> {
  if (!isOpenMetrics) return { name: sample, help: help || sample, type: type === 'info' ? 'gauge' : type };
  const declared = type === 'counter' && name === sample ? 'unknown' : type;
  // prom-client leaves quotes in HELP as they are, which OpenMetrics does not allow.
  return { name, help: (help || sample).replaceAll('"', "'"), type: declared };
}

/** Of a counter prom-client makes the name itself. */
function rowOf({ type, sample }: Family, labels: Readonly<Record<string, unknown>>, value: number): Row {
  return type === 'counter' ? { labels, value } : { labels, value, metricName: sample };
}

function rowsOf(metric: Metric, shown: ShownView, isOpenMetrics: boolean): readonly Row[] {
  const { family } = shown;
  const rows: Row[] = [];
  if (metric.type !== 'distribution') {
    for (const entry of shown.texts.walk(metric.timeSeries)) {
      if (entry) rows.push(rowOf(family, labelsOf(entry[1], shown), entry[1].value));
    }
    return rows;
  }
  const le = [...metric.bounds.map(isOpenMetrics ? canonicalBoundText : boundText), '+Inf'];
  for (const entry of shown.texts.walk(metric.timeSeries)) {
    if (!entry) continue;
    const [, row] = entry;
    const { count, sum, bucketCounts, exemplars = [] } = row.value;
    const labels = labelsOf(row, shown);
    const examples = exemplarsByBucket(exemplars, metric.bounds);
    let below = 0;
    for (const [i, text] of le.entries()) {
      below = i < metric.bounds.length ? below + (bucketCounts[i] ?? 0) : count;
      const exemplar = examples[i] && promExemplarOf(examples[i]);
      rows.push({ labels: { ...labels, le: text }, value: below, metricName: `${family.sample}_bucket`, exemplar });
    }
    rows.push({ labels, value: sum, metricName: `${family.sample}_sum` });
    rows.push({ labels, value: count, metricName: `${family.sample}_count` });
  }
  return rows;
}

/** Always with a time: prom-client writes the word 'undefined' for none. */
function promExemplarOf({ attachments, value, time }: Exemplar): NonNullable<Row['exemplar']> {
  return { labelSet: exemplarLabels(attachments), value, timestamp: time / 1e6 };
}

function labelsOf(
  { labelValues }: NumberSeries | DistributionSeries,
  { labelNames, constLabels }: ShownView,
): Readonly<Record<string, unknown>> {
  const own = labelNames.flatMap((name, i) => (labelValues[i] ? [[name, labelValues[i]]] : []));
  return { ...Object.fromEntries(own), ...constLabels };
}
