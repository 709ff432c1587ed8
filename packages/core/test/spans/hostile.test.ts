import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AttributesInput, AttributeValue, Limits, Span, SpanOptions } from '@oc/core';
import type { Attributes, SpanData } from '@oc/core/exporter';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onlySpan, recorded } from './recorded.ts';

/** Text of any UTF-16 units, lone surrogates, NUL and marks of direction included. */
const wildText = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom('\ud800', '\udc00', '\0', '\u2028', '\u202e', '😀', '\r\n', '"', '\\', '\ufeff'),
  ),
});
const wildKey = fc.oneof(
  wildText,
  fc.constantFrom('', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a', 'b', 'k'.repeat(10_000)),
);
const anything = fc.anything({
  key: wildKey,
  values: [wildText, fc.double(), fc.integer(), fc.boolean(), fc.bigInt(), fc.constantFrom(null, undefined)],
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});
/** Makes a value; wrapped in a function, because fast-check looks into values, and some of these do not like that. */
const hostile: fc.Arbitrary<() => unknown> = fc.oneof(
  anything.map((value) => () => value),
  fc.constantFrom<(() => unknown)[]>(
    revoked,
    () => Symbol('s'),
    () => () => {},
    () => class {},
    throwing,
    cyclic,
    () => new Proxy({}, trapsThatThrow),
    () => new Proxy([], trapsThatThrow),
    () => Object.assign(() => {}, { toString: () => 5 }),
  ),
);

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
function throwing(): { readonly x?: never } {
  return Object.defineProperty({}, 'x', {
    enumerable: true,
    get() {
      throw new Error('not for you');
    },
  });
}
/** Many levels, each made of the one below it. */
function nested(levels: number, wrap: (inner: object) => object): object {
  let value: object = {};
  for (let i = 0; i < levels; i++) value = wrap(value);
  return value;
}
function branching(): object {
  const ring: Record<string, unknown> = {};
  for (let i = 0; i < 100; i++) ring[`k${i}`] = ring;
  return ring;
}
function cyclic(): object {
  const ring: Record<string, unknown> = { name: 'ring' };
  ring.self = ring;
  ring.list = [ring, { ring }];
  return ring;
}
const trapsThatThrow = Object.fromEntries(
  ['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'].map((trap) => [
    trap,
    () => {
      throw new Error(`trap ${trap}`);
    },
  ]),
);

const LIMITS: Limits = {
  attributes: 4,
  annotations: 3,
  messageEvents: 3,
  links: 3,
  nameLength: 10,
  keyLength: 7,
  valueLength: 20,
  stackLength: 30,
  arrayLength: 3,
  seriesPerView: 100,
};

/** The least of many measurements, which is the one least disturbed. */
function leastMs(runs: number, act: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const before = performance.now();
    act();
    least = Math.min(least, performance.now() - before);
  }
  return least;
}

/** Throws unless the text is well-formed and within its limit. */
function expectText(text: unknown, most: number): void {
  expect(typeof text).toBe('string');
  expect((text as string).isWellFormed()).toBe(true);
  expect((text as string).length).toBeLessThanOrEqual(most);
}

function expectValue(value: unknown, limits: Limits): void {
  if (typeof value === 'string') expectText(value, Math.max(limits.valueLength, limits.stackLength));
  else if (Array.isArray(value)) expectList(value, limits);
  else expect(['number', 'boolean']).toContain(typeof value);
}

function expectList(value: readonly unknown[], limits: Limits): void {
  expect(Object.getPrototypeOf(value)).toBe(Array.prototype);
  expect(value.length).toBeLessThanOrEqual(limits.arrayLength);
  // By index, so that a hole counts too.
  const types = new Set(Array.from({ length: value.length }, (_, i) => typeof value[i]));
  expect(types.size).toBeLessThanOrEqual(1);
  for (const type of types) expect(['string', 'number', 'boolean']).toContain(type);
  for (const item of value) if (typeof item === 'string') expectText(item, limits.valueLength);
}

function expectAttributes(attributes: Attributes, limits: Limits): void {
  expect(Object.keys(attributes).length).toBeLessThanOrEqual(limits.attributes);
  expect('constructor' in attributes && !Object.hasOwn(attributes, 'constructor')).toBe(false);
  for (const [key, value] of Object.entries(attributes)) {
    expect(key).not.toBe('');
    expectText(key, Math.max(limits.keyLength, 'exception.stacktrace'.length));
    expectValue(value, limits);
  }
}

/** Throws unless the span keeps what the contract promises to exporters. */
function expectSound(span: SpanData, limits: Limits = LIMITS): void {
  const whole = (number: unknown): void => expect(Number.isSafeInteger(number) && Number(number) >= 0).toBe(true);
  expect(span.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
  expect(span.spanId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
  expect(span.parentSpanId ?? 'a'.repeat(16)).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
  expectText(span.traceState ?? '', 8_192);
  expectText(span.name, limits.nameLength);
  expect(['unspecified', 'server', 'client', 'producer', 'consumer']).toContain(span.kind);
  for (const time of [span.start, span.end]) expect(Number.isInteger(time) && time >= 0).toBe(true);
  expect(span.end).toBeGreaterThanOrEqual(span.start);
  whole(span.status.code);
  expect(span.status.code).toBeLessThanOrEqual(16);
  expectText(span.status.message ?? '', limits.valueLength);
  expectAttributes(span.attributes, limits);
  expect(span.annotations.length).toBeLessThanOrEqual(limits.annotations);
  for (const { time, description, attributes } of span.annotations) {
    whole(time);
    expectText(description, limits.valueLength);
    expectAttributes(attributes, limits);
  }
  expect(span.messageEvents.length).toBeLessThanOrEqual(limits.messageEvents);
  for (const { time, type, id, uncompressedBytes = 0, compressedBytes = 0 } of span.messageEvents) {
    for (const number of [time, id, uncompressedBytes, compressedBytes]) whole(number);
    expect(['sent', 'received']).toContain(type);
  }
  expect(span.links.length).toBeLessThanOrEqual(limits.links);
  for (const { traceId, spanId, type, traceState, attributes } of span.links) {
    expect(traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
    expect(spanId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
    expect(['unspecified', 'child', 'parent']).toContain(type);
    expectText(traceState ?? '', 8_192);
    expectAttributes(attributes, limits);
  }
  for (const count of Object.values(span.dropped)) whole(count);
  JSON.stringify(span);
}

/** What one attribute becomes: its value, and how many were dropped for it. */
async function kept(value: unknown, limits: Partial<Limits> = {}): Promise<[AttributeValue | undefined, number]> {
  const telemetry = recorded({ limits });
  telemetry.oc.tracer.startSpan('x').setAttribute('k', value).end();
  const { attributes, dropped } = await onlySpan(telemetry);
  return [attributes.k, dropped.attributes];
}

describe('an attribute value', () => {
  const date = new Date('2026-01-02T03:04:05.678Z');
  it.each<[string, unknown, AttributeValue]>([
    ['a string', 'text', 'text'],
    ['an empty string', '', ''],
    ['false', false, false],
    ['zero', 0, 0],
    ['minus zero', -0, -0],
    ['NaN', Number.NaN, Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['minus infinity', Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ['2^53 + 2', 2 ** 53 + 2, 2 ** 53 + 2],
    ['the least number', Number.MIN_VALUE, Number.MIN_VALUE],
    ['a list of strings', ['a', ''], ['a', '']],
    ['a list of numbers', [1, Number.NaN, -0], [1, Number.NaN, -0]],
    ['a list of booleans', [true, false], [true, false]],
    ['an empty list', [], []],
    ['a mixed list', [1, 'a', true, null], '[1,"a",true,null]'],
    ['a list of lists', [[1], [2]], '[[1],[2]]'],
    ['an object', { b: 1, a: 'x' }, '{"b":1,"a":"x"}'],
    ['a Date', date, '2026-01-02T03:04:05.678Z'],
    ['a lone high surrogate', 'a\ud83d', 'a\ufffd'],
    ['a lone low surrogate', '\ude00b', '\ufffdb'],
    ['surrogates the wrong way round', '\ude00\ud83d', '\ufffd\ufffd'],
    ['a list with a lone surrogate', ['a\ud83d'], ['a\ufffd']],
    ['NUL, U+2028, a mark of direction, a byte order mark', '\0\u2028\u202e\ufeff', '\0\u2028\u202e\ufeff'],
  ])('that is %s is kept', async (_, value, expected) => {
    const [got, dropped] = await kept(value);
    expect([got, dropped]).toStrictEqual([expected, 0]);
    expect(Object.is(got, expected) || typeof expected === 'object').toBe(true);
  });

  // Apart from the table above, whose titles cannot hold a BigInt.
  it.each<[string, string, AttributeValue]>([
    ['0', '0', 0],
    ['2^53 - 1', '9007199254740991', 9007199254740991],
    ['-(2^53 - 1)', '-9007199254740991', -9007199254740991],
    ['2^53 + 1', '9007199254740993', '9007199254740993'],
    ['-2^64', '-18446744073709551616', '-18446744073709551616'],
  ])('that is the BigInt %s is a number within 2^53, else its decimal text', async (_, digits, expected) => {
    expect(await kept(BigInt(digits))).toEqual([expected, 0]);
    expect(await kept([BigInt(digits)])).toEqual([[expected], 0]);
  });

  it.each<[string, () => unknown]>([
    ['a symbol', () => Symbol('s')],
    ['a function', () => () => 1],
    ['a class', () => class {}],
    ['a revoked proxy', revoked],
    ['an object with a getter that throws', throwing],
    ['a proxy whose traps throw', () => new Proxy({}, trapsThatThrow)],
    ['a list whose element throws', () => [throwing()]],
  ])('that is %s is a counted drop', async (_, make) => {
    expect(await kept(make())).toEqual([undefined, 1]);
  });

  it.each<[string, () => unknown]>([
    ['a cyclic object', cyclic],
    [
      'a Map',
      () =>
        new Map<unknown, unknown>([
          [{}, 1],
          ['a', new Map()],
        ]),
    ],
    ['a Set', () => new Set([1, 'a', new Set()])],
    ['a Buffer', () => Buffer.from('bytes \u00ff')],
    ['a typed array', () => new Float64Array([1, Number.NaN])],
    ['an Error', () => new TypeError('m')],
    ['an invalid Date', () => new Date(Number.NaN)],
    ['a RegExp', () => /x/],
    ['a boxed string', () => Object('boxed')],
    ['an object without a prototype', () => Object.assign(Object.create(null), { a: 1 })],
    ['an object with odd keys', () => JSON.parse('{"__proto__":{"polluted":1},"constructor":2,"":3}')],
    ['an object of odd values', () => ({ u: undefined, n: null, s: Symbol('s'), f() {}, b: 5n, nan: Number.NaN })],
    ['an object of 10,000 levels', () => nested(10_000, (inner) => ({ inner }))],
    ['a list of 10,000 levels', () => nested(10_000, (inner) => [inner])],
    ['cycles that branch', branching],
    ['a BigInt of 10,000 digits', () => 10n ** 10_000n],
    ['an object of 5 MB', () => ({ big: 'x'.repeat(5_000_000) })],
    ['a mixed list of 5 MB', () => ['x'.repeat(5_000_000), 1]],
    [
      'an object with 100,000 members',
      () => Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i])),
    ],
    ['an object whose toJSON throws', () => ({ toJSON: () => throwing().x })],
    ['an object whose toJSON says nothing', () => ({ toJSON: () => undefined })],
  ])('that is %s is bounded text, the same each time, or a counted drop', async (_, make) => {
    const [text, dropped] = await kept(make());
    expect([typeof text, dropped]).toEqual(dropped === 0 ? ['string', 0] : ['undefined', 1]);
    expect(String(text).length).toBeLessThanOrEqual(8_192);
    expect(await kept(make())).toEqual([text, dropped]);
  });

  it('costs no more than what is handed over, also where its parts share members', () => {
    const { tracer } = recorded().oc;
    const cost = (levels: number): number => {
      const value = nested(levels, (inner) => ({ left: inner, right: inner }));
      return leastMs(3, () => void tracer.startSpan('x').setAttribute('k', value));
    };
    cost(12);
    expect(cost(20) / cost(10)).toBeLessThan(100);
    const text = 'x'.repeat(100_000);
    const repeated = (times: number): number => {
      const value = [0, ...new Array(times).fill(text)];
      return leastMs(3, () => void tracer.startSpan('x').setAttribute('k', value));
    };
    repeated(1);
    expect(repeated(1_000) / repeated(1)).toBeLessThan(100);
  });

  it('tells lists with holes from whole ones: exporters never meet a hole', async () => {
    const sparse = [1, 2, 3];
    delete sparse[1];
    expect(await kept(sparse)).toEqual(['[1,null,3]', 0]);
    expect(await kept(new Array(3))).toEqual(['[null,null,null]', 0]);
  });

  it('is a plain array also when a subclass of Array was given', async () => {
    class Names extends Array<string> {}
    const [list] = await kept(Names.from(['a', 'b']));
    expect(list).toStrictEqual(['a', 'b']);
    expect(Object.getPrototypeOf(list)).toBe(Array.prototype);
  });

  it('is not what a list with methods of its own pretends to be', async () => {
    const liar = Object.assign(['a'], { slice: () => ({ map: () => ({ 0: 'x', every: () => true }) }) });
    const [value] = await kept(liar);
    expectValue(value ?? '', { ...LIMITS, valueLength: 100 });
  });

  it('is read once, when it is given', async () => {
    let reads = 0;
    const telemetry = recorded();
    const attributes = {
      get counted() {
        return ++reads;
      },
    };
    const span = telemetry.oc.tracer.startSpan('x', { attributes });
    span.setAttribute('list', [1, 2]).end();
    expect([{ ...(await onlySpan(telemetry)).attributes }, reads]).toEqual([{ counted: 1, list: [1, 2] }, 1]);
  });

  it('does not take its neighbours with it', async () => {
    const telemetry = recorded();
    const attributes = Object.defineProperty({ a: 1 } as Record<string, unknown>, 'bad', {
      enumerable: true,
      get() {
        throw new Error('not for you');
      },
    });
    attributes.z = 26;
    telemetry.oc.tracer.startSpan('x').setAttributes(attributes).end();
    const span = await onlySpan(telemetry);
    expect([{ ...span.attributes }, span.dropped.attributes]).toEqual([{ a: 1, z: 26 }, 1]);
  });
});

describe('an attribute key', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'length', '0', ' ', '\u202e'])(
    '%j is a key like any other',
    async (key) => {
      const telemetry = recorded();
      const given = JSON.parse(`{${JSON.stringify(key)}:"v"}`);
      telemetry.oc.tracer.startSpan('one').setAttribute(key, 'v').end();
      telemetry.oc.tracer.startSpan('all', { attributes: given }).annotate('n', given).end();
      const [one, all] = await telemetry.spans();
      for (const attributes of [one?.attributes, all?.attributes, all?.annotations[0]?.attributes]) {
        expect(Object.entries(attributes ?? {})).toEqual([[key, 'v']]);
        expect(Object.getOwnPropertyNames(attributes)).toEqual([key]);
      }
      expect(one?.dropped.attributes).toBe(0);
      expect(JSON.parse(JSON.stringify(one)).attributes).toEqual(given);
    },
  );

  it('that was not given is not found, inherited names included', async () => {
    const telemetry = recorded();
    telemetry.oc.tracer.startSpan('none').annotate('n').end();
    telemetry.oc.tracer
      .startSpan('some', { attributes: { a: 1 } })
      .annotate('n', { a: 1 })
      .end();
    const lists = (await telemetry.spans()).flatMap((span) => [span.attributes, span.annotations[0]?.attributes ?? {}]);
    for (const attributes of lists) {
      for (const key of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
        expect(attributes[key]).toBeUndefined();
      }
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('that pollutes nothing: no prototype changes', async () => {
    const before = [Object.prototype, Array.prototype, Function.prototype].map((each) => Reflect.ownKeys(each).length);
    const telemetry = recorded();
    const evil = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    const span = telemetry.oc.tracer.startSpan('x', { attributes: evil });
    span.setAttribute('__proto__', evil).setAttribute('a', evil).annotate('n', evil);
    span.end();
    await telemetry.spans();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect([Object.prototype, Array.prototype, Function.prototype].map((each) => Reflect.ownKeys(each).length)).toEqual(
      before,
    );
  });

  it('that is empty or no string is a counted drop; one of 10 KB is cut', async () => {
    const telemetry = recorded();
    const span = telemetry.oc.tracer.startSpan('x');
    for (const key of ['', Symbol('s'), 5, undefined, null, {}, revoked()]) span.setAttribute(key as string, 1);
    span.setAttribute('k'.repeat(10_000), 2).setAttribute('\ud800', 3);
    span.end();
    const { attributes, dropped } = await onlySpan(telemetry);
    expect([Object.entries(attributes), dropped.attributes]).toEqual([
      [
        ['k'.repeat(256), 2],
        ['\ufffd', 3],
      ],
      7,
    ]);
  });

  it('that only its object inherits is not an attribute', async () => {
    const telemetry = recorded();
    const attributes = Object.create({ inherited: 1 });
    attributes.own = 2;
    telemetry.oc.tracer.startSpan('x', { attributes }).end();
    expect({ ...(await onlySpan(telemetry)).attributes }).toEqual({ own: 2 });
  });
});

describe('lone surrogates', () => {
  it('leave as U+FFFD from everywhere', async () => {
    const telemetry = recorded({ service: 'a\ud800', labels: { 'b\udc00': 'c\ud800' } });
    const bad = 'x\ud800y';
    const good = 'x\ufffdy';
    const span = telemetry.oc.tracer.scoped(bad, bad).startSpan(bad, { attributes: { [bad]: bad } });
    span.annotate(bad, { [bad]: [bad] }).recordError(Object.assign(new Error(bad), { name: bad, stack: bad }));
    span.link({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), sampled: true }, 'child', { [bad]: bad });
    span.setStatus('INTERNAL', bad);
    span.end();
    const data = await onlySpan(telemetry);
    expect({
      name: data.name,
      scope: data.scope,
      status: data.status,
      attributes: { ...data.attributes },
      notes: data.annotations.map(({ description, attributes }) => [description, { ...attributes }]),
      links: data.links.map(({ attributes }) => ({ ...attributes })),
    }).toEqual({
      name: good,
      scope: { name: good, version: good },
      status: { code: 13, message: good },
      attributes: { [good]: good },
      notes: [
        [good, { [good]: [good] }],
        ['exception', { 'exception.type': good, 'exception.message': good, 'exception.stacktrace': good }],
      ],
      links: [{ [good]: good }],
    });
    expect(telemetry.source.resource.labels).toMatchObject({ 'service.name': 'a\ufffd', 'b\ufffd': 'c\ufffd' });
  });
});

describe('whatever a caller does', () => {
  const context: fc.Arbitrary<() => unknown> = fc.oneof(
    hostile,
    fc.tuple(hostile, hostile, hostile, hostile).map(([traceId, spanId, sampled, traceState]) => () => ({
      traceId: traceId(),
      spanId: spanId(),
      sampled: sampled(),
      traceState: traceState(),
    })),
    fc
      .record({
        traceId: fc.constantFrom('a'.repeat(32), 'A'.repeat(32), '0'.repeat(32)),
        spanId: fc.constantFrom('b'.repeat(16), '0'.repeat(16)),
        sampled: fc.boolean(),
        traceState: fc.oneof(wildText, fc.constant(undefined)),
        remote: fc.boolean(),
      })
      .map((whole) => () => whole),
  );
  const key = fc.oneof(
    wildKey.map((text) => () => text),
    hostile,
  );
  type Act = (span: Span) => unknown;
  /** A call of a method with made-up arguments. */
  const call = (method: keyof Span, ...given: fc.Arbitrary<() => unknown>[]): fc.Arbitrary<Act> =>
    fc.tuple(...given).map((makers) => (span) => {
      const { [method]: called } = span as unknown as Record<string, (...all: unknown[]) => unknown>;
      return called?.apply(
        span,
        makers.map((make) => make()),
      );
    });
  const event = fc.tuple(hostile, hostile, hostile, hostile).map(([type, id, uncompressed, compressed]) => () => ({
    type: type(),
    id: id(),
    uncompressedBytes: uncompressed(),
    compressedBytes: compressed(),
  }));
  const act = fc.oneof(
    call('setAttribute', key, hostile),
    call('setAttributes', hostile),
    call('annotate', hostile, hostile),
    call('recordError', hostile),
    call('messageEvent', fc.oneof(hostile, event)),
    call('link', context, hostile, hostile),
    call('setStatus', hostile, hostile),
    call('setName', hostile),
  );

  it('no method of a span throws, and what exporters get is sound', async () => {
    const telemetry = recorded({ limits: LIMITS });
    await fc.assert(
      fc.asyncProperty(hostile, fc.array(act, { maxLength: 12 }), hostile, async (name, acts, end) => {
        const span = telemetry.oc.tracer.startSpan(name() as string);
        for (const each of acts) expect(each(span)).toBe(span);
        span.end(end() as number);
        expectSound(await onlySpan(telemetry));
      }),
      { numRuns: 500 },
    );
  });

  it('startSpan does not throw, its context is valid, and what exporters get is sound', async () => {
    const telemetry = recorded({ limits: LIMITS });
    const link = fc.tuple(context, hostile, hostile).map(([target, type, attributes]) => () => ({
      context: target(),
      type: type(),
      attributes: attributes(),
    }));
    const links = fc.array(fc.oneof(hostile, link)).map((makers) => () => makers.map((make) => make()));
    const members = fc.record(
      { parent: context, kind: hostile, attributes: hostile, links, sampler: hostile, start: hostile },
      { requiredKeys: [] },
    );
    const options = fc.oneof(
      hostile,
      members.map(
        (makers) => () => Object.fromEntries(Object.entries(makers).map(([name, make]) => [name, make()] as const)),
      ),
    );
    await fc.assert(
      fc.asyncProperty(hostile, options, async (name, given) => {
        const span = telemetry.oc.tracer.startSpan(name() as string, given() as SpanOptions);
        const { traceId, spanId, traceState = '' } = span.context;
        expect(traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
        expect(spanId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
        expectText(traceState, 8_192);
        span.end();
        for (const each of await telemetry.spans()) expectSound(each);
      }),
      { numRuns: 500 },
    );
  });

  it('tracer.span hands on what its function returns or throws, whatever it is', async () => {
    const telemetry = recorded({ limits: LIMITS });
    await fc.assert(
      fc.asyncProperty(hostile, async (make) => {
        const value = make();
        expect(
          Object.is(
            telemetry.oc.tracer.span('x', () => value),
            value,
          ),
        ).toBe(true);
        let caught: unknown;
        try {
          telemetry.oc.tracer.span('y', () => {
            throw value;
          });
        } catch (thrown) {
          caught = thrown;
        }
        expect(Object.is(caught, value)).toBe(true);
        const spans = await telemetry.spans();
        expect(spans.map(({ name, status }) => [name, status.code])).toEqual([
          ['x', 0],
          ['y', 2],
        ]);
        for (const each of spans) expectSound(each);
      }),
      { numRuns: 300 },
    );
  });

  it('names and versions of scopes are made text', async () => {
    const telemetry = recorded({ limits: LIMITS });
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (name, version) => {
        telemetry.oc.tracer
          .scoped(name() as string, version() as string)
          .startSpan('x')
          .end();
        const { scope } = await onlySpan(telemetry);
        expectText(scope?.name, 10);
        expectText(scope?.version ?? '', 256);
      }),
    );
  });

  it('a span that cannot be begun as given is said to be so, once', () => {
    const { oc, problems } = recorded();
    for (let i = 0; i < 3; i++) oc.tracer.startSpan('x', revoked() as SpanOptions).end();
    expect(problems.map(({ severity }) => severity)).toEqual(['warning']);
  });
});

describe('the cost of attributes', () => {
  const { tracer } = recorded().oc;
  const given = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, `value ${i}`]));

  it('is linear: 1,000 cost about ten times what 100 do, and 100,000 a hundred times more', () => {
    const [hundred, thousand, most] = [given(100), given(1_000), given(100_000)];
    const act = (attributes: AttributesInput) => () => void tracer.startSpan('x').setAttributes(attributes);
    leastMs(50, act(thousand));
    const ofHundred = leastMs(100, act(hundred));
    const ofThousand = leastMs(50, act(thousand));
    const ofMost = leastMs(5, act(most));
    // Room for a busy machine; what grows with the square would be at 100 and at 10,000.
    expect(ofThousand / ofHundred).toBeLessThan(30);
    expect(ofMost / ofThousand).toBeLessThan(3_000);
    expect(ofThousand).toBeLessThan(1);
  });

  it('does not grow with what is cut off', () => {
    const act = (value: unknown) => () => void tracer.startSpan('x').setAttribute('k', value);
    const [short, long] = [act('x'.repeat(10_000)), act('x'.repeat(5_000_000))];
    leastMs(50, short);
    expect(leastMs(20, long) / leastMs(50, short)).toBeLessThan(30);
    const [flat, deep] = [act({ text: 'x'.repeat(10_000) }), act({ text: 'x'.repeat(5_000_000) })];
    leastMs(50, flat);
    expect(leastMs(10, deep) / leastMs(50, flat)).toBeLessThan(30);
    const [few, many] = [act(new Array(1_000).fill('a')), act(new Array(1_000_000).fill('a'))];
    leastMs(50, few);
    expect(leastMs(20, many) / leastMs(50, few)).toBeLessThan(30);
  });

  it('does not keep what is cut off alive', async () => {
    const telemetry = recorded();
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 40; i++) {
      telemetry.oc.tracer.startSpan('x', { attributes: { big: `${i}`.padEnd(5_000_000, 'x') } }).end();
    }
    const spans = await telemetry.spans();
    expect(spans).toHaveLength(40);
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
  });
});
