import { decimalOfHex, type Format, hexOfDecimal, remoteContext } from './context.ts';

const NO_HIGH = '0'.repeat(16);
const LONGEST_TAGS = 512;

/**
 * Datadog's `x-datadog-*`. The ids are decimals of 64 bits; the high half of a trace id travels as `_dd.p.tid`. A
 * priority above 0 is sampled, an absent one is not.
 */
export function datadog(): Format {
  return {
    name: 'datadog',
    fields: ['x-datadog-trace-id', 'x-datadog-parent-id', 'x-datadog-sampling-priority', 'x-datadog-tags'],

    encode({ traceId, spanId, sampled }) {
      const high = traceId.slice(0, 16);
      const low = traceId.slice(16);
      if (low === NO_HIGH) return []; // to Datadog a trace id of 0 is none
      const headers = [
        ['x-datadog-trace-id', decimalOfHex(low)],
        ['x-datadog-parent-id', decimalOfHex(spanId)],
        ['x-datadog-sampling-priority', sampled ? '1' : '0'],
      ] as const;
      return high === NO_HIGH ? headers : [...headers, ['x-datadog-tags', `_dd.p.tid=${high}`]];
    },

    decode(get) {
      const low = hexOfDecimal(get('x-datadog-trace-id')?.trim() ?? '');
      const spanId = hexOfDecimal(get('x-datadog-parent-id')?.trim() ?? '');
      const priority = get('x-datadog-sampling-priority')?.trim() ?? '0';
      if (low === undefined || low === NO_HIGH || spanId === undefined || !/^-?\d{1,3}$/.test(priority))
        return undefined;
      return remoteContext(highOf(get('x-datadog-tags')) + low, spanId, Number(priority) > 0);
    },
  };
}

/** A high half that is wrong counts as none: the low half still joins the trace for Datadog. */
function highOf(tags = ''): string {
  const [, high = NO_HIGH] =
    (tags.length <= LONGEST_TAGS && /(?:^|,)_dd\.p\.tid=([0-9a-f]{16})(?=,|$)/.exec(tags)) || [];
  return high;
}
