import type { ExporterHealth, Resource, SignalHealth } from '@oc/core/exporter';
import { type Family, labelNames, type Names } from './names.ts';
import type { SampledFamily } from './samples.ts';

/** Our own families, by what they show. */
export type OwnFamilies = Readonly<
  Record<'target' | 'accepted' | 'delivered' | 'dropped' | 'queued' | 'inFlight' | 'scrapeErrors', Family>
>;

// Our own families get no prefix: alerts are the same everywhere.
const FAMILIES: OwnFamilies = {
  target: {
    name: 'target',
    sample: 'target_info',
    type: 'info',
    help: 'Labels of the resource: the service, its version, where it runs.',
  },
  accepted: counter('oc_exporter_accepted', 'Items that an exporter was handed: spans, or time series.'),
  delivered: counter('oc_exporter_delivered', 'Items that an exporter delivered.'),
  dropped: counter('oc_exporter_dropped', 'Items that were lost, by reason.'),
  queued: gauge('oc_exporter_queued', 'Items that wait.'),
  inFlight: gauge('oc_exporter_in_flight', 'Items that are being sent.'),
  scrapeErrors: counter('oc_exporter_scrape_errors', 'Metrics of prom-client that a page went without.'),
};

function counter(name: string, help: string): Family {
  return { name, sample: `${name}_total`, type: 'counter', help };
}

function gauge(name: string, help: string): Family {
  return { name, sample: name, type: 'gauge', help };
}

/** What our own families show. */
export interface OwnState {
  readonly resource: Resource;
  readonly health: readonly ExporterHealth[];
  readonly scrapeErrors: number;
}

/** Gives names to our own families. */
export function nameOwnFamilies(names: Names): OwnFamilies {
  const named = Object.entries(FAMILIES).map(([key, family]) => [
    key,
    names.family(`our own ${family.sample}`, family),
  ]);
  return Object.fromEntries(named) as OwnFamilies;
}

type Figures = readonly (readonly [value: number, more?: Readonly<Record<string, string>>])[];

const SIGNALS = ['spans', 'metrics'] as const;

/** The target, and the account of each exporter, so that a loss can be alerted on. */
export function ownFamilies(own: OwnFamilies, { resource, health, scrapeErrors }: OwnState): readonly SampledFamily[] {
  const keys = Object.keys(resource.labels).sort();
  const target = Object.fromEntries(labelNames(keys).map((name, i) => [name, resource.labels[keys[i] as string]]));
  const single = (family: Family, value: number, labels = {}): SampledFamily => {
    return { family, samples: [{ name: family.sample, labels, value }] };
  };
  const account = (family: Family, read: (signal: SignalHealth) => Figures): SampledFamily => {
    const samples = health.flatMap((exporter) =>
      SIGNALS.filter((signal) => exporter[signal].state !== 'unused').flatMap((signal) =>
        read(exporter[signal]).map(([value, more]) => {
          return { name: family.sample, labels: { exporter: exporter.name, signal, ...more }, value };
        }),
      ),
    );
    return { family, samples };
  };
  const all = [
    single(own.target, 1, target),
    account(own.accepted, ({ accepted }) => [[accepted]]),
    account(own.delivered, ({ delivered }) => [[delivered]]),
    account(own.dropped, ({ dropped }) => Object.entries(dropped).map(([reason, count]) => [count, { reason }])),
    account(own.queued, ({ queued }) => [[queued]]),
    account(own.inFlight, ({ inFlight }) => [[inFlight]]),
    single(own.scrapeErrors, scrapeErrors),
  ];
  return all.filter(({ samples }) => samples.length > 0);
}
