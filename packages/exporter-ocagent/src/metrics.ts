import type { DistributionValue, Metric, TimeSeries } from '@oc/core/exporter';
import type { Message } from './message.ts';

const TYPE = {
  gauge: { int64: 1, double: 2 },
  cumulative: { int64: 4, double: 5 },
  distribution: { int64: 6, double: 6 },
} as const;

/** The largest double that a signed number of 64 bits holds. */
const LARGEST_INT64 = 2 ** 63 - 1_024;

/** Whether this protocol has the metric's type. */
export function isKnown({ type }: Metric): boolean {
  return Object.hasOwn(TYPE, type);
}

/** A metric as opencensus.proto.metrics.v1.Metric. */
export function metricMessage(metric: Metric): Message {
  const { name, description, unit, type, valueType, labelKeys } = metric;
  return {
    metricDescriptor: {
      name,
      description: description || undefined,
      unit,
      type: TYPE[type][valueType],
      labelKeys: labelKeys.map((key) => ({ key })),
    },
    timeseries: Array.from(metric.timeSeries as Iterable<TimeSeries>, (series) => ({
      startTimestamp: series.start,
      labelValues: series.labelValues.map((value) => (value === undefined ? {} : { value, hasValue: true })),
      points: [pointOf(series, metric)],
    })),
  };
}

function pointOf({ time, value }: TimeSeries, metric: Metric): Message {
  if (typeof value !== 'number') {
    const { bounds } = metric as Extract<Metric, { type: 'distribution' }>;
    return { timestamp: time, distributionValue: distributionMessage(value, bounds) };
  }
  if (metric.valueType === 'double') return { timestamp: time, doubleValue: value };
  return { timestamp: time, int64Value: Math.max(-LARGEST_INT64, Math.min(LARGEST_INT64, Math.trunc(value))) };
}

function distributionMessage(value: DistributionValue, bounds: readonly number[]): Message {
  const { count, sum, sumOfSquaredDeviation, bucketCounts, exemplars = [] } = value;
  const hasBuckets = bounds.length > 0;
  return {
    count,
    sum,
    sumOfSquaredDeviation,
    bucketOptions: hasBuckets ? { explicit: { bounds } } : undefined,
    buckets: hasBuckets
      ? bucketCounts.map((inBucket, at) => ({
          count: inBucket || undefined,
          exemplar: exemplarIn(at, exemplars, bounds),
        }))
      : undefined,
  };
}

function exemplarIn(
  bucket: number,
  exemplars: NonNullable<DistributionValue['exemplars']>,
  bounds: readonly number[],
): Message | undefined {
  const [from, to] = [bounds[bucket - 1] ?? Number.NEGATIVE_INFINITY, bounds[bucket] ?? Number.POSITIVE_INFINITY];
  const found = exemplars.find(({ value }) => from <= value && value < to);
  return found && { value: found.value, timestamp: found.time, attachments: found.attachments };
}
