import { type Format, remoteContext } from './context.ts';
import { areFew, isTag, type TagFormat, type TagPair } from './tags.ts';

// OpenCensus's binary encoding: a byte for its version, then fields, each a byte for its id and its value. Readers stop
// at the first id that they do not know.
const VERSION = 0;

/** Each field of a context in its order: what an id is read as, and how many bytes it takes. */
const FIELDS = [
  { name: 'traceId', bytes: 16 },
  { name: 'spanId', bytes: 8 },
  { name: 'options', bytes: 1 },
] as const;

/** OpenCensus's binary context in gRPC metadata: `grpc-trace-bin`. */
export function grpc(): Format {
  return {
    name: 'grpc',
    fields: ['grpc-trace-bin'],

    encode({ traceId, spanId, sampled }) {
      const hex = `0000${traceId}01${spanId}02${sampled ? '01' : '00'}`;
      return [['grpc-trace-bin', Buffer.from(hex, 'hex').toString('base64')]];
    },

    decode(get) {
      const bytes = bytesOf(get('grpc-trace-bin'));
      if (bytes?.[0] !== VERSION) return undefined;
      const found = { traceId: '', spanId: '', options: '00' };
      let at = 1;
      for (const [id, field] of FIELDS.entries()) {
        if (bytes[at] !== id) break;
        const end = at + 1 + field.bytes;
        if (end > bytes.length) return undefined;
        found[field.name] = bytes.toString('hex', at + 1, end);
        at = end;
      }
      return remoteContext(found.traceId, found.spanId, (Number.parseInt(found.options, 16) & 1) === 1);
    },
  };
}

const TAG = 0;

/**
 * OpenCensus's binary tags in gRPC metadata: `grpc-tags-bin`. Tags are printable ASCII of at most 255 characters; others
 * are left out. Above 8,192 characters in all nothing is sent.
 */
export function grpcTags(): TagFormat {
  return {
    name: 'grpc-tags',
    fields: ['grpc-tags-bin'],

    encode(tags) {
      const pairs = Object.entries(tags).filter(isTag);
      if (pairs.length === 0 || !areFew(pairs)) return [];
      const bytes = pairs.flatMap(([key, value]) => [TAG, ...bytesOfText(key), ...bytesOfText(value)]);
      return [['grpc-tags-bin', Buffer.from([VERSION, ...bytes]).toString('base64')]];
    },

    decode(get) {
      const bytes = bytesOf(get('grpc-tags-bin'));
      if (bytes?.[0] !== VERSION) return undefined;
      const pairs: TagPair[] = [];
      for (let at = 1; bytes[at] === TAG; ) {
        const key = textAt(bytes, at + 1);
        const value = key && textAt(bytes, key.end);
        if (!value || !isTag([key.text, value.text])) return undefined;
        pairs.push([key.text, value.text]);
        at = value.end;
      }
      return areFew(pairs) ? Object.fromEntries(pairs) : undefined;
    },
  };
}

/** ASCII behind its length as a varint: one byte below 128, else two, since no text of a tag needs three. */
function bytesOfText(text: string): readonly number[] {
  const { length } = text;
  const prefix = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
  return [...prefix, ...Buffer.from(text, 'latin1')];
}

/** The text whose length is at `at`, and where it ends; undefined when it ends after the bytes. */
function textAt(bytes: Buffer, at: number): { readonly text: string; readonly end: number } | undefined {
  const low = bytes[at] ?? 0;
  const high = low < 128 ? 0 : (bytes[at + 1] ?? 0); // 128 and more: a third byte follows, and no tag is that long
  const start = at + (low < 128 ? 1 : 2);
  const end = start + (low & 127) + high * 128;
  return end <= bytes.length ? { text: bytes.toString('latin1', start, end), end } : undefined;
}

/** The bytes of base64, with or without padding; undefined when it is anything else. */
function bytesOf(base64 = ''): Buffer | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}
