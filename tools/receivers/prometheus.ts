import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianFile, foundInDebian, installDebian, missingDebian } from './debian.ts';
import { eventually } from './eventually.ts';
import { onFreePorts } from './ports.ts';
import { answers, launch } from './program.ts';
import type { Receiver, Stoppable } from './receiver.ts';

/** What Prometheus is started with. */
export interface PrometheusOptions {
  /**
   * The pages that it scrapes, by the name of the job: `{ shop: 'http://127.0.0.1:9464/metrics' }`. Give all of a test
   * file at once: the first scrape comes 5 s after the start, whatever the interval.
   */
  readonly pages: Readonly<Record<string, string>>;
  /** Milliseconds between two scrapes. Default: 250. */
  readonly everyMs?: number;
}

/** One sample of an instant query. */
export interface PrometheusSample {
  /** Labels, with the name as `__name__`. Prometheus adds `job` and `instance`. */
  readonly metric: Readonly<Record<string, string>>;
  /** The value as it prints it: '12.5', '+Inf'. */
  readonly value: string;
}

/** How the scrapes of a page go. */
export interface PrometheusTarget {
  readonly health: 'up' | 'down' | 'unknown';
  /** Why Prometheus refused the page, else ''. */
  readonly lastError: string;
}

/** What Prometheus knows of a metric. */
export interface PrometheusMetadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** A Prometheus that scrapes pages. */
export interface Prometheus extends Stoppable {
  readonly origin: string;
  /** The samples of an expression, once they are enough (default: any), in the order of their labels. */
  query(
    expression: string,
    enough?: (samples: readonly PrometheusSample[]) => boolean,
  ): Promise<readonly PrometheusSample[]>;
  /** A page, once it was scraped, or refused. */
  target(job: string): Promise<PrometheusTarget>;
  /** Type, help and unit, once they are known; those of a counter in OpenMetrics stand under its name without `_total`. */
  metadata(metric: string): Promise<readonly PrometheusMetadata[]>;
  /** The exemplars of an expression, once there are any, as its API gives them: by series. */
  exemplars(expression: string): Promise<readonly PrometheusExemplars[]>;
}

/** The exemplars of one series. */
export interface PrometheusExemplars {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: string;
    /** Seconds. */
    readonly timestamp: number;
  }[];
}

interface Target extends PrometheusTarget {
  readonly labels: Readonly<Record<string, string>>;
}

/** The first scrape alone takes 5 s on a machine that is idle. */
const SCRAPED_WITHIN_MS = 25_000;

export const prometheus: Receiver<PrometheusOptions, Prometheus> = {
  name: 'prometheus',
  proves: 'Prometheus (Debian): pages in text and OpenMetrics, with exemplars, read back by queries',
  install: installDebian,
  missing: missingDebian,
  found: () => foundInDebian('prometheus'),
  async start({ pages, everyMs = 250 }) {
    const command = await debianFile('usr/bin/prometheus');
    const jobs = Object.entries(pages).map(([job_name, page]) => {
      const { protocol, host, pathname, search } = new URL(page);
      if (search) throw new Error(`prometheus: no query in the address of a page: ${page}`);
      return {
        job_name,
        scheme: protocol.slice(0, -1),
        metrics_path: pathname,
        static_configs: [{ targets: [host] }],
      };
    });
    const config = {
      global: { scrape_interval: `${everyMs}ms`, scrape_timeout: `${everyMs}ms` },
      scrape_configs: jobs,
    };
    return await onFreePorts(1, async ([port]) => {
      const origin = `http://127.0.0.1:${port}`;
      const program = await launch({
        name: 'prometheus',
        command,
        async args(folder) {
          await writeFile(join(folder, 'config.json'), JSON.stringify(config));
          return [
            '--config.file=config.json',
            '--storage.tsdb.path=data',
            `--web.listen-address=127.0.0.1:${port}`,
            '--enable-feature=exemplar-storage',
            '--log.level=warn',
          ];
        },
        ready: (_, signal) => answers(`${origin}/-/ready`, signal),
      });
      const read = async <T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> => {
        const answer = await fetch(`${origin}/api/v1/${path}?${new URLSearchParams(parameters)}`);
        const { data, error } = (await answer.json()) as { data?: T; error?: string };
        if (data === undefined) throw new Error(`prometheus: ${path} ${JSON.stringify(parameters)}: ${error}`);
        return data;
      };
      const any = ({ length }: readonly unknown[]): boolean => length > 0;
      return {
        origin,
        query: (expression, enough = any) =>
          eventually(
            `prometheus: ${expression}`,
            async () => {
              const { result } = await read<Result>('query', { query: expression });
              return result.map(({ metric, value: [, value] }) => ({ metric, value })).sort(byLabels);
            },
            enough,
            SCRAPED_WITHIN_MS,
          ),
        target: (job) =>
          eventually(
            `prometheus: the page of ${job}`,
            async () => {
              const { activeTargets } = await read<{ activeTargets: readonly Target[] }>('targets');
              const { health, lastError } = activeTargets.find(({ labels }) => labels.job === job) ?? UNKNOWN;
              return { health, lastError };
            },
            ({ health }) => health !== 'unknown',
            SCRAPED_WITHIN_MS,
          ),
        metadata: (metric) =>
          eventually(
            `prometheus: metadata of ${metric}`,
            async () => (await read<Record<string, PrometheusMetadata[]>>('metadata', { metric }))[metric] ?? [],
            any,
            SCRAPED_WITHIN_MS,
          ),
        exemplars: (expression) => {
          const range = { start: '0', end: String(Date.now() / 1_000 + 3_600) };
          const parameters = { query: expression, ...range };
          const exemplars = (): Promise<readonly PrometheusExemplars[]> => read('query_exemplars', parameters);
          return eventually(`prometheus: exemplars of ${expression}`, exemplars, any, SCRAPED_WITHIN_MS);
        },
        stop: program.stop,
      };
    });
  },
};

const UNKNOWN: PrometheusTarget = { health: 'unknown', lastError: '' };

interface Result {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [number, string];
  }[];
}

function byLabels(a: PrometheusSample, b: PrometheusSample): number {
  const textOf = ({ metric }: PrometheusSample): string => JSON.stringify(Object.entries(metric).sort());
  return textOf(a) < textOf(b) ? -1 : 1;
}
