import { ConfigError, type SpanContext } from '@oc/core';
import type { HeaderGetter } from './carrier.ts';
import { type Format, remoteContext } from './context.ts';

/** Options of `b3`. */
export interface B3Options {
  /** What is sent: the one header `b3`, or `x-b3-traceid` and its like. Both are read. Default 'single'. */
  readonly headers?: 'single' | 'multi' | undefined;
}

const SINGLE = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?$/i;
const SAMPLED: Readonly<Record<string, boolean>> = { '1': true, true: true, d: true, '0': false, false: false };

/**
 * Zipkin's B3. The one header is read first, then the many. A decision without ids, as `b3: 0`, is no context; ids
 * without a decision are not sampled.
 *
 * @throws ConfigError for other headers than those two.
 */
export function b3({ headers = 'single' }: B3Options = {}): Format {
  if (headers !== 'single' && headers !== 'multi') throw new ConfigError("b3: 'headers' must be 'single' or 'multi'");
  return {
    name: 'b3',
    fields: ['b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled', 'x-b3-flags'],

    encode({ traceId, spanId, sampled }) {
      const decision = sampled ? '1' : '0';
      if (headers === 'single') return [['b3', `${traceId}-${spanId}-${decision}`]];
      return [
        ['x-b3-traceid', traceId],
        ['x-b3-spanid', spanId],
        ['x-b3-sampled', decision],
      ];
    },

    decode(get) {
      return single(get('b3')) ?? multi(get);
    },
  };
}

function single(text = ''): SpanContext | undefined {
  const [, traceId = '', spanId = '', decision = '0'] = SINGLE.exec(text.trim()) ?? [];
  return remoteContext(traceId.padStart(32, '0'), spanId, SAMPLED[decision.toLowerCase()] === true);
}

function multi(get: HeaderGetter): SpanContext | undefined {
  const traceId = get('x-b3-traceid')?.trim() ?? '';
  if (traceId.length !== 16 && traceId.length !== 32) return undefined;
  const isDebug = get('x-b3-flags')?.trim() === '1';
  const decision = get('x-b3-sampled')?.trim().toLowerCase() ?? '0';
  if (!isDebug && !Object.hasOwn(SAMPLED, decision)) return undefined;
  return remoteContext(
    traceId.padStart(32, '0'),
    get('x-b3-spanid')?.trim() ?? '',
    isDebug || SAMPLED[decision] === true,
  );
}
