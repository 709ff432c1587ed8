import { ConfigError, type Limits, type Span, type SpanContext, telemetry } from '@oc/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onlySpan, recorded } from './recorded.ts';

const NONE = { attributes: 0, annotations: 0, messageEvents: 0, links: 0 };
const target = (n: number): SpanContext => ({
  traceId: n.toString(16).padStart(32, '0'),
  spanId: n.toString(16).padStart(16, '0'),
  sampled: true,
});

/** What one span is exported as under these limits. */
async function under(limits: Partial<Limits>, act: (span: Span) => void) {
  const telemetry = recorded({ limits });
  const span = telemetry.oc.tracer.startSpan('x');
  act(span);
  span.end();
  return onlySpan(telemetry);
}

describe('attributes', () => {
  it('beyond the limit push the oldest out; replacing makes newest and is no drop', async () => {
    const { attributes, dropped } = await under({ attributes: 2 }, (span) =>
      span.setAttribute('a', 1).setAttribute('b', 2).setAttribute('a', 3).setAttribute('c', 4),
    );
    expect([Object.entries(attributes), dropped]).toEqual([
      [
        ['a', 3],
        ['c', 4],
      ],
      { ...NONE, attributes: 1 },
    ]);
  });

  it('number 32 by default, the newest', async () => {
    const all = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, i]));
    const { attributes, dropped } = await under({}, (span) => span.setAttributes(all));
    expect([Object.entries(attributes), dropped.attributes]).toEqual([Object.entries(all).slice(8), 8]);
  });

  it('are counted whether they come with the start, one by one or together', async () => {
    const telemetry = recorded({ limits: { attributes: 2 } });
    const span = telemetry.oc.tracer.startSpan('x', { attributes: { a: 1, b: 2, c: 3 } });
    span.setAttribute('d', 4).setAttributes({ e: 5, f: 6 });
    span.end();
    const { attributes, dropped } = await onlySpan(telemetry);
    expect([{ ...attributes }, dropped.attributes]).toEqual([{ e: 5, f: 6 }, 4]);
  });

  it('of undefined and null are left out and not counted', async () => {
    const { attributes, dropped } = await under({ attributes: 1 }, (span) =>
      span.setAttribute('a', 1).setAttributes({ b: undefined, c: null, a: undefined }),
    );
    expect([{ ...attributes }, dropped]).toEqual([{ a: 1 }, NONE]);
  });

  it('of annotations and links have the same limit each', async () => {
    const { attributes, annotations, links, dropped } = await under({ attributes: 2 }, (span) =>
      span
        .annotate('one', { a: 1, b: 2, c: 3 })
        .annotate('two', { a: 1, b: 2 })
        .link(target(1), 'child', { a: 1, b: 2, c: 3, d: 4 }),
    );
    expect([{ ...attributes }, annotations.map((note) => note.attributes), links[0]?.attributes]).toEqual([
      {},
      [
        { b: 2, c: 3 },
        { a: 1, b: 2 },
      ],
      { c: 3, d: 4 },
    ]);
    expect(dropped).toEqual({ ...NONE, attributes: 3 });
  });

  it('of a recorded error too: what is not kept is counted', async () => {
    for (const limit of [0, 1, 2, 3]) {
      const { annotations, dropped } = await under({ attributes: limit }, (span) => span.recordError(new Error('e')));
      expect([Object.keys(annotations[0]?.attributes ?? {}).length, dropped.attributes]).toEqual([limit, 3 - limit]);
    }
  });

  it('agree with the simplest model of the rules', async () => {
    const telemetry = recorded({ limits: { attributes: 5 } });
    const step = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', ''), fc.integer());
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const span = telemetry.oc.tracer.startSpan('x');
        const model = new Map<string, number>();
        let lost = 0;
        for (const [key, value] of steps) {
          span.setAttribute(key, value);
          if (key === '') lost++;
          else {
            model.delete(key);
            model.set(key, value);
            const [oldest] = model.keys();
            if (model.size > 5 && model.delete(oldest as string)) lost++;
          }
        }
        span.end();
        const { attributes, dropped } = await onlySpan(telemetry);
        expect([Object.entries(attributes), dropped]).toEqual([[...model], { ...NONE, attributes: lost }]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('annotations, message events and links', () => {
  it('beyond the limit push the oldest out, each counted on its own', async () => {
    const { annotations, messageEvents, links, dropped } = await under({}, (span) => {
      for (let i = 0; i < 40; i++) span.annotate(`note ${i}`);
      for (let i = 0; i < 130; i++) span.messageEvent({ type: 'sent', id: i });
      for (let i = 1; i <= 33; i++) span.link(target(i));
    });
    expect(annotations.map(({ description }) => description)).toEqual(
      Array.from({ length: 32 }, (_, i) => `note ${i + 8}`),
    );
    expect(messageEvents.map(({ id }) => id)).toEqual(Array.from({ length: 128 }, (_, i) => i + 2));
    expect(links.map(({ spanId }) => Number.parseInt(spanId, 16))).toEqual(Array.from({ length: 32 }, (_, i) => i + 2));
    expect(dropped).toEqual({ attributes: 0, annotations: 8, messageEvents: 2, links: 1 });
  });

  it('of the limit 0 are all dropped and counted, and so are attributes', async () => {
    const { attributes, annotations, messageEvents, links, dropped } = await under(
      { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
      (span) => {
        span.setAttribute('a', 1).setAttribute('a', 2).setAttributes({ b: 3 });
        span.annotate('x').recordError('y').messageEvent({ type: 'sent', id: 1 }).link(target(1));
      },
    );
    expect({ attributes: { ...attributes }, annotations, messageEvents, links }).toEqual({
      attributes: {},
      annotations: [],
      messageEvents: [],
      links: [],
    });
    expect(dropped).toMatchObject({ annotations: 2, messageEvents: 1, links: 1 });
    expect(dropped.attributes).toBeGreaterThanOrEqual(3);
  });
});

describe('texts', () => {
  const limits = { nameLength: 4, keyLength: 3, valueLength: 5, stackLength: 6, arrayLength: 2 };

  it('are cut to their lengths', async () => {
    const { name, attributes, annotations, links, status } = await under(limits, (span) =>
      span
        .setName('a long name')
        .setAttributes({ 'a long key': 'a long value', list: ['a long value', 'b', 'c'], n: [1, 2, 3] })
        .annotate('description', { 'a long key': 'a long value' })
        .link(target(1), 'child', { key4: 'a long value' })
        .setStatus('INTERNAL', 'it broke'),
    );
    expect({
      name,
      status,
      attributes: { ...attributes },
      notes: annotations.map((note) => [note.description, Object.values(note.attributes)]),
      link: { ...links[0]?.attributes },
    }).toEqual({
      name: 'a lo',
      status: { code: 13, message: 'it br' },
      attributes: { 'a l': 'a lon', lis: ['a lon', 'b'], n: [1, 2] },
      notes: [['descr', ['a lon']]],
      link: { key: 'a lon' },
    });
  });

  it('of a recorded error are cut to the length of values, its stack to its own', async () => {
    const error = Object.assign(new Error('message'), { name: 'WrongCard', stack: 'stack of calls' });
    const { annotations } = await under({ valueLength: 5, stackLength: 6 }, (span) => span.recordError(error));
    expect(annotations.map(({ description, attributes }) => [description, { ...attributes }])).toEqual([
      ['exception', { 'exception.type': 'Wrong', 'exception.message': 'messa', 'exception.stacktrace': 'stack ' }],
    ]);
  });

  it('are cut on code points, and nothing is cut that fits', async () => {
    const grin = '😀';
    const { name, attributes, annotations } = await under(limits, (span) =>
      span
        .setName(`abc${grin}`)
        .setAttributes({ [`ab${grin}`]: 1, half: `abcd${grin}`, fits: `abc${grin}`, list: [`abcd${grin}`, grin] })
        .annotate(`${grin}${grin}${grin}`),
    );
    expect([name, { ...attributes }, annotations[0]?.description]).toEqual([
      'abc',
      { ab: 1, hal: 'abcd', fit: `abc${grin}`, lis: ['abcd', grin] },
      grin + grin,
    ]);
  });

  it('of a BigInt are whole or not there: its first digits would be another number', async () => {
    const { attributes, dropped } = await under({ valueLength: 20 }, (span) =>
      span.setAttributes({ fits: 10n ** 19n, long: 10n ** 20n }),
    );
    expect([{ ...attributes }, dropped.attributes]).toEqual([{ fits: '10000000000000000000' }, 1]);
  });

  it('made of objects are cut on code points too', async () => {
    for (let length = 8; length < 16; length++) {
      const { attributes } = await under({ valueLength: length }, (span) =>
        span.setAttributes({ error: new Error('😀😀😀😀'), list: ['😀😀😀', 1], map: new Map([['😀😀', '😀😀']]) }),
      );
      for (const text of Object.values(attributes)) {
        expect(String(text).length).toBeLessThanOrEqual(length);
        expect(text).not.toContain('\ufffd');
        expect(String(text).isWellFormed()).toBe(true);
      }
    }
  });

  it('are by default cut at 1,024 for names, 256 for keys, 8,192 for values, 16,384 for stacks, 128 for arrays', async () => {
    const long = 'x'.repeat(20_000);
    const { name, attributes, annotations, status } = await under({}, (span) =>
      span
        .setName(long)
        .setAttributes({ [long]: long, list: Array(200).fill(long) })
        .recordError(Object.assign(new Error(long), { stack: long }))
        .setStatus('INTERNAL', long),
    );
    const [[key, value] = ['', '']] = Object.entries(attributes);
    const list = attributes.list as string[];
    const error = annotations[0]?.attributes ?? {};
    expect([name.length, key.length, String(value).length, list.length, list[127]?.length]).toEqual([
      1_024, 256, 8_192, 128, 8_192,
    ]);
    expect(
      [error['exception.message'], error['exception.stacktrace'], status.message].map((text) => String(text).length),
    ).toEqual([8_192, 16_384, 8_192]);
  });

  it('of the limit 0 are empty', async () => {
    const { name, attributes } = await under({ nameLength: 0, valueLength: 0, arrayLength: 0 }, (span) =>
      span.setName('name').setAttributes({ a: 'text', list: [1, 2], object: { b: 1 } }),
    );
    expect([name, { ...attributes }]).toEqual(['', { a: '', list: [], object: '' }]);
  });

  it('are limited in the name and the scope that a span begins with', async () => {
    const telemetry = recorded({ limits });
    telemetry.oc.tracer.scoped('a long library', 'version \ud800').startSpan('a long name').end();
    const { name, scope } = await onlySpan(telemetry);
    expect(name).toBe('a lo');
    expect(scope?.name.isWellFormed() && scope.version?.isWellFormed()).toBe(true);
    expect(scope?.name).toBe('a lo');
  });
});

describe('wrong limits', () => {
  const names: (keyof Limits)[] = [
    'attributes',
    'annotations',
    'messageEvents',
    'links',
    'nameLength',
    'keyLength',
    'valueLength',
    'stackLength',
    'arrayLength',
    'seriesPerView',
  ];

  it.each(names)('%s must be a whole number from 0', (name) => {
    for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', null, 5n, {}]) {
      const build = () => telemetry({ limits: { [name]: value as never } });
      expect(build).toThrow(ConfigError);
      expect(build).toThrow(name);
    }
    expect(() => telemetry({ limits: { [name]: 0 } })).not.toThrow();
    expect(() => telemetry({ limits: { [name]: undefined } as Partial<Limits> })).not.toThrow();
  });

  it('that do not exist are named', () => {
    for (const name of ['attribute', 'constructor', 'toString']) {
      const build = () => telemetry({ limits: { [name]: 3 } as Partial<Limits> });
      expect(build).toThrow(ConfigError);
      expect(build).toThrow(name);
    }
  });

  it('are all named in one error', () => {
    const build = () => telemetry({ limits: { links: -1, nameLength: 0.5, nonsense: 1 } as Partial<Limits> });
    expect(build).toThrow(/links/);
    expect(build).toThrow(/nameLength/);
    expect(build).toThrow(/nonsense/);
  });

  it.each([5, 'many', true])('%j is no set of limits', (limits) => {
    expect(() => telemetry({ limits: limits as never })).toThrow(ConfigError);
  });
});
