import { outcomeOf } from './command.ts';
import { debianFile, foundInDebian, installDebian, missingDebian } from './debian.ts';
import type { PageJudge } from './page-judge.ts';
import type { Receiver } from './receiver.ts';

/** The family of a metric, as the parser read it. */
export interface OpenMetricsFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
  readonly samples: readonly OpenMetricsSample[];
}

/** A sample, with numbers as JavaScript prints them: '12.5', 'Infinity', 'NaN'. */
export interface OpenMetricsSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
  /** Seconds. */
  readonly timestamp?: string;
  readonly exemplar?: {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: string;
    readonly timestamp?: string;
  };
}

/** The strict parser. */
export interface OpenMetricsParser extends PageJudge {
  /** What the page says. Rejects when the parser refuses it. */
  families(page: string): Promise<readonly OpenMetricsFamily[]>;
}

// The parser gives families before it finds the fault of a later one, so all are read before any is believed.
const PROGRAM = `
import json, math, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families

def number(value):
    if math.isnan(value): return 'NaN'
    if math.isinf(value): return 'Infinity' if value > 0 else '-Infinity'
    return repr(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))

def known(**fields):
    return {name: value for name, value in fields.items() if value is not None}

def time(value):
    return None if value is None else str(value)

def exemplar(value):
    return value and known(labels=value.labels, value=number(value.value), timestamp=time(value.timestamp))

def sample(value):
    return known(name=value.name, labels=value.labels, value=number(value.value),
                 timestamp=time(value.timestamp), exemplar=exemplar(value.exemplar))

def family(value):
    return dict(name=value.name, type=value.type, help=value.documentation, unit=value.unit,
                samples=[sample(each) for each in value.samples])

try:
    families = list(text_string_to_metric_families(sys.stdin.buffer.read().decode('utf-8')))
except ValueError as error:
    sys.exit(f'{type(error).__name__}: {error}')
print(json.dumps([family(each) for each in families]))
`;

export const openMetrics: Receiver<undefined, OpenMetricsParser> = {
  name: 'openmetrics',
  proves: "the strict parser of Prometheus' Python client (Debian): OpenMetrics, with units and exemplars",
  install: installDebian,
  missing: missingDebian,
  found: () => foundInDebian('python3-prometheus-client'),
  async start() {
    const env = { PYTHONPATH: await debianFile('usr/lib/python3/dist-packages'), PYTHONIOENCODING: 'utf-8' };
    const parsed = (page: string): ReturnType<typeof outcomeOf> =>
      outcomeOf('/usr/bin/python3', ['-c', PROGRAM], { input: page, env });
    return {
      async complaints(page) {
        const { code, stderr } = await parsed(page);
        return code === 0 ? [] : [stderr.trim()];
      },
      async families(page) {
        const { code, stdout, stderr } = await parsed(page);
        if (code !== 0) throw new Error(`the page is refused: ${stderr.trim()}`);
        return JSON.parse(stdout) as OpenMetricsFamily[];
      },
      async stop() {},
    };
  },
};
