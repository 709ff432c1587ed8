/**
 * A quantile of measurements that are known by buckets only: the bucket that it falls into, and within it as if the
 * measurements were spread evenly. NaN when there are none, or no buckets.
 */
export function quantileOf(
  q: number,
  bounds: readonly number[],
  counts: readonly number[],
  { min, max }: { readonly min?: number | undefined; readonly max?: number | undefined },
): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0 || bounds.length === 0) return Number.NaN;
  const rank = q * total;
  let below = 0;
  for (let at = 0; at < counts.length; at++) {
    const count = counts[at] ?? 0;
    if (count === 0 || below + count < rank) {
      below += count;
      continue;
    }
    // The ends of the outermost buckets are the least and the greatest that was measured.
    const lower = Math.max(bounds[at - 1] ?? min ?? 0, min ?? Number.NEGATIVE_INFINITY);
    const upper = Math.min(bounds[at] ?? max ?? bounds.at(-1) ?? 0, max ?? Number.POSITIVE_INFINITY);
    return upper <= lower ? lower : lower + (upper - lower) * ((rank - below) / count);
  }
  return max ?? bounds.at(-1) ?? Number.NaN;
}
