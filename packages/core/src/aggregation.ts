import { ConfigError } from './contract.ts';

/** How a view puts measurements together. */
export type Aggregation =
  | { readonly type: 'count' | 'sum' | 'lastValue' }
  | {
      readonly type: 'distribution';
      /** Strictly increasing and above 0. */
      readonly bounds: readonly number[];
      /** Bounds that were given and left out, because they are not above 0. */
      readonly ignoredBounds: readonly number[];
    };

/** Counts measurements, whatever their values. */
export function count(): Aggregation {
  return { type: 'count' };
}

/** Adds up the values. */
export function sum(): Aggregation {
  return { type: 'sum' };
}

/** Keeps the newest value. */
export function lastValue(): Aggregation {
  return { type: 'lastValue' };
}

/**
 * A histogram with count, sum, least, greatest and deviation. N bounds make N + 1 buckets: below the first, from each up
 * to the next, from the last. Bounds that are not above 0 are left out; telemetry says so once.
 *
 * @throws ConfigError for bounds that are not finite and strictly increasing.
 */
export function distribution(bounds: readonly number[]): Aggregation {
  if (
    !Array.isArray(bounds) ||
    !bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]))
  ) {
    throw new ConfigError('distribution: bounds must be finite numbers that strictly increase');
  }
  return {
    type: 'distribution',
    bounds: Object.freeze(bounds.filter((bound) => bound > 0)),
    ignoredBounds: bounds.filter((bound) => bound <= 0),
  };
}

/** True for what the functions above have made, by this copy of core or another. */
export function isAggregation(value: unknown): value is Aggregation {
  const { type, bounds, ignoredBounds } = (value ?? {}) as {
    type?: unknown;
    bounds?: unknown;
    ignoredBounds?: unknown;
  };
  if (type === 'distribution') return Array.isArray(bounds) && Array.isArray(ignoredBounds);
  return type === 'count' || type === 'sum' || type === 'lastValue';
}
