import { pairOf, percentDecoded, type TagFormat } from './tags.ts';

const MOST_MEMBERS = 180;
const MOST_CHARACTERS = 8_192;
const LONGEST_MEMBER = 4_096;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;

/**
 * W3C Baggage: `baggage`. It takes any text. Above 180 tags, 4,096 characters of one or 8,192 in all nothing is sent.
 * Properties are not read, and members that are wrong are passed over.
 */
export function baggage(): TagFormat {
  return {
    name: 'baggage',
    fields: ['baggage'],

    encode(tags) {
      const members = Object.entries(tags).flatMap(([key, value]) => (key ? `${token(key)}=${encoded(value)}` : []));
      const text = members.join(',');
      const isTooLarge = members.some(({ length }) => length > LONGEST_MEMBER) || text.length > MOST_CHARACTERS;
      return text === '' || isTooLarge || members.length > MOST_MEMBERS ? [] : [['baggage', text]];
    },

    decode(get) {
      const text = get('baggage');
      const members = text?.split(',', MOST_MEMBERS + 1) ?? [];
      if (!text || text.length > MOST_CHARACTERS || members.length > MOST_MEMBERS) return undefined;
      const pairs = members.flatMap((member) => {
        const [key = '', value = ''] = pairOf(member) ?? [];
        if (!TOKEN.test(key) || member.length > LONGEST_MEMBER) return [];
        const pair = [percentDecoded(key), percentDecoded(value)] as const;
        return pair[0] === undefined || pair[1] === undefined ? [] : [pair];
      });
      return Object.fromEntries(pairs);
    },
  };
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** Keys are percent-encoded too, as OpenTelemetry does; parentheses are fine in values but not in keys. */
function token(key: string): string {
  return encoded(key).replaceAll('(', '%28').replaceAll(')', '%29');
}
