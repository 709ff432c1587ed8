import { type Format, remoteContext } from './context.ts';

const HEADER = /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):[0-9a-f]{0,16}:([0-9a-f]{1,2})$/i;

/** Jaeger's `uber-trace-id`. Its clients leave out leading zeros, and some send the colons percent-encoded. */
export function jaeger(): Format {
  return {
    name: 'jaeger',
    fields: ['uber-trace-id'],

    encode({ traceId, spanId, sampled }) {
      return [['uber-trace-id', `${traceId}:${spanId}:0:${sampled ? 1 : 0}`]]; // 0: the parent's id, no longer used
    },

    decode(get) {
      const text = get('uber-trace-id')?.trim().replaceAll(/%3a/gi, ':') ?? '';
      const [, traceId = '', spanId = '', flags = '0'] = HEADER.exec(text) ?? [];
      const sampled = (Number.parseInt(flags, 16) & 1) === 1;
      return remoteContext(traceId.padStart(32, '0'), spanId.padStart(16, '0'), sampled);
    },
  };
}
