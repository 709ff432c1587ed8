import { ConfigError } from './contract.ts';
import { bitsAt, randomBits } from './ids.ts';
import type { Sampler } from './span.ts';

/** Core's own samplers decide on the bits of an id, before its hex digits are made. */
export class BitSampler implements Sampler {
  readonly description: string;
  /** `high` and `low` are the last 64 bits of the trace id. */
  readonly decide: (high: number, low: number) => boolean;
  /** Whether it never samples, so that no id has to be drawn for it. */
  readonly isNever: boolean;

  constructor(description: string, decide: (high: number, low: number) => boolean, isNever = false) {
    this.description = description;
    this.decide = decide;
    this.isNever = isNever;
  }

  sample({ traceId }: { readonly traceId: string }): boolean {
    return this.decide(bitsAt(traceId, 16), bitsAt(traceId, 24));
  }
}

/** Samples every root. */
export function alwaysSample(): Sampler {
  return new BitSampler('always', () => true);
}

/** Samples no root. */
export function neverSample(): Sampler {
  return new BitSampler('never', () => false, true);
}

/**
 * Samples a root with probability `p`, the same on every machine for the same trace id: the last 8 bytes of the id as
 * an integer, shifted right by one, must be below p * 2^63.
 *
 * @throws ConfigError unless `p` is a number from 0 to 1.
 */
export function probability(p: number): Sampler {
  if (typeof p !== 'number' || !(p >= 0 && p <= 1)) throw new ConfigError('probability must be a number from 0 to 1');
  const bound = BigInt(Math.floor(p * 2 ** 63));
  const boundHigh = Number(bound >> 31n);
  const boundLow = Number(bound & 0x7fff_ffffn);
  return new BitSampler(`probability(${p})`, (high, low) => {
    const top = high >>> 0;
    return top < boundHigh || (top === boundHigh && low >>> 1 < boundLow);
  });
}

/**
 * Samples about `perSecond` roots a second: with probability min(1, z * perSecond), where z is the time in seconds
 * since the last decision.
 *
 * @throws ConfigError unless `perSecond` is a finite number from 0.
 */
export function rateLimited(perSecond: number): Sampler {
  if (typeof perSecond !== 'number' || !(perSecond >= 0 && perSecond < Number.POSITIVE_INFINITY)) {
    throw new ConfigError('rateLimited must be given a number from 0');
  }
  let last = Number.NEGATIVE_INFINITY;
  return new BitSampler(`rateLimited(${perSecond})`, () => {
    const now = performance.now();
    const chance = Math.min(1, ((now - last) / 1_000) * perSecond);
    last = now;
    return (randomBits() >>> 0) / 2 ** 32 < chance;
  });
}

const NAMED: Readonly<Record<string, (ratio: number) => Sampler>> = {
  always_on: alwaysSample,
  always_off: neverSample,
  traceidratio: probability,
  parentbased_always_on: alwaysSample,
  parentbased_always_off: neverSample,
  parentbased_traceidratio: probability,
};

/** The sampler of OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG; always, with a warning, where they make no sense. */
export function samplerFromEnvironment(warn: (message: string) => void): Sampler {
  const name = process.env.OTEL_TRACES_SAMPLER?.trim().toLowerCase();
  const argument = process.env.OTEL_TRACES_SAMPLER_ARG?.trim();
  if (!name) return alwaysSample();
  const make = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  if (!make) {
    warn('OTEL_TRACES_SAMPLER names no known sampler; every root is sampled');
    return alwaysSample();
  }
  const ratio = argument ? Number(argument) : 1;
  if (make !== probability || (ratio >= 0 && ratio <= 1)) return make(ratio);
  warn('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1; every root is sampled');
  return alwaysSample();
}
