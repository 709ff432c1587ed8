import type { ExporterHealth, Metric, TimeSeries } from '@oc/core/exporter';
import { quantileOf } from './quantiles.ts';
import { sumOf } from './stats.ts';

/** How often the stats are read. */
export const READ_EVERY_MS = 10_000;
/** An hour of readings. */
const KEPT = 360;
const MOST_SERIES = 1_000;

/** One point of a course. What is not known is NaN. */
export interface Reading {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** A gauge's value, a total, or how many measurements a distribution has counted. */
  readonly value: number;
  /** The sum of a distribution's measurements. */
  readonly sum: number;
  /** Of the measurements since the reading before. */
  readonly p50: number;
  readonly p95: number;
}

/** The last hour of one time series. */
class Course {
  readonly value: Float64Array = new Float64Array(KEPT).fill(Number.NaN);
  readonly sum: Float64Array = new Float64Array(KEPT).fill(Number.NaN);
  readonly p50: Float32Array = new Float32Array(KEPT).fill(Number.NaN);
  readonly p95: Float32Array = new Float32Array(KEPT).fill(Number.NaN);
  buckets: readonly number[] = [];
}

/** What all stats were at the readings of the last hour, and the exporters' accounts at the last ones. */
export class Readings {
  /** Series that are not followed, since there are too many. */
  unfollowed = 0;
  readonly #times: number[] = [];
  readonly #courses = new Map<string, Course>();
  readonly #health: { readonly at: number; readonly health: readonly ExporterHealth[] }[] = [];
  /** How many readings there were; the n-th is at n modulo KEPT. */
  #count = 0;

  /** Takes down what was read at a time in milliseconds since 1970. */
  add(at: number, metrics: readonly Metric[], health: readonly ExporterHealth[]): void {
    const slot = this.#count % KEPT;
    this.#times[slot] = at;
    this.#count++;
    for (const { value, sum, p50, p95 } of this.#courses.values()) {
      for (const values of [value, sum, p50, p95]) values[slot] = Number.NaN;
    }
    this.unfollowed = 0;
    for (const metric of metrics) this.#follow(metric, slot);
    this.#health.push({ at, health });
    if (this.#health.length > KEPT) this.#health.shift();
  }

  /** The course of a series, or of all of a metric together, oldest first; empty for one that is not followed. */
  of(metric: string, labelValues?: TimeSeries['labelValues']): readonly Reading[] {
    const course = this.#courses.get(keyOf(metric, labelValues));
    if (!course) return [];
    const readings: Reading[] = [];
    for (let n = Math.max(0, this.#count - KEPT); n < this.#count; n++) {
      const slot = n % KEPT;
      const value = course.value[slot] ?? Number.NaN;
      if (readings.length === 0 && Number.isNaN(value)) continue;
      readings.push({
        at: this.#times[slot] ?? 0,
        value,
        sum: course.sum[slot] ?? Number.NaN,
        p50: course.p50[slot] ?? Number.NaN,
        p95: course.p95[slot] ?? Number.NaN,
      });
    }
    return readings;
  }

  /** An exporter's accounts, oldest first. */
  healthOf(exporter: string): readonly { readonly at: number; readonly health: ExporterHealth }[] {
    return this.#health.flatMap(({ at, health }) => {
      const found = health.find(({ name }) => name === exporter);
      return found ? [{ at, health: found }] : [];
    });
  }

  clear(): void {
    this.#courses.clear();
    this.#health.length = 0;
    this.#count = 0;
  }

  #follow(metric: Metric, slot: number): void {
    const values: { readonly value: TimeSeries['value'] }[] = [];
    for (const { labelValues, value } of metric.timeSeries as Iterable<TimeSeries>) {
      const course = this.#courseOf(keyOf(metric.name, labelValues));
      if (!course) break; // the others are not even walked through: there may be very many
      take(course, slot, value, metric);
      values.push({ value });
    }
    this.unfollowed += metric.timeSeries.length - values.length;
    if (values.length < metric.timeSeries.length || metric.type === 'gauge') return;
    const sum = sumOf(values);
    const course = this.#courseOf(keyOf(metric.name));
    if (course && sum !== undefined) take(course, slot, sum, metric);
  }

  #courseOf(key: string): Course | undefined {
    const known = this.#courses.get(key);
    if (known || this.#courses.size >= MOST_SERIES) return known;
    const made = new Course();
    this.#courses.set(key, made);
    return made;
  }
}

function take(course: Course, slot: number, value: TimeSeries['value'], metric: Metric): void {
  if (typeof value === 'number' || metric.type !== 'distribution') {
    course.value[slot] = Number(value);
    return;
  }
  const { count, sum, min, max, bucketCounts } = value;
  const since = bucketCounts.map((total, at) => total - (course.buckets[at] ?? 0));
  course.buckets = bucketCounts;
  course.value[slot] = count;
  course.sum[slot] = sum;
  course.p50[slot] = quantileOf(0.5, metric.bounds, since, { min, max });
  course.p95[slot] = quantileOf(0.95, metric.bounds, since, { min, max });
}

function keyOf(metric: string, labelValues?: TimeSeries['labelValues']): string {
  return JSON.stringify(labelValues ? [metric, ...labelValues.map((value) => value ?? null)] : metric);
}

/** A total's rate between two readings; NaN where one is missing. A total that fell began anew in between. */
export function rateBetween(before: Reading, after: Reading, of: 'value' | 'sum' = 'value'): number {
  const added = after[of] < before[of] ? after[of] : after[of] - before[of];
  return (1_000 * added) / Math.max(1, after.at - before.at);
}

/** The reading to compare the newest one with for a window of so many milliseconds; undefined while there is but one. */
export function windowStart(readings: readonly Reading[], windowMs: number): Reading | undefined {
  const newest = readings.at(-1);
  if (!newest) return undefined;
  // Half a period of grace, since timers are late.
  const first = readings.find(({ at }) => newest.at - at <= windowMs + READ_EVERY_MS / 2);
  return first === newest ? undefined : first;
}
