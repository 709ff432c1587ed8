import type { Source } from '@oc/core/exporter';
import { END } from './format.ts';
import { nameOwnFamilies, ownFamilies } from './health.ts';
import { Names } from './names.ts';
import { chunksOf } from './page.ts';
import { defaultMetrics, nameRegistry, type PromRegistry, registryReader } from './prom-client.ts';
import { guestsOf, isGuest } from './registry.ts';
import { type SampledFamily, sampleTexts } from './samples.ts';
import type { Page } from './scrape.ts';
import { type ViewStyle, Views } from './views.ts';

/** What is shown, and where beside our own page. */
export interface ExpositionOptions extends ViewStyle {
  readonly registry: PromRegistry | undefined;
  readonly include: PromRegistry | undefined;
  readonly defaultMetrics: boolean;
}

/** All that is shown of one telemetry. */
export interface Exposition {
  readonly page: Page;
  /** Takes our metrics out of the user's registry. */
  close(): void;
  /** Counts and tells that something could not be shown. */
  failed(what: string, error: unknown): void;
}

/** Different warnings that one exporter gives. */
const MOST_WARNINGS = 1_000;
/** Longest time that a metric of prom-client may take to be read; core allows as much to an observer. */
const LONGEST_READ_MS = 5_000;

/** Begins to show a telemetry. Rejects when prom-client is needed and not there. */
export async function exposition(source: Source, options: ExpositionOptions): Promise<Exposition> {
  const { registry, include, constLabels } = options;
  const told = new Set<string>();
  const warn = (message: string): void => {
    if (told.has(message) || told.size >= MOST_WARNINGS) return;
    told.add(message);
    source.warn(message);
  };
  let scrapeErrors = 0;
  const failed = (what: string, error: unknown): void => {
    scrapeErrors++;
    warn(`'${what}' was left out: ${error instanceof Error ? error.message : error}`);
  };

  const names = new Names(warn);
  const ofProcess = options.defaultMetrics ? await defaultMetrics(include) : undefined;
  const included = [include, ofProcess].flatMap((each) => {
    return each ? [registryReader(each, names, isGuest, failed)] : [];
  });
  // Metrics that an application has already keep their names, then come our own, then the views.
  for (const reader of included) reader.name();
  if (registry) nameRegistry(registry, names, isGuest);
  const ownNames = nameOwnFamilies(names);
  const views = new Views(names, options);
  views.name(source.views());
  const own = (): readonly SampledFamily[] =>
    ownFamilies(ownNames, { resource: source.resource, health: source.health(), scrapeErrors });
  const guests = registry && guestsOf(registry, ownNames, { source, views, names, constLabels, own, failed });

  return {
    failed,
    close: () => guests?.leave(),
    async page(format, withinMs) {
      const [metrics, ...others] = await Promise.all([
        // Without a deadline core itself gives up an observer that is late, and no other value is an older one for it.
        source.metrics(withinMs === undefined ? undefined : AbortSignal.timeout(withinMs)),
        ...included.map((reader) => reader.read(Math.min(withinMs ?? LONGEST_READ_MS, LONGEST_READ_MS))),
      ]);
      views.name(source.views());
      const listed = [...own(), ...others.flat()];
      return chunksOf([
        ...listed.map((family) => sampleTexts(family, constLabels, format)),
        ...metrics.map((metric) => views.texts(metric, format)),
        [END[format]],
      ]);
    },
  };
}
