import type {
  DeltaMetric,
  DeltaSeries,
  DistributionSeries,
  ExportCall,
  NumberSeries,
  UnixMicros,
} from '@oc/core/exporter';

/** A number in Datadog's terms. A count is what was added since the last one. */
export interface Point {
  readonly name: string;
  readonly type: 'count' | 'gauge';
  readonly value: number;
  /** 'key:value', or a key alone where the value is empty. */
  readonly tags: readonly string[];
  /** The UCUM unit of the value; '' for a number of things. */
  readonly unit: string;
}

/** What becomes of one time series. */
export interface Row {
  readonly series: DeltaSeries;
  readonly start: UnixMicros | undefined;
  readonly time: UnixMicros;
  readonly points: readonly Point[];
}

/** Names of an exporter's metrics, as Datadog takes them: the same name for the same metric, no two alike. */
export type NameOf = (name: string, suffixes: readonly string[]) => string;

const NAME_CHARACTERS = 200;
const PARTS = ['.count', '.sum', '.bucket'] as const;
const LONGEST_PART = 7;
const WHOLE = [''] as const;
/** Tags of a distribution's buckets: a label of that name gets another. */
const BOUNDS = ['lower_bound', 'upper_bound'] as const;

/** Makes the names: Datadog takes ASCII letters, digits, `_` and `.`, a letter first, 200 in all. */
export function metricNames(namespace: string): NameOf {
  const known = new Map<string, string>();
  const taken = new Set<string>();
  return (name, suffixes) => {
    const key = `${suffixes.length} ${name}`;
    let made = known.get(key);
    if (made !== undefined) return made;
    const plain = `${namespace && `${namespace}.`}${name}`
      .replace(/[^A-Za-z0-9_.]/g, '_')
      .replace(/^(?![A-Za-z])/, 'm.');
    for (let number = 1; made === undefined || suffixes.some((suffix) => taken.has(made + suffix)); number++) {
      const ending = number === 1 ? '' : `_${number}`;
      made = plain.slice(0, NAME_CHARACTERS - LONGEST_PART - ending.length) + ending;
    }
    for (const suffix of suffixes) taken.add(made + suffix);
    known.set(key, made);
    return made;
  };
}

/** Rows with their points, those without any left out. `tags` are on all of them, unless a label has the same name. */
export function rowsOf(
  metrics: readonly DeltaMetric[],
  tags: ReadonlyMap<string, string>,
  nameOf: NameOf,
  call: ExportCall,
): readonly Row[] {
  return metrics.flatMap((metric): readonly Row[] => {
    const isKnown = metric.type === 'gauge' || metric.type === 'cumulative' || metric.type === 'distribution';
    if (!isKnown) {
      const { name, type } = metric as DeltaMetric;
      call.warn(`datadog: metric '${name}' is left out, its type '${type}' is not known here`);
      return [];
    }
    const name = nameOf(metric.name, metric.type === 'distribution' ? PARTS : WHOLE);
    const keys = tagKeys(metric);
    const others = [...tags]
      .filter(([key]) => !keys.includes(key.toLowerCase()))
      .map(([key, value]) => tag(key, value));
    return (metric.timeSeries as readonly DeltaSeries[]).flatMap((series): readonly Row[] => {
      const { labelValues, start, time } = series;
      const own = keys.flatMap((key, i) => (labelValues[i] === undefined ? [] : [tag(key, labelValues[i])]));
      const all = [...own, ...others];
      const points =
        metric.type === 'distribution'
          ? distributionPoints(name, metric.unit, metric.bounds, series as DistributionSeries, all)
          : numberPoints(name, metric.unit, metric.type, series as NumberSeries, all);
      return points.length > 0 ? [{ series, start, time, points }] : [];
    });
  });
}

function numberPoints(
  name: string,
  unit: string,
  type: 'gauge' | 'cumulative',
  { value }: NumberSeries,
  tags: readonly string[],
): readonly Point[] {
  if (type === 'gauge') return [{ name, type, value, tags, unit }];
  return value === 0 ? [] : [{ name, type: 'count', value, tags, unit }];
}

/** Datadog's own distributions want each value; of a histogram it takes counts, a bucket each. */
function distributionPoints(
  name: string,
  unit: string,
  bounds: readonly number[],
  { value: { count, sum, bucketCounts } }: DistributionSeries,
  tags: readonly string[],
): readonly Point[] {
  const points: Point[] = [];
  const add = (part: (typeof PARTS)[number], value: number, unitOfPart: string, ofPart = tags): void => {
    if (value !== 0) points.push({ name: name + part, type: 'count', value, tags: ofPart, unit: unitOfPart });
  };
  add('.count', count, '');
  add('.sum', sum, unit);
  for (const [i, value] of bucketCounts.entries()) {
    const lower = i === 0 ? '-inf' : decimal(bounds[i - 1] as number);
    const upper = i === bounds.length ? 'inf' : decimal(bounds[i] as number);
    add('.bucket', value, '', [`${BOUNDS[0]}:${lower}`, `${BOUNDS[1]}:${upper}`, ...tags]);
  }
  return points;
}

/** A tag. DogStatsD knows no escapes: its own signs and line breaks in a text would make other tags, or lines, of it. */
export function tag(key: string, value: string | undefined): string {
  const text = value?.replace(/[|,#@\p{Cc}\u2028\u2029]/gu, '_');
  return text ? `${tagKey(key)}:${text}` : tagKey(key);
}

function tagKey(key: string): string {
  return key.replace(/[|,#@:\p{Cc}\u2028\u2029]/gu, '_') || '_';
}

/** One for each label key, no two alike for Datadog, which makes all letters small ones. */
function tagKeys({ type, labelKeys }: DeltaMetric): readonly string[] {
  const taken = new Set<string>(type === 'distribution' ? BOUNDS : []);
  return labelKeys.map((key) => {
    const plain = tagKey(key).toLowerCase();
    let made = plain;
    for (let number = 2; taken.has(made); number++) made = `${plain}_${number}`;
    taken.add(made);
    return made;
  });
}

/** A number in plain digits: not every reader knows exponents. */
export function decimal(value: number): string {
  const text = `${value === 0 ? 0 : value}`; // no minus zero
  const [, sign = '', whole = '', fraction = '', exponent] = /^(-?)(\d)\.?(\d*)e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const places = Number(exponent);
  if (places < 0) return `${sign}0.${'0'.repeat(-places - 1)}${whole}${fraction}`;
  return `${sign}${whole}${fraction.padEnd(places, '0')}`;
}
