import { decimalOfHex, type Format, hexOfDecimal, remoteContext } from './context.ts';

const HEADER = /^([0-9a-f]{32})\/(\d{1,20})(?:;o=(\d{1,10}))?$/i;

/** Google Cloud's `x-cloud-trace-context`. Without `;o=` a context is not sampled. */
export function google(): Format {
  return {
    name: 'google',
    fields: ['x-cloud-trace-context'],

    encode({ traceId, spanId, sampled }) {
      return [['x-cloud-trace-context', `${traceId}/${decimalOfHex(spanId)};o=${sampled ? 1 : 0}`]];
    },

    decode(get) {
      const [, traceId = '', spanId = '', options = '0'] =
        HEADER.exec(get('x-cloud-trace-context')?.trim() ?? '') ?? [];
      return remoteContext(traceId, hexOfDecimal(spanId) ?? '', Number(options) % 2 === 1);
    },
  };
}
