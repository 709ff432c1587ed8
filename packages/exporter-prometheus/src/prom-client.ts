import { exemplarText } from './exemplar.ts';
import { CONTENT_TYPE } from './format.ts';
import { type Family, type FamilyType, metricName, type Names, withoutTotal } from './names.ts';
import type { Sample, SampledFamily } from './samples.ts';

/** A Registry of prom-client, of any copy of it: `client.register`. */
export interface PromRegistry {
  readonly contentType: string;
  getMetricsAsArray(): readonly object[];
  registerMetric(metric: never): void;
  getSingleMetric(name: string): object | undefined;
  removeSingleMetric(name: string): void;
}

/** What prom-client's metrics have in common, and what its Registry asks of any object that is registered. */
export interface PromMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  get(): Promise<PromReading>;
  /** As `get`, with labels that rows share kept apart. */
  getForPromString?(): Promise<PromReading>;
}

/** What a metric of prom-client shows. */
export interface PromReading {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator?: string | undefined;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, unknown>>;
    readonly sharedLabels?: Readonly<Record<string, unknown>> | undefined;
    readonly metricName?: string | undefined;
    readonly exemplar?:
      | {
          readonly labelSet: Readonly<Record<string, unknown>>;
          readonly value: number;
          readonly timestamp?: number | undefined;
        }
      | null
      | undefined;
  }[];
}

const TYPES: Readonly<Record<string, FamilyType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
};

/** Reads the metrics of a Registry. */
export interface RegistryReader {
  /** Gives names to all that is registered by now. */
  name(): void;
  /** All of them, but for those that fail or take longer than `withinMs`. */
  read(withinMs: number): Promise<readonly SampledFamily[]>;
}

/**
 * Reads a user's own metrics for our page. Scrapes side by side share one reading of each metric, so that one that never
 * ends is waited for once.
 */
export function registryReader(
  registry: PromRegistry,
  names: Names,
  isHidden: (metric: object) => boolean,
  onFailure: (metric: string, error: unknown) => void,
): RegistryReader {
  const reading = new Map<object, Promise<PromReading>>();
  const metrics = (): readonly PromMetric[] =>
    (registry.getMetricsAsArray() as readonly PromMetric[]).filter((metric) => !isHidden(metric));

  async function readOne(metric: PromMetric, late: Promise<undefined>): Promise<SampledFamily | undefined> {
    try {
      let pending = reading.get(metric);
      if (!pending) {
        pending = Promise.resolve(metric.getForPromString ? metric.getForPromString() : metric.get());
        reading.set(metric, pending);
        const forget = (): boolean => reading.delete(metric);
        pending.then(forget, forget);
      }
      const read = await Promise.race([pending, late]);
      if (!read) throw new Error('it took too long');
      const { values, help } = read;
      const family = familyOf(metric, help, registry, names);
      return { family, samples: values.map((value) => sampleOf(value, metric, family, registry)) };
    } catch (error) {
      onFailure(metric.name, error);
      return undefined;
    }
  }

  return {
    name: () => nameRegistry(registry, names, isHidden),
    async read(withinMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), withinMs).unref();
      });
      const families = await Promise.all(metrics().map((metric) => readOne(metric, late)));
      clearTimeout(timer);
      return families.filter((family) => family !== undefined);
    },
  };
}

/** Gives names to the metrics of a registry, but for some. */
export function nameRegistry(registry: PromRegistry, names: Names, isHidden: (metric: object) => boolean): void {
  for (const metric of registry.getMetricsAsArray() as readonly PromMetric[]) {
    if (!isHidden(metric)) familyOf(metric, metric.help, registry, names);
  }
}

/** A counter keeps the very name that prom-client shows it under, so that series stay what they are. */
function familyOf({ name, type }: PromMetric, help: string, registry: PromRegistry, names: Names): Family {
  const known = TYPES[type] ?? 'unknown';
  const full = metricName(name);
  const bare = known === 'counter' ? withoutTotal(full) : full;
  const isTotal = known === 'counter' && (bare !== full || registry.contentType === CONTENT_TYPE.openmetrics);
  // prom-client renames a counter in place when it writes OpenMetrics, so the owner is known by the shorter name.
  const owner = `the ${type} '${bare}' of prom-client`;
  return names.family(owner, { name: bare, sample: isTotal ? `${bare}_total` : full, type: known, help });
}

function sampleOf(
  { metricName: full, labels, sharedLabels, value, exemplar }: PromReading['values'][number],
  { name }: PromMetric,
  { sample, type }: Family,
  registry: PromRegistry,
): Sample {
  const suffix = type !== 'counter' && full?.startsWith(name) ? full.slice(name.length) : '';
  // Default labels have no reader of their own; a test holds prom-client to the name of this field.
  const { _defaultLabels: defaults } = registry as { readonly _defaultLabels?: Readonly<Record<string, unknown>> };
  return {
    name: sample + suffix,
    labels: { ...defaults, ...sharedLabels, ...labels },
    value,
    exemplar: exemplar ? exemplarText(exemplar.value, exemplar.timestamp, exemplar.labelSet) : undefined,
  };
}

/**
 * A registry with the default metrics of the process, without those that `others` has.
 *
 * @throws what says that prom-client is not installed.
 */
export async function defaultMetrics(others: PromRegistry | undefined): Promise<PromRegistry> {
  const { collectDefaultMetrics, Registry } = await loadPromClient();
  const register = new Registry();
  collectDefaultMetrics({ register });
  for (const { name } of register.getMetricsAsArray())
    if (others?.getSingleMetric(name)) register.removeSingleMetric(name);
  return register;
}

async function loadPromClient(): Promise<typeof import('prom-client')> {
  try {
    return (await import('prom-client')).default;
  } catch (cause) {
    throw new Error("'defaultMetrics' needs the package prom-client: npm install prom-client", { cause });
  }
}
