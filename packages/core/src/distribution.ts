import type { DistributionValue, Exemplar } from './metric.ts';

// A distribution as numbers in a row of a slab.
const COUNT = 0;
const SUM = 1;
const DEVIATION = 2;
const MIN = 3;
const MAX = 4;
const BUCKETS = 5;

/** How many numbers a distribution takes: without bounds it has no buckets. */
export function numbersOf(bounds: readonly number[]): number {
  return BUCKETS + (bounds.length > 0 ? bounds.length + 1 : 0);
}

/** Takes a finite value into the distribution that begins at `at`. Returns its bucket, 0 where there are none. */
export function recordInto(slab: Float64Array, at: number, bounds: readonly number[], value: number): number {
  const before = slab[at + COUNT] as number;
  const sum = slab[at + SUM] as number;
  const total = finite(sum + value);
  // Welford's rule, with the means made of the sums.
  const step = before === 0 ? 0 : (value - sum / before) * (value - total / (before + 1));
  slab[at + COUNT] = before + 1;
  slab[at + SUM] = total;
  slab[at + DEVIATION] = finite((slab[at + DEVIATION] as number) + Math.max(0, step));
  if (before === 0 || value < (slab[at + MIN] as number)) slab[at + MIN] = value;
  if (before === 0 || value > (slab[at + MAX] as number)) slab[at + MAX] = value;
  if (bounds.length === 0) return 0;
  const bucket = bucketOf(bounds, value);
  slab[at + BUCKETS + bucket] = (slab[at + BUCKETS + bucket] as number) + 1;
  return bucket;
}

/** A copy of the distribution of so many numbers that begins at `at`. */
export function distributionIn(
  slab: Float64Array,
  at: number,
  numbers: number,
  exemplars: readonly Exemplar[],
): DistributionValue {
  const count = slab[at + COUNT] as number;
  const bucketCounts: number[] = [];
  for (let cell = at + BUCKETS; cell < at + numbers; cell++) bucketCounts.push(slab[cell] as number);
  return {
    count,
    sum: slab[at + SUM] as number,
    min: count > 0 ? (slab[at + MIN] as number) : undefined,
    max: count > 0 ? (slab[at + MAX] as number) : undefined,
    sumOfSquaredDeviation: slab[at + DEVIATION] as number,
    bucketCounts,
    exemplars: exemplars.length > 0 ? exemplars : undefined,
  };
}

/** How many bounds are at or below the value. */
function bucketOf(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sums that outgrow a number stay at the largest one: no metric holds an infinity. */
export function finite(value: number): number {
  return Math.min(value, Number.MAX_VALUE);
}
