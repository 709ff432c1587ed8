import { areFew, isTag, pairOf, percentDecoded, type TagFormat, type TagPair } from './tags.ts';

const MOST_TAGS = 180;

/**
 * OpenCensus's tags as text: `correlation-context`. Tags are printable ASCII of at most 255 characters; others are left
 * out. Above 180 tags, or 8,192 characters in all, nothing is sent.
 */
export function correlationContext(): TagFormat {
  return {
    name: 'correlation-context',
    fields: ['correlation-context'],

    encode(tags) {
      const pairs = Object.entries(tags).filter(isTag);
      if (pairs.length === 0 || pairs.length > MOST_TAGS || !areFew(pairs)) return [];
      return [['correlation-context', pairs.map((pair) => pair.map(escaped).join('=')).join(',')]];
    },

    decode(get) {
      const members = get('correlation-context')?.split(',', MOST_TAGS + 1) ?? [];
      const pairs: TagPair[] = [];
      for (const member of members) {
        const [key = '', value = '='] = pairOf(member) ?? [];
        const pair: TagPair = [unescaped(key), unescaped(value)];
        if (value.includes('=') || !isTag(pair)) return undefined;
        pairs.push(pair);
      }
      return pairs.length > 0 && pairs.length <= MOST_TAGS && areFew(pairs) ? Object.fromEntries(pairs) : undefined;
    },
  };
}

// OpenCensus's own libraries send and read text as it is, so no more is escaped than what would not come back.
function escaped(text: string): string {
  return text.replaceAll(/[%,;=]|^ | $/g, encodeURIComponent);
}

function unescaped(text: string): string {
  return percentDecoded(text) ?? text;
}
