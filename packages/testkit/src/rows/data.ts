import { inspect } from 'node:util';
import { count, distribution, lastValue, measure, type SpanOptions, sum, view } from '@oc/core';
import { holds, same } from '../claim.ts';
import type { HttpBackend, Lab } from '../lab.ts';
import type { Item } from '../receiver.ts';
import { needing, overHttp, type Row, taking } from '../row.ts';
import { answering } from '../servers/http.ts';
import type { Subject, SubjectOptions } from '../subject.ts';

const always = (): true => true;

/** Records spans as an application does, and reads back what arrived. */
async function arrivedFrom(
  lab: Lab,
  act: (subject: Subject) => void,
  options: SubjectOptions = {},
): Promise<{ items: readonly Item[]; subject: Subject }> {
  const backend = await lab.backend();
  const subject = lab.open(backend, options);
  act(subject);
  await subject.oc.flush({ withinMs: 4_000 });
  await lab.settled(subject);
  return { items: backend.items, subject };
}

/** One span with such attributes, as it arrived. */
async function spanWith(lab: Lab, attributes: object, name = 'x', more: SpanOptions = {}): Promise<Item> {
  const { items } = await arrivedFrom(lab, ({ oc }) => {
    oc.tracer.startSpan(name, { parent: null, ...more, attributes: attributes as Record<string, unknown> }).end();
  });
  same('items that arrived', items.length, 1);
  return items[0] as Item;
}

/** Text of what a format made of a value: many have only text. */
function textIn(item: Item, key: string): string | undefined {
  const value = Object.hasOwn(item.attributes, key) ? item.attributes[key] : undefined;
  return value === undefined ? undefined : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

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

export const DATA: readonly Row[] = [
  {
    id: 'V1',
    title:
      'lone surrogates, NUL, U+2028, marks of direction, an emoji cut in two: U+FFFD or as it is, well-formed on the wire',
    signals: 'spans',
    applies: always,
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
    id: 'V2',
    title: 'a text of 5 MB, 100,000 attributes, a depth of 10,000: cut and counted, cheap for the application',
    signals: 'spans',
    isHeavy: true,
    applies: always,
    async run(lab) {
      let deep: unknown = 'end';
      for (let depth = 0; depth < 10_000; depth++) deep = { deep };
      const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`key${at}`, at]));
      for (const [what, attributes] of Object.entries({
        long: { text: 'x'.repeat(5_000_000) },
        deep: { deep },
        many,
      })) {
        const item = await spanWith(lab, attributes, what);
        const size = JSON.stringify(item).length;
        holds(`what arrives of a span that is ${what} is small`, size < 20_000, size);
      }
      const thousand = Object.fromEntries(Object.entries(many).slice(0, 1_000));
      const { oc } = lab.open(await lab.backend());
      const took = Array.from({ length: 30 }, () => {
        const began = performance.now();
        oc.tracer.startSpan('x', { parent: null, attributes: thousand }).end();
        return performance.now() - began;
      });
      holds('a span of 1,000 attributes costs under 1 ms', Math.min(...took) < 1, Math.min(...took));
    },
  },
  {
    id: 'V3',
    title: 'BigInt within 2^53: a number; beyond: its digits',
    signals: 'spans',
    applies: always,
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
    applies: always,
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
    applies: always,
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
    applies: always,
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
    applies: always,
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
  {
    id: 'V7',
    title: 'metrics and labels whose names differ in a dot or underscore only: both arrive, whole',
    signals: 'metrics',
    applies: always,
    async run(lab) {
      const names = ['testkit/a.b', 'testkit/a_b'];
      const measures = names.map((name) => measure({ name }));
      const views = measures.map((each) => view({ measure: each, aggregation: sum(), tagKeys: ['id', 'l.x', 'l_x'] }));
      const { items } = await arrivedFrom(
        lab,
        ({ oc }) => {
          for (const [i, each] of measures.entries())
            oc.stats.record([[each, i + 1]], { id: `of${i}`, 'l.x': 'dot', l_x: 'low' });
        },
        { views },
      );
      const rows = items.filter(({ id }) => id.startsWith('of'));
      same('rows and values', rows.map(({ id, value }) => [id, Number(value)]).sort(), [
        ['of0', 1],
        ['of1', 2],
      ]);
      same('different names', new Set(rows.map(({ name }) => name)).size, 2);
      for (const { attributes } of rows) {
        const labels = Object.values(attributes).map(String);
        holds('both labels arrive', labels.includes('dot') && labels.includes('low'), attributes);
      }
    },
  },
  {
    id: 'V8',
    title: 'line breaks in names, attributes, service: carried as text, one request stays one request',
    signals: 'spans',
    applies: always,
    async run(lab) {
      const smuggled = '\r\n\r\nPOST /smuggled HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n';
      const backend = await lab.backend();
      const subject = lab.open(backend, { service: `service${smuggled}` });
      subject.oc.tracer
        .startSpan(`x${smuggled}`, { parent: null, attributes: { [`k${smuggled}`]: `v${smuggled}` } })
        .end();
      await subject.oc.flush({ withinMs: 3_000 });
      await lab.settled(subject);
      same(
        'items that arrived',
        backend.items.map(({ name }) => name),
        [`x${smuggled}`],
      );
      same('the attribute', textIn(backend.items[0] as Item, `k${smuggled}`), `v${smuggled}`);
      if ('server' in backend) {
        const { arrivals } = (backend as HttpBackend).server;
        same('requests', arrivals.length, 1);
        holds('none was smuggled in', !arrivals.some(({ path }) => path.includes('smuggled')));
      }
    },
  },
  {
    id: 'V8-keys',
    title: 'a line break in a key or token: a ConfigError when the exporter is made, without the value',
    signals: 'first',
    applies: needing(overHttp, taking('secret')),
    async run(lab) {
      const { target } = await lab.http();
      for (const secret of ['hush-hush\r\nx-admin: yes', 'hush-hush\u0000', 'hush-hush\n']) {
        const error = thrownBy(() => lab.make({ ...target, secret }));
        same('what is thrown', (error as Error | undefined)?.name, 'ConfigError');
        holds('the value is not shown', !inspect(error).includes('hush-hush'));
      }
    },
  },
  {
    id: 'V10',
    title: 'a token in a header, a password in the URL: in no report, error, cause, health or inspection',
    signals: 'first',
    applies: needing(overHttp, taking('secret')),
    async run(lab) {
      lab.stopTime();
      const [secret, password] = ['token-9f8e7d6c5b', 'pa55word-1a2b'];
      const behaviours = [
        (backend: HttpBackend) => {
          // It repeats all that it was sent.
          backend.server.behave = { act: (arrival) => arrival.answer({ status: 400, body: arrival.head }) };
        },
        (backend: HttpBackend) => {
          backend.server.behave = {
            act: (arrival) => arrival.answer({ status: 403, body: `${secret} is no key of shop:${password}` }),
          };
        },
        (backend: HttpBackend) => {
          const location = `http://127.0.0.1:9/${password}?key=${secret}`;
          backend.server.behave = answering({ status: 302, headers: { location } });
        },
        (backend: HttpBackend) => {
          backend.server.behave = { act: (arrival) => arrival.reset() };
        },
      ];
      for (const behave of behaviours) {
        const backend = await lab.http();
        behave(backend);
        const url = `http://shop:${password}@127.0.0.1:${backend.server.tcp.port}`;
        const exporter = lab.make({ url, secret });
        const subject = lab.open({ url, secret }, { delivery: { batchItems: 1 } });
        subject.send(2);
        await lab.until('it is told', () => subject.messages.length > 0 || subject.account().lastError !== undefined);
        const sent = backend.server.arrivals[0]?.head ?? '';
        holds('the backend itself is shown the token', sent.includes(secret), sent);
        const shown = inspect([subject.problems, subject.oc.health(), exporter], {
          depth: 12,
          showHidden: true,
          getters: true,
        });
        const base64 = btoa(`shop:${password}`);
        same(
          'secrets that are shown',
          [secret, password, base64].filter((each) => shown.includes(each)),
          [],
        );
      }
    },
  },
  {
    id: 'V11',
    title:
      'an end before the start, 1970, the year 9999, a wall clock that jumps: no negative duration, no wrong number',
    signals: 'spans',
    applies: always,
    async run(lab) {
      const clock = lab.stopTime();
      const backend = await lab.backend();
      const { oc, ...subject } = lab.open(backend);
      const times = [
        [1_000_000, 0],
        [0, 0],
        [0, 1],
        [Date.UTC(9999, 11, 31), Date.UTC(9999, 11, 31) + 5],
        [Number.NaN, Number.NaN],
        [-5, -10],
      ] as const;
      for (const [at, [start, end]] of times.entries())
        oc.tracer.startSpan(`given${at}`, { parent: null, start }).end(end);
      const span = oc.tracer.startSpan('jump', { parent: null });
      await lab.pass(1_500);
      clock.wallOffsetMs -= 3_600_000;
      await lab.pass(500);
      span.end();
      await lab.until(
        'all arrive',
        () => backend.items.length === times.length + 1,
        () => subject,
      );
      for (const { name, start, end } of backend.items) {
        for (const time of [start, end]) {
          holds(
            `a time of ${name} is a whole number from 0`,
            time === undefined || (Number.isInteger(time) && time >= 0),
            time,
          );
        }
        if (start !== undefined && end !== undefined) holds(`${name} ends after its start`, end >= start, [start, end]);
      }
      const jump = backend.items.find(({ name }) => name === 'jump');
      if (jump?.start !== undefined && jump.end !== undefined)
        same('a duration over a jump', jump.end - jump.start, 2_000_000);
    },
  },
  {
    id: 'V12',
    title: 'a million label sets: 2,000 rows and one for the others, the total right, one warning',
    signals: 'metrics',
    isHeavy: true,
    applies: always,
    async run(lab) {
      const hits = measure({ name: 'testkit/hits' });
      const views = [view({ measure: hits, aggregation: sum(), tagKeys: ['id'] })];
      const backend = await lab.backend();
      const subject = lab.open(backend, { views });
      for (let at = 0; at < 1_000_000; at++) {
        subject.oc.stats.record([[hits, 1]], { id: `set${at}` });
        if (at % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve)); // other rows have deadlines
      }
      await subject.oc.flush({ withinMs: 4_000 });
      await lab.settled(subject);
      const rows = backend.items.filter(({ id }) => id.startsWith('set') || id === '(other)');
      holds('rows', rows.length <= 2_001, rows.length);
      same('the row of the others', rows.filter(({ id }) => id === '(other)').length, 1);
      same(
        'the total',
        rows.reduce((total, { value }) => total + Number(value), 0),
        1_000_000,
      );
      same('warnings', subject.messages.length, 1);
    },
  },
  {
    id: 'V13',
    title: 'an array or object that changes after the end, shared by several spans: what was at the time arrives',
    signals: 'spans',
    applies: always,
    async run(lab) {
      const list = ['before'];
      const object = { text: 'before' };
      const { items } = await arrivedFrom(lab, ({ oc }) => {
        for (const name of ['x', 'y']) {
          const span = oc.tracer.startSpan(name, { parent: null, attributes: { list, object } });
          span.end();
          span.setAttribute('late', 'late');
        }
        list.push('after');
        list[0] = 'changed';
        object.text = 'after';
      });
      for (const item of items) {
        const seen = ['list', 'object', 'late'].map((key) => textIn(item, key));
        same(`what arrived of ${item.name}`, seen, ['["before"]', '{"text":"before"}', undefined]);
      }
    },
  },
  {
    id: 'V14',
    title: 'ids that are zero, short, in capitals or no text, in parents and links: mended or dropped, never sent',
    signals: 'spans',
    applies: always,
    async run(lab) {
      const ids = ['0'.repeat(32), 'abc', 'G'.repeat(32), '', 7, undefined];
      const capitals = { traceId: 'ABCDEF0123456789ABCDEF0123456789', spanId: 'ABCDEF0123456789', sampled: true };
      const { items } = await arrivedFrom(lab, ({ oc }) => {
        const contexts = [
          ...ids.map((id) => ({ traceId: id, spanId: String(id).slice(0, 16), sampled: true })),
          capitals,
        ];
        for (const context of contexts)
          oc.tracer
            .startSpan('x', { parent: context as never })
            .link(context as never)
            .end();
      });
      same('spans that arrived', items.length, ids.length + 1);
      for (const { id, traceId, parentId } of items) {
        holds('a span id is 16 lower-case digits', /^(?!0+$)[0-9a-f]{16}$/.test(id), id);
        holds(
          'a trace id is 32 lower-case digits',
          traceId === undefined || /^(?!0+$)[0-9a-f]{32}$/.test(traceId),
          traceId,
        );
        holds(
          'a parent id is 16 lower-case digits',
          parentId === undefined || /^(?!0+$)[0-9a-f]{16}$/.test(parentId),
          parentId,
        );
      }
    },
  },
  {
    id: 'V-kinds',
    title:
      'each kind of metric: gauge, count, sum, distribution with and without bounds: nothing is lost, no row twice',
    signals: 'metrics',
    applies: always,
    async run(lab) {
      const taken = measure({ name: 'testkit/kinds', unit: 'ms' });
      const aggregations = {
        count: count(),
        sum: sum(),
        lastValue: lastValue(),
        distribution: distribution([1, 10]),
        bare: distribution([]),
      };
      const views = Object.entries(aggregations).map(([name, aggregation]) =>
        view({ name: `testkit/${name}`, measure: taken, aggregation, tagKeys: ['id'] }),
      );
      const { items, subject } = await arrivedFrom(
        lab,
        ({ oc }) => {
          for (const value of [0.5, 5, 50]) oc.stats.record([[taken, value]], { id: 'v' });
          oc.stats.record([[taken, 5]], {});
        },
        { views },
      );
      lab.accountIs(subject, 2 * views.length);
      same('metrics that arrived', new Set(items.map(({ name }) => name)).size, views.length);
    },
  },
];

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
