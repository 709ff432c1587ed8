import type { Metric, Resource, SpanData, TimeSeries } from '@oc/core/exporter';

/** Makes one line of one item, without the line feed at its end. */
export interface LineFormat {
  span(span: SpanData, resource: Resource): string;
  series(metric: Metric, series: TimeSeries, resource: Resource): string;
}

// What could break a line, move a terminal's cursor or show text in another order than it has: controls (C0, DEL, C1),
// line and paragraph separators, marks of writing direction.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNSAFE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const EACH_UNSAFE = new RegExp(UNSAFE, 'g');

/** True when `text` must not be shown as it is. */
export function isUnsafe(text: string): boolean {
  return UNSAFE.test(text);
}

/** JSON whose strings can do no harm to a line or a terminal; `JSON.parse` gives the value back. */
export function safeJson(value: unknown): string {
  const json = JSON.stringify(value);
  // JSON.stringify itself writes NaN and the infinities as null.
  const exact = json.includes('null') ? JSON.stringify(value, spelled) : json;
  return exact.replace(EACH_UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function spelled(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
