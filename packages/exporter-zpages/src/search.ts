import { type AttributeValue, type RunningSpan, STATUS_CODES } from '@oc/core/exporter';

/** One word of a search; a span has to fit it. */
type Term = (span: RunningSpan) => boolean;

const LONGEST = 200;

/**
 * What a search asks for, as one question for each word; undefined for a search of nothing. Words are `key=value`, the
 * beginning of an id, or a part of anything that a span says; quotes hold several together.
 */
export function termsOf(search: string): readonly Term[] | undefined {
  const words = search.slice(0, LONGEST).match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  const terms = words
    .map((word) => termOf(word.replaceAll('"', '').toLowerCase()))
    .filter((term) => term !== undefined);
  return terms.length > 0 ? terms : undefined;
}

/** Whether there is a span for each of the words, not necessarily one span for all. */
export function fits(terms: readonly Term[], spans: readonly RunningSpan[]): boolean {
  return terms.every((term) => spans.some(term));
}

function termOf(word: string): Term | undefined {
  if (word === '') return undefined;
  const at = word.indexOf('=');
  if (at > 0) {
    const key = word.slice(0, at);
    const value = word.slice(at + 1);
    return ({ attributes }) => {
      for (const name in attributes) {
        if (name.toLowerCase() === key && wordsOf(attributes[name]).includes(value)) return true;
      }
      return false;
    };
  }
  const isId = /^[0-9a-f]{4,32}$/.test(word);
  return (span) => (isId && (span.traceId.startsWith(word) || span.spanId.startsWith(word))) || says(span, word);
}

/** Whether the word is in the name, the status, an attribute or an annotation. */
function says({ name, status: { code, message = '' }, attributes, annotations }: RunningSpan, word: string): boolean {
  if (name.toLowerCase().includes(word) || message.toLowerCase().includes(word)) return true;
  if (code !== 0 && STATUS_CODES[code]?.toLowerCase() === word) return true;
  for (const key in attributes) {
    if (key.toLowerCase().includes(word) || wordsOf(attributes[key]).includes(word)) return true;
  }
  return annotations.some(({ description, attributes }) => {
    if (description.toLowerCase().includes(word)) return true;
    return Object.values(attributes).some((value) => wordsOf(value).includes(word));
  });
}

function wordsOf(value: AttributeValue | undefined): string {
  return (typeof value === 'object' ? value.join(' ') : String(value)).toLowerCase();
}
