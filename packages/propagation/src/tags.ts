import type { HeaderGetter, HeaderPair } from './carrier.ts';

/** Tags as they come from another process. Any key is safe: it is a property of the object itself. */
export type ReceivedTags = Readonly<Record<string, string>>;

/** How tags travel: plain data and two pure functions, so that you may write your own. */
export interface TagFormat {
  /** For people: 'baggage'. */
  readonly name: string;
  /** All headers that it reads or writes, in lower case. `injectTags` takes them off first, so that no old one stays. */
  readonly fields: readonly string[];
  /** The headers that stand for the tags: all of them, or none when there are too many. */
  encode(tags: ReceivedTags): readonly HeaderPair[];
  /** The tags that the headers stand for; undefined when they are absent or wrong. */
  decode(get: HeaderGetter): ReceivedTags | undefined;
}

/** A tag with both parts as text. */
export type TagPair = readonly [key: string, value: string];

const LONGEST = 255;
const MOST_CHARACTERS = 8_192;

/** Whether OpenCensus knows such a tag: printable ASCII of at most 255 characters, the key not empty. */
export function isTag([key, value]: TagPair): boolean {
  return /^[\x20-\x7e]+$/.test(key) && /^[\x20-\x7e]*$/.test(value) && key.length <= LONGEST && value.length <= LONGEST;
}

/** Whether OpenCensus lets the tags travel together: at most 8,192 characters, not counting what separates them. */
export function areFew(tags: readonly TagPair[]): boolean {
  return tags.reduce((sum, [key, value]) => sum + key.length + value.length, 0) <= MOST_CHARACTERS;
}

/** Key and value of a member of a list as `key = value; property`; undefined when it has no `=`. */
export function pairOf(member: string): TagPair | undefined {
  const [pair = ''] = member.split(';', 1);
  const at = pair.indexOf('=');
  return at < 0 ? undefined : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}

/** Text without its percent-encoding, or undefined when that is broken. */
export function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
