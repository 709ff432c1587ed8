import type { UnixMicros } from './span.ts';

/** A measurement kept as an example of its bucket. */
export interface Exemplar {
  readonly value: number;
  readonly time: UnixMicros;
  /** `trace_id` and `span_id` of the sampled span that was current. */
  readonly attachments: Readonly<Record<string, string>>;
}

/** What a distribution has counted since `start`. */
export interface DistributionValue {
  readonly count: number;
  readonly sum: number;
  /** Absent where it is not known, as for a delta. */
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** The sum of (value - mean)^2. */
  readonly sumOfSquaredDeviation: number;
  /** One more than the metric's `bounds`: below the first, [b0, b1), ..., from the last. Empty when there are no bounds. */
  readonly bucketCounts: readonly number[];
  /** At most one a bucket. */
  readonly exemplars?: readonly Exemplar[] | undefined;
}

/** One row of a metric: the values of its label keys, in their order, and one point. */
export interface NumberSeries {
  /** undefined where a measurement did not have the tag, which is not the same as ''. */
  readonly labelValues: readonly (string | undefined)[];
  /** The point covers (start, time]; undefined for a gauge. */
  readonly start?: UnixMicros | undefined;
  readonly time: UnixMicros;
  /** Always finite. */
  readonly value: number;
}

/** One row of a distribution. */
export interface DistributionSeries {
  readonly labelValues: readonly (string | undefined)[];
  readonly start: UnixMicros;
  readonly time: UnixMicros;
  readonly value: DistributionValue;
}

/** One row of any metric. */
export type TimeSeries = NumberSeries | DistributionSeries;

/** The rows of a metric: an array in calls; from `Source.metrics()` read out as it is walked. */
export type Series<T> = Iterable<T> & { readonly length: number };

interface Descriptor {
  /** The view's name, not made to fit any backend. */
  readonly name: string;
  readonly description: string;
  /** A UCUM unit: 'ms', 'By', '1'. */
  readonly unit: string;
  readonly labelKeys: readonly string[];
  readonly valueType: 'int64' | 'double';
}

/** A gauge (the last value) or a cumulative (a total since `start`). */
export interface NumberMetric extends Descriptor {
  readonly type: 'gauge' | 'cumulative';
  readonly timeSeries: Series<NumberSeries>;
}

/** A histogram, cumulative since `start`. */
export interface DistributionMetric extends Descriptor {
  readonly type: 'distribution';
  /** Strictly increasing and above 0; empty for count, sum and deviation only. */
  readonly bounds: readonly number[];
  readonly timeSeries: Series<DistributionSeries>;
}

/** A metric as exporters receive it. An exporter skips a `type` that it does not know, with a `warn`. */
export type Metric = NumberMetric | DistributionMetric;
