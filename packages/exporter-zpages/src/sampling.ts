import { alwaysSample, neverSample, probability, rateLimited } from '@oc/core';
import type { Sampler } from '@oc/core/exporter';

/**
 * The sampler that a form asks for; undefined when it makes no sense. Its fields are OpenCensus's own,
 * `change` and `samplingprobability`, and beside them `sampler` and `tracespersecond`.
 */
export function samplerOf(form: URLSearchParams, first: Sampler): Sampler | undefined {
  if (form.get('change') === 'restore_default') return first;
  const p = form.get('samplingprobability') ?? '';
  const rate = form.get('tracespersecond') ?? '';
  // OpenCensus's form has no choice of samplers: a probability alone is one.
  switch (form.get('sampler') ?? (p === '' ? '' : 'probability')) {
    case 'always':
      return alwaysSample();
    case 'never':
      return neverSample();
    case 'probability':
      return isNumber(p) && Number(p) <= 1 ? probability(Number(p)) : undefined;
    case 'rate':
      return isNumber(rate) ? rateLimited(Number(rate)) : undefined;
    default:
      return undefined;
  }
}

function isNumber(text: string): boolean {
  return /^\d{0,9}\.?\d{1,9}$/.test(text.trim());
}
