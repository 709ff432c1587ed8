import { type Format, remoteContext } from './context.ts';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;

/** W3C Trace Context: `traceparent` and `tracestate`. */
export function w3c(): Format {
  return {
    name: 'w3c',
    fields: ['traceparent', 'tracestate'],

    encode({ traceId, spanId, sampled, traceState }) {
      const parent = ['traceparent', `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`] as const;
      const state = traceStateOf(traceState);
      return state === undefined ? [parent] : [parent, ['tracestate', state]];
    },

    decode(get) {
      const [, version, traceId = '', spanId = '', flags = '', more] =
        TRACEPARENT.exec(get('traceparent')?.trim() ?? '') ?? [];
      // Later versions may say more; what they say first is understood.
      if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
      const sampled = (Number.parseInt(flags, 16) & 1) === 1;
      return remoteContext(traceId, spanId, sampled, traceStateOf(get('tracestate')));
    },
  };
}

const KEY = /^([a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13})$/;
const VALUE = /^([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])?$/;
const MOST_MEMBERS = 32;
const MOST_CHARACTERS = 512;
const LONG_MEMBER = 128;

/** A tracestate that may be sent on, bounded; undefined for an empty one and for one with anything wrong in it. */
function traceStateOf(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const members = text.split(',').flatMap((member) => member.trim() || []);
  const keys = new Set<string>();
  for (const member of members) {
    const at = member.indexOf('=');
    const key = member.slice(0, at);
    if (at < 0 || keys.has(key) || !KEY.test(key) || !VALUE.test(member.slice(at + 1))) return undefined;
    keys.add(key);
  }
  if (members.length === 0 || members.length > MOST_MEMBERS) return undefined;
  // What W3C's section on limits says: long members go first, then the oldest, which is the last.
  while (members.join().length > MOST_CHARACTERS) {
    const long = members.findLastIndex((member) => member.length > LONG_MEMBER);
    members.splice(long < 0 ? members.length - 1 : long, 1);
  }
  return members.join() || undefined;
}
