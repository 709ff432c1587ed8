import { measure, sum, view } from '@oc/core';
import { holds, same } from '../claim.ts';
import type { Item } from '../receiver.ts';
import type { Row } from '../row.ts';
import { arrivedFrom, spanWith, textIn } from './recorded.ts';

function isWellFormed(item: Item): boolean {
  return (
    JSON.stringify([item.name, item.attributes]).isWellFormed() &&
    ![item.name, ...Object.entries(item.attributes).flat()].some(
      (text) => typeof text === 'string' && !text.isWellFormed(),
    )
  );
}

const TEXTS: readonly (readonly [string, string, string])[] = [
  ['a lone high surrogate', 'a\ud800b', 'a\ufffdb'],
  ['a lone low surrogate', '\udc00', '\ufffd'],
  ['NUL', 'a\u0000b', 'a\u0000b'],
  ['line separators', 'a\u2028b\u2029c', 'a\u2028b\u2029c'],
  ['marks of direction', '\u202eabc\u200f', '\u202eabc\u200f'],
  ['an emoji', 'a\u{1f600}b', 'a\u{1f600}b'],
  ['quotes and backslashes', '"\\\'`$(x)', '"\\\'`$(x)'],
];

/** An object that refuses to be looked at. */
function hostileObjects(): Record<string, unknown> {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return {
    cycle,
    get throws(): never {
      throw new Error('of a getter');
    },
    inside: {
      get throws(): never {
        throw new Error('of a getter inside');
      },
    },
    proxy: new Proxy(
      {},
      {
        get: () => {
          throw new Error('of a proxy');
        },
        ownKeys: () => {
          throw new Error('of a proxy');
        },
      },
    ),
    revoked: proxy,
    symbol: Symbol('s'),
    function: () => 1,
    date: new Date(0),
    wrongDate: new Date(Number.NaN),
    map: new Map([[{}, 1]]),
    buffer: Buffer.from('abc'),
    toJson: {
      toJSON: () => {
        throw new Error('of toJSON');
      },
    },
    fine: 'fine',
  };
}

/** What applications put into spans and metrics, well-meant or not. */
export const VALUES: readonly Row[] = [
  {
    id: 'V1',
    title:
      'lone surrogates, NUL, U+2028, marks of direction, an emoji cut in two: U+FFFD or as it is, well-formed on the wire',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const attributes = Object.fromEntries(TEXTS.map(([what, text]) => [what, text]));
      for (const [what, text, expected] of TEXTS) {
        const item = await spanWith(lab, attributes, `x${text}`);
        same(`a name with ${what}`, item.name, `x${expected}`);
        if (what !== 'an emoji') continue;
        for (const [key, , wanted] of TEXTS) same(`an attribute with ${key}`, textIn(item, key), wanted);
      }
      // Cut where an emoji would be cut in two.
      const cut = await spanWith(lab, { long: `${'x'.repeat(8_191)}\u{1f600}` }, `${'x'.repeat(1_023)}\u{1f600}`);
      holds('what is cut is well-formed', isWellFormed(cut));
      same('where a long name was cut', cut.name, 'x'.repeat(1_023));
    },
  },
  {
    id: 'V3',
    title: 'BigInt within 2^53: a number; beyond: its digits',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const item = await spanWith(lab, { small: 7n, negative: -(2n ** 53n - 1n), large: 2n ** 64n, list: [1n, 2n] });
      const seen = ['small', 'negative', 'large', 'list'].map((key) => textIn(item, key));
      same('what arrived', seen, ['7', '-9007199254740991', '18446744073709551616', '[1,2]']);
    },
  },
  {
    id: 'V4',
    title: 'NaN, infinities, -0, 2^53+1 in attributes: said in words or left out, never null',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const item = await spanWith(lab, {
        nan: Number.NaN,
        up: Infinity,
        down: -Infinity,
        zero: -0,
        large: 2 ** 53 + 1,
        fine: 1.5,
      });
      const oneOf = (key: string, ...allowed: readonly (string | undefined)[]): void => {
        holds(`${key} arrives as one of ${allowed.join()}`, allowed.includes(textIn(item, key)), textIn(item, key));
      };
      oneOf('nan', 'NaN', undefined);
      oneOf('up', 'Infinity', undefined);
      oneOf('down', '-Infinity', undefined);
      oneOf('zero', '0', '-0');
      oneOf('large', '9007199254740992');
      oneOf('fine', '1.5');
      same(
        'null among the values',
        Object.values(item.attributes).filter((value) => value === null),
        [],
      );
    },
  },
  {
    id: 'V4-metrics',
    title: 'NaN, infinities, negative numbers that are measured: left out of every metric, the rest is right',
    signals: 'metrics',
    applies: () => true,
    async run(lab) {
      const taken = measure({ name: 'testkit/numbers' });
      const views = [view({ measure: taken, aggregation: sum(), tagKeys: ['id'] })];
      const { items } = await arrivedFrom(
        lab,
        ({ oc }) => {
          for (const value of [Number.NaN, Infinity, -Infinity, -1, 0.5, 2 ** 53 + 1])
            oc.stats.record([[taken, value]], { id: 'v' });
        },
        { views },
      );
      const [item] = items.filter(({ id }) => id === 'v');
      same('the sum', Number(item?.value), 0.5 + 2 ** 53 + 1);
    },
  },
  {
    id: 'V5',
    title:
      'cycles, getters that throw, revoked proxies, symbols, functions, dates, maps: nothing is thrown, the rest arrives',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const item = await spanWith(lab, hostileObjects());
      same('what could be read', [textIn(item, 'fine'), textIn(item, 'date')], ['fine', '1970-01-01T00:00:00.000Z']);
      const unreadable = ['cycle', 'throws', 'symbol', 'function', 'revoked'].filter(
        (key) => textIn(item, key) !== undefined,
      );
      same('what could not', unreadable, []);
      const { items } = await arrivedFrom(lab, ({ oc }) => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        for (const attributes of [proxy, null, 7, 'text', [1, 2]]) {
          oc.tracer
            .startSpan('x', { parent: null, attributes: attributes as never })
            .setAttribute('k', proxy)
            .end();
        }
        oc.tracer.startSpan(undefined as never, { parent: null }).end();
      });
      same('spans that arrived in spite of their attributes', items.length, 6);
    },
  },
  {
    id: 'V6',
    title:
      'keys like __proto__, constructor, toString, an empty one, one of 10 KB: kept or dropped, nothing is polluted',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const attributes = JSON.parse(
        '{"__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h","":"empty","fine":"f"}',
      );
      attributes['k'.repeat(10_000)] = 'long';
      const item = await spanWith(lab, attributes);
      same(
        'well-known keys',
        ['constructor', 'toString', 'hasOwnProperty', 'fine'].map((key) => textIn(item, key)),
        ['c', 't', 'h', 'f'],
      );
      holds(
        '__proto__ is kept or dropped',
        ['p', undefined].includes(textIn(item, '__proto__')),
        textIn(item, '__proto__'),
      );
      const longest = Math.max(...Object.keys(item.attributes).map(({ length }) => length));
      holds('long keys are cut', longest < 1_000, longest);
      same('what plain objects have inherited', Object.keys(Object.getPrototypeOf({})), []);
    },
  },
];
