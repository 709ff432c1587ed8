import { ConfigError } from './contract.ts';
import { bitsAt, randomBits } from './ids.ts';
import type { Sampler } from './span.ts';

/** Core's own samplers decide on the bits of an id, before its hex digits are made. */
export interface BitSampler extends Sampler {
  /** `high` and `low` are the last 64 bits of the trace id. */
  decide(high: number, low: number): boolean;
  /** Whether it never samples, so that no id has to be drawn for it. */
  readonly isNever: boolean;
}

function bitSampler(description: string, decide: BitSampler['decide'], isNever = false): BitSampler {
  return { description, decide, isNever, sample: ({ traceId }) => decide(bitsAt(traceId, 16), bitsAt(traceId, 24)) };
}

/** Samples every root. */
export function alwaysSample(): Sampler {
  return bitSampler('always', () => true);
}

/** Samples no root. */
export function neverSample(): Sampler {
  return bitSampler('never', () => false, true);
}

/**
 * Samples a root with probability `p`, the same on every machine for the same trace id: the last 8 bytes of the id as
 * an integer, shifted right by one, must be below p * 2^63.
 *
 * @throws ConfigError unless `p` is a number from 0 to 1.
 */
export function probability(p: number): Sampler {
  if (!(p >= 0 && p <= 1)) throw new ConfigError('probability must be a number from 0 to 1');
  const bound = BigInt(Math.floor(p * 2 ** 63));
  const boundHigh = Number(bound >> 31n);
  const boundLow = Number(bound & 0x7fff_ffffn);
  return bitSampler(`probability(${p})`, (high, low) => {
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
  if (!(perSecond >= 0 && perSecond < Number.POSITIVE_INFINITY)) {
    throw new ConfigError('rateLimited must be given a number from 0');
  }
  let last = Number.NEGATIVE_INFINITY;
  return bitSampler(`rateLimited(${perSecond})`, () => {
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
