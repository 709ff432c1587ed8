import { setTimeout as sleep } from 'node:timers/promises';
import { count, distribution, lastValue, type Measure, measure, sum, type Tags, view } from '@oc/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Recorded, recorded } from '../spans/recorded.ts';

const latency = measure({ name: 'latency', unit: 'ms' });
const bytes = measure({ name: 'bytes', type: 'int64' });

/** All rows of all metrics: name, labels, value. */
async function rowsOf({ metrics }: Recorded): Promise<unknown[]> {
  return (await metrics()).flatMap(({ name, timeSeries }) =>
    [...timeSeries].map(({ labelValues, value }) => [name, ...labelValues, value]),
  );
}

function revoked(): never {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy as never;
}

describe('a measurement', () => {
  const views = [
    view({ name: 'sum', measure: latency, aggregation: sum() }),
    view({ name: 'count', measure: latency, aggregation: count() }),
    view({ name: 'last', measure: latency, aggregation: lastValue() }),
    view({ name: 'spread', measure: latency, aggregation: distribution([]) }),
    view({ name: 'bytes', measure: bytes, aggregation: sum() }),
  ];

  it('stands alone: a bad one beside it changes nothing', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1, undefined, null, '5', {}, 5n, revoked]) {
      const telemetry = recorded({ views: [views[0], views[4]].flatMap((each) => each ?? []) });
      telemetry.oc.stats.record([
        [latency, bad as number],
        [bytes, 7],
        [latency, 2],
      ]);
      expect(await rowsOf(telemetry)).toEqual([
        ['sum', 2],
        ['bytes', 7],
      ]);
    }
  });

  it('stands alone also when its neighbour is no measurement at all', async () => {
    for (const make of [() => undefined, () => null, () => 5, () => [], () => [undefined, 1], () => [{}, 1], revoked]) {
      const telemetry = recorded({ views });
      telemetry.oc.stats.record([make() as never, [bytes, 7], make() as never, [bytes, 1]]);
      expect(await rowsOf(telemetry)).toEqual([['bytes', 8]]);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'of %d is dropped for every view, with one warning a measure',
    async (value) => {
      const telemetry = recorded({ views });
      for (let i = 0; i < 3; i++) {
        telemetry.oc.stats.record([
          [latency, value],
          [bytes, value],
        ]);
        telemetry.oc.stats.bind(latency).record(value);
      }
      expect(await rowsOf(telemetry)).toEqual([]);
      expect(telemetry.problems.map(({ severity, message }) => [severity, /'(\w+)'/.exec(message)?.[1]])).toEqual([
        ['warning', 'latency'],
        ['warning', 'bytes'],
      ]);
    },
  );

  it('below 0 is taken by lastValue alone, with one warning a measure', async () => {
    const telemetry = recorded({ views });
    for (let i = 0; i < 3; i++) {
      telemetry.oc.stats.record([
        [latency, -5],
        [bytes, -1],
      ]);
      telemetry.oc.stats.bind(latency).record(-6);
    }
    expect(await rowsOf(telemetry)).toEqual([['last', -6]]);
    expect(telemetry.problems.map(({ severity, message }) => [severity, /'(\w+)'/.exec(message)?.[1]])).toEqual([
      ['warning', 'latency'],
      ['warning', 'bytes'],
    ]);
  });

  it('below 0 is nothing to warn of when only lastValue views look', async () => {
    const telemetry = recorded({ views: [view({ measure: latency, aggregation: lastValue() })] });
    telemetry.oc.stats.record([[latency, -5]]);
    expect([await rowsOf(telemetry), telemetry.problems]).toEqual([[['latency', -5]], []]);
  });

  it('of a measure without a view is no fault', async () => {
    const telemetry = recorded();
    telemetry.oc.stats.record([[latency, 1]]);
    telemetry.oc.stats.record([[latency, Number.NaN]]);
    telemetry.oc.stats.bind(latency).record(-1);
    expect([await telemetry.metrics(), telemetry.problems]).toEqual([[], []]);
  });

  it('is matched by the name of its measure', async () => {
    const telemetry = recorded({ views });
    telemetry.oc.stats.record([[measure({ name: 'bytes', type: 'int64' }), 5.5]]);
    expect([await rowsOf(telemetry), telemetry.problems]).toEqual([[['bytes', 5]], []]);
  });

  it.each(['constructor', '__proto__', 'toString'])('may be of a measure called %s', async (name) => {
    const odd = measure({ name });
    const telemetry = recorded({ views: [view({ measure: odd, aggregation: sum() })] });
    telemetry.oc.stats.record([[odd, 2]]);
    expect(await rowsOf(telemetry)).toEqual([[name, 2]]);
  });

  it('after shutdown is ignored', async () => {
    const telemetry = recorded({ views });
    telemetry.oc.stats.record([[bytes, 1]]);
    const handle = telemetry.oc.stats.bind(bytes);
    await telemetry.oc.shutdown();
    telemetry.oc.stats.record([[bytes, 1]]);
    handle.record(1);
    expect(await rowsOf(telemetry)).toEqual([['bytes', 1]]);
  });
});

describe('rows', () => {
  const twoKeys = () => recorded({ views: [view({ measure: latency, aggregation: count(), tagKeys: ['k1', 'k2'] })] });

  it('differ by every value: order, null and the empty text too', async () => {
    const telemetry = twoKeys();
    const all: Tags[] = [{ k1: 'a', k2: 'b' }, { k1: 'b', k2: 'a' }, { k2: '' }, { k1: '' }, {}];
    for (let turn = 0; turn < 2; turn++) for (const tags of all) telemetry.oc.stats.record([[latency, 1]], tags);
    telemetry.oc.stats.record([[latency, 1]]);
    expect(await rowsOf(telemetry)).toEqual([
      ['latency', 'a', 'b', 2],
      ['latency', 'b', 'a', 2],
      ['latency', undefined, '', 2],
      ['latency', '', undefined, 2],
      ['latency', undefined, undefined, 3],
    ]);
  });

  it('are one for each combination, whatever the texts hold', async () => {
    const text = fc.oneof(
      fc.constantFrom(undefined, '', 'null', 'undefined', '(other)', '\0', ',', '|', '["a"]', '"', '\\', 'a', 'aa'),
      fc.string({ unit: 'grapheme' }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, text), { maxLength: 40 }), async (pairs) => {
        const telemetry = twoKeys();
        const expected = new Map<string, number>();
        for (const [k1, k2] of pairs) {
          telemetry.oc.stats.record([[latency, 1]], { k1, k2 });
          const key = JSON.stringify([k1 ?? null, k2 ?? null]);
          expected.set(key, (expected.get(key) ?? 0) + 1);
        }
        const rows = await telemetry.rows('latency');
        expect(
          rows.map(({ labelValues, value }) => [JSON.stringify(labelValues.map((each) => each ?? null)), value]),
        ).toEqual([...expected]);
      }),
    );
  });

  it('of a view without tag keys are one', async () => {
    const telemetry = recorded({ views: [view({ measure: latency, aggregation: count() })] });
    for (const tags of [{ a: 'x' }, { a: 'y' }, {}, undefined]) telemetry.oc.stats.record([[latency, 1]], tags);
    expect(await rowsOf(telemetry)).toEqual([['latency', 4]]);
  });
});

describe('tags', () => {
  const one = (key = 'k', more: Parameters<typeof recorded>[0] = {}) =>
    recorded({ views: [view({ measure: latency, aggregation: count(), tagKeys: [key] })], ...more });
  const labelOf = async (tags: unknown, key = 'k') => {
    const telemetry = one(key);
    telemetry.oc.stats.record([[latency, 1]], tags as Tags);
    return (await telemetry.rows('latency')).map(({ labelValues }) => labelValues[0]);
  };

  it.each<[unknown, string | undefined]>([
    ['text', 'text'],
    ['', ''],
    [7, '7'],
    [0, '0'],
    [1.5, '1.5'],
    [true, 'true'],
    [false, 'false'],
    [undefined, undefined],
    [null, undefined],
    [{}, undefined],
    [['a'], undefined],
    ['größe 😀', 'größe 😀'],
    ['a\ud800', 'a\ufffd'],
    ['x'.repeat(10_000), 'x'.repeat(8_192)],
  ])('with the value %j', async (value, label) => {
    expect(await labelOf({ k: value })).toEqual([label]);
  });

  it('of symbols and functions count as absent', async () => {
    expect(await labelOf({ k: Symbol('s') })).toEqual([undefined]);
    expect(await labelOf({ k: () => 'x' })).toEqual([undefined]);
  });

  it('that are one after they were made well-formed and cut are one row', async () => {
    const telemetry = one('k', { limits: { valueLength: 3 } });
    for (const k of ['abc', 'abcd', 'abcde', 'ab\ud800', 'ab\udc00', 'ab\ufffd', 'ab😀']) {
      telemetry.oc.stats.record([[latency, 1]], { k });
    }
    expect(await rowsOf(telemetry)).toEqual([
      ['latency', 'abc', 3],
      ['latency', 'ab\ufffd', 3],
      ['latency', 'ab', 1],
    ]);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf'])(
    'called %s are not what every object inherits',
    async (key) => {
      expect(await labelOf({}, key)).toEqual([undefined]);
      expect(await labelOf({ other: 'x' }, key)).toEqual([undefined]);
      expect(await labelOf(JSON.parse(`{"${key}":"own"}`), key)).toEqual(['own']);
      const telemetry = one(key);
      telemetry.oc.stats.withTags(JSON.parse(`{"${key}":"context"}`), () => {
        telemetry.oc.stats.record([[latency, 1]], { other: 'x' });
        telemetry.oc.stats.record([[latency, 1]], JSON.parse(`{"${key}":"own"}`));
      });
      expect((await telemetry.rows('latency')).map(({ labelValues }) => labelValues[0])).toEqual(['context', 'own']);
    },
  );

  it('are read once for each measurement: its row is where its labels say', async () => {
    const telemetry = one();
    let reads = 0;
    const changing = {
      get k() {
        return `read ${reads++}`;
      },
    };
    telemetry.oc.stats.record([[latency, 1]], changing);
    for (const k of ['read 0', 'read 1', 'read 2']) telemetry.oc.stats.record([[latency, 1]], { k });
    const labels = (await telemetry.rows('latency')).map(({ labelValues }) => labelValues[0]);
    expect(labels).toHaveLength(new Set(labels).size);
  });

  it.each<[string, () => unknown]>([
    ['text', () => 'tags'],
    ['a number', () => 5],
    ['null', () => null],
    ['a list', () => ['a']],
    ['a revoked proxy', revoked],
    [
      'a member that throws',
      () => ({
        get k() {
          throw new Error('not for you');
        },
      }),
    ],
  ])('that are %s throw nothing, and take no other measurement with them', async (_, make) => {
    const telemetry = recorded({
      views: [
        view({ measure: latency, aggregation: count(), tagKeys: ['k'] }),
        view({ name: 'plain', measure: latency, aggregation: count() }),
        view({ measure: bytes, aggregation: count() }),
      ],
    });
    const { stats } = telemetry.oc;
    stats.record([[latency, 1]], make() as Tags);
    stats.record(
      [
        [latency, 1],
        [bytes, 1],
      ],
      make() as Tags,
    );
    stats.bind(latency, make() as Tags).record(1);
    expect(stats.withTags(make() as Tags, () => 'ran')).toBe('ran');
    expect(await rowsOf(telemetry)).toContainEqual(['bytes', 1]);
    expect(await rowsOf(telemetry)).toContainEqual(['plain', expect.any(Number)]);
  });

  it('of which one cannot be read count as absent there, and views that do not ask for it never notice', async () => {
    const telemetry = recorded({
      views: [
        view({ name: 'bad', measure: latency, aggregation: count(), tagKeys: ['bad', 'good'] }),
        view({ name: 'good', measure: latency, aggregation: count(), tagKeys: ['good'] }),
        view({ name: 'plain', measure: latency, aggregation: count() }),
      ],
    });
    const tags = {
      good: 'x',
      get bad(): string {
        throw new Error('not for you');
      },
    };
    telemetry.oc.stats.record([[latency, 1]], tags);
    expect(await rowsOf(telemetry)).toEqual([
      ['bad', undefined, 'x', 1],
      ['good', 'x', 1],
      ['plain', 1],
    ]);
  });

  it('and measurements of any kind throw nothing', async () => {
    const telemetry = recorded({
      views: [view({ measure: latency, aggregation: distribution([1]), tagKeys: ['a', 'constructor'] })],
    });
    const { stats } = telemetry.oc;
    const anything = fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true, withSparseArray: true });
    await fc.assert(
      fc.asyncProperty(anything, anything, anything, async (one, two, three) => {
        stats.record(one as never, two as never);
        stats.record([[latency, one as number]], two as Tags);
        stats.record([[one as Measure, 1]], { a: three } as never);
        stats.bind(one as Measure, two as Tags).record(three as number);
        stats.bind(latency, two as Tags).record(three as number);
        expect(stats.withTags(one as Tags, () => two)).toBe(two);
        stats.register(one as never);
        for (const { labelValues } of await telemetry.rows('latency')) {
          for (const label of labelValues) expect(['string', 'undefined']).toContain(typeof label);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are the same measurement whatever order or extra keys they have', async () => {
    const telemetry = recorded({
      views: [view({ measure: latency, aggregation: count(), tagKeys: ['a', 'b'] })],
    });
    telemetry.oc.stats.record([[latency, 1]], { a: '1', b: '2' });
    telemetry.oc.stats.record([[latency, 1]], { b: '2', extra: 'x', a: '1' });
    expect(await rowsOf(telemetry)).toEqual([['latency', '1', '2', 2]]);
  });

  it('may be reused and changed by the caller', async () => {
    const telemetry = one();
    const tags = { k: 'a' };
    telemetry.oc.stats.record([[latency, 1]], tags);
    tags.k = 'b';
    telemetry.oc.stats.record([[latency, 1]], tags);
    expect(await rowsOf(telemetry)).toEqual([
      ['latency', 'a', 1],
      ['latency', 'b', 1],
    ]);
  });
});

describe('withTags', () => {
  const views = [view({ measure: latency, aggregation: count(), tagKeys: ['tenant', 'method'] })];

  it('adds tags to every record in it, across awaits, in parallel and nested; own ones win', async () => {
    const telemetry = recorded({ views });
    const { stats } = telemetry.oc;
    const record = (tags?: Tags) => stats.record([[latency, 1]], tags);
    await Promise.all([
      stats.withTags({ tenant: 'a' }, async () => {
        await sleep(2);
        record({ method: 'GET' });
        await stats.withTags({ method: 'PUT' }, async () => {
          await sleep(2);
          record();
          record({ tenant: 'own' });
        });
        record();
      }),
      stats.withTags({ tenant: 'b', method: 'POST' }, async () => {
        await sleep(1);
        record();
        stats.withTags({ tenant: 'c' }, () => record());
      }),
    ]);
    record();
    expect((await rowsOf(telemetry)).sort()).toEqual(
      [
        ['latency', 'a', 'GET', 1],
        ['latency', 'a', 'PUT', 1],
        ['latency', 'own', 'PUT', 1],
        ['latency', 'a', undefined, 1],
        ['latency', 'b', 'POST', 1],
        ['latency', 'c', 'POST', 1],
        ['latency', undefined, undefined, 1],
      ].sort(),
    );
  });

  it('hands on what its function returns or throws', async () => {
    const { stats } = recorded({ views }).oc;
    const result = {};
    const error = new Error('through');
    expect(stats.withTags({}, () => result)).toBe(result);
    await expect(stats.withTags({}, () => Promise.reject(error))).rejects.toBe(error);
    expect(() =>
      stats.withTags({}, () => {
        throw error;
      }),
    ).toThrow(error);
  });

  it('takes a copy of its tags', async () => {
    const telemetry = recorded({ views });
    const tags = { tenant: 'a' };
    telemetry.oc.stats.withTags(tags, () => {
      tags.tenant = 'changed';
      telemetry.oc.stats.record([[latency, 1]]);
    });
    expect(await rowsOf(telemetry)).toEqual([['latency', 'a', undefined, 1]]);
  });

  it('works beside spans', async () => {
    const telemetry = recorded({ views });
    const { tracer, stats } = telemetry.oc;
    await stats.withTags({ tenant: 'a' }, () =>
      tracer.span('x', async (span) => {
        await sleep(1);
        stats.record([[latency, 1]]);
        expect(tracer.current()).toBe(span);
        stats.withTags({ tenant: 'b' }, () => expect(tracer.current()).toBe(span));
      }),
    );
    expect(await rowsOf(telemetry)).toEqual([['latency', 'a', undefined, 1]]);
  });
});

describe('a bound handle', () => {
  const views = () => [
    view({ name: 'sum', measure: latency, aggregation: sum(), tagKeys: ['a'] }),
    view({ name: 'last', measure: latency, aggregation: lastValue(), tagKeys: ['a', 'b'] }),
    view({ name: 'spread', measure: latency, aggregation: distribution([5]), tagKeys: ['b'] }),
  ];

  it('makes the rows that record makes, whatever is recorded', async () => {
    const value = fc.oneof(fc.double({ min: -10, max: 10, noNaN: true }), fc.constantFrom(Number.NaN, -1, 0, -0));
    const tags = fc.record(
      { a: fc.constantFrom('x', '', '\ud800'), b: fc.constantFrom('y', undefined) },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, tags), { maxLength: 10 }), async (given) => {
        const bound = recorded({ views: views() });
        const plain = recorded({ views: views() });
        for (const [each, labels] of given) {
          bound.oc.stats.bind(latency, labels).record(each);
          plain.oc.stats.record([[latency, each]], labels);
        }
        expect(await rowsOf(bound)).toEqual(await rowsOf(plain));
      }),
      { numRuns: 200 },
    );
  });

  it('that was given nothing good makes no row', async () => {
    const telemetry = recorded({ views: views() });
    const handle = telemetry.oc.stats.bind(latency, { a: 'x' });
    handle.record(Number.NaN);
    expect(await rowsOf(telemetry)).toEqual([]);
    handle.record(-1);
    expect(await rowsOf(telemetry)).toEqual([['last', 'x', undefined, -1]]);
  });

  it('reaches views that come later', async () => {
    const telemetry = recorded();
    const handle = telemetry.oc.stats.bind(latency, { a: 'x' });
    handle.record(1);
    const [first, second] = views();
    if (first) telemetry.oc.stats.register(first);
    handle.record(2);
    if (second) telemetry.oc.stats.register(second);
    handle.record(3);
    expect(await rowsOf(telemetry)).toEqual([
      ['sum', 'x', 5],
      ['last', 'x', undefined, 3],
    ]);
  });

  it('keeps a copy of its tags, and leaves those of the context out', async () => {
    const telemetry = recorded({ views: [view({ measure: latency, aggregation: count(), tagKeys: ['a', 'b'] })] });
    const tags = { a: 'x' };
    const handle = telemetry.oc.stats.bind(latency, tags);
    tags.a = 'changed';
    telemetry.oc.stats.withTags({ b: 'context' }, () => handle.record(1));
    expect(await rowsOf(telemetry)).toEqual([['latency', 'x', undefined, 1]]);
  });
});
