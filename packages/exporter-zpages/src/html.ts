const MARKUP: unique symbol = Symbol('markup');

/** Markup that `html` has made: it goes into a page as it is. */
export interface Html {
  readonly [MARKUP]: string;
}

/** What may stand in a template; nothing is written for null, undefined and false. */
export type Part = string | number | boolean | null | undefined | Html | readonly Part[];

/**
 * Makes markup of a template. Every value in it is escaped, for text and for attributes in quotes alike, unless it is
 * markup itself: names, values and messages of others can never become part of the page.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] ?? '';
  for (let at = 0; at < parts.length; at++) text += markupOf(parts[at]) + (strings[at + 1] ?? '');
  return { [MARKUP]: text };
}

/** The text of markup, to be sent. */
export function textOf(markup: Html): string {
  return markup[MARKUP];
}

function markupOf(part: Part): string {
  if (part === null || part === undefined || part === false || part === true) return '';
  if (typeof part === 'object') return MARKUP in part ? part[MARKUP] : part.map(markupOf).join('');
  return escaped(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
// HTML has no way to write most control characters, and characters that turn the direction of writing could make a text
// look like another: both are shown as what they are.
const UNSHOWABLE = /(?![\t\n\r])\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
    .replace(UNSHOWABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Query parameters of a link; null and undefined are left out. */
export type Query = Readonly<Record<string, string | number | null | undefined>>;

/** A link to a page of ours, relative, so that it holds wherever the pages are mounted. */
export function link(page: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const search = pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value).toWellFormed())}`).join('&');
  return search ? `${page || './'}?${search}` : page || './';
}
