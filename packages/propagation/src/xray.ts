import { type Format, remoteContext } from './context.ts';

const PART = /^(Root|Parent|Sampled)=(.*)$/;
const ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/i;

/**
 * AWS X-Ray's `x-amzn-trace-id`, also found in Lambda's variable `_X_AMZN_TRACE_ID`. Without a `Parent`, as load
 * balancers send it, it is no context; `Sampled=?`, and none, are not sampled.
 */
export function xray(): Format {
  return {
    name: 'xray',
    fields: ['x-amzn-trace-id'],

    encode({ traceId, spanId, sampled }) {
      const root = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
      return [['x-amzn-trace-id', `Root=${root};Parent=${spanId};Sampled=${sampled ? 1 : 0}`]];
    },

    decode(get) {
      const parts: Record<string, string> = {};
      for (const text of get('x-amzn-trace-id')?.split(';') ?? []) {
        const [, name, value = ''] = PART.exec(text.trim()) ?? [];
        if (name === undefined) continue; // there may be others: Self, Lineage, an application's own
        if (Object.hasOwn(parts, name)) return undefined;
        parts[name] = value;
      }
      const { Root = '', Parent = '', Sampled = '?' } = parts;
      const [, time = '', random = ''] = ROOT.exec(Root) ?? [];
      return /^[01?]$/.test(Sampled) ? remoteContext(time + random, Parent, Sampled === '1') : undefined;
    },
  };
}
