import { createHash } from 'node:crypto';

/** When samples begin, in microseconds since 1970. */
export const START: number = 1_735_689_600_250_000;
/** In microseconds. */
export const SECOND: number = 1_000_000;

/** Hex digits that depend on nothing but the text. */
export function digits(text: string, count: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, count);
}

/** Texts of all scripts and of all that formats use for themselves, by what they are. */
export const TEXTS: Readonly<Record<string, string>> = {
  empty: '',
  blank: ' ',
  controls: 'a\u0000b\u0007c\u001bd\u007fe',
  lines: 'a\nb\r\nc\td\u2028e\u2029f',
  quotes: '"double" \'single\' `tick` \\back\\',
  markup: '</script><b onclick="x">&amp;',
  separators: 'a=b,c;d|e:f#g?h/i%j',
  'right to left': '\u05e9\u05dc\u05d5\u05dd \u202eabc\u202c',
  combining: 'e\u0301\u0323',
  wide: '\u4f60\u597d',
  emoji: '\u{1f469}\u200d\u{1f4bb}\u{1f600}',
  replacement: '\ufffd',
  'last code points': '\uffff\u{10ffff}',
};
