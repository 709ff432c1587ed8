import {
  type Aggregation,
  ConfigError,
  count,
  distribution,
  lastValue,
  type Measure,
  measure,
  sum,
  type View,
  type ViewOptions,
  view,
} from '@oc/core';
import { describe, expect, it } from 'vitest';
import { recorded } from '../spans/recorded.ts';

const latency = measure({ name: 'latency', unit: 'ms', description: 'time to answer' });

describe('measure', () => {
  it('has a unit, a description and a type by default', () => {
    expect(measure({ name: 'm' })).toEqual({ name: 'm', unit: '1', description: '', type: 'double' });
    expect(measure({ name: 'm', unit: 'By', description: 'd', type: 'int64' })).toEqual({
      name: 'm',
      unit: 'By',
      description: 'd',
      type: 'int64',
    });
  });

  it.each([
    ['no name', {}],
    ['an empty name', { name: '' }],
    ['a name of 256 characters', { name: 'x'.repeat(256) }],
    ['a name outside ASCII', { name: 'größe' }],
    ['a name with a line break', { name: 'a\n' }],
    ['a name with DEL', { name: 'a\x7f' }],
    ['a name that is a number', { name: 5 }],
    ['another type', { name: 'm', type: 'float' }],
    ['an inherited type', { name: 'm', type: 'constructor' }],
    ['a unit that is no text', { name: 'm', unit: 5 }],
    ['a description that is no text', { name: 'm', description: {} }],
    ['nothing', undefined],
    ['null', null],
  ])('with %s is a ConfigError', (_, options) => {
    expect(() => measure(options as never)).toThrow(ConfigError);
  });

  it('may have a name of 255 characters, blanks and signs included', () => {
    const name = ' ~/{}"'.padEnd(255, 'x');
    expect(measure({ name }).name).toBe(name);
  });
});

describe('view', () => {
  it('takes name and description from its measure unless given', () => {
    const { name, description, tagKeys } = view({ measure: latency, aggregation: count() });
    expect({ name, description, tagKeys }).toEqual({ name: 'latency', description: 'time to answer', tagKeys: [] });
    const own = view({ name: 'v', description: 'd', measure: latency, aggregation: count(), tagKeys: ['b', 'a'] });
    expect([own.name, own.description, own.tagKeys]).toEqual(['v', 'd', ['b', 'a']]);
  });

  const valid: ViewOptions = { measure: latency, aggregation: count() };
  it.each<[string, unknown]>([
    ['no measure', { ...valid, measure: undefined }],
    ['a measure that is a name', { ...valid, measure: 'latency' }],
    ['a measure that did not come from measure()', { ...valid, measure: { name: 'm' } }],
    ['no aggregation', { ...valid, aggregation: undefined }],
    ['an aggregation that was not called', { ...valid, aggregation: count }],
    ['an unknown aggregation', { ...valid, aggregation: { type: 'median' } }],
    ['an aggregation of an inherited name', { ...valid, aggregation: { type: 'constructor' } }],
    ['a distribution without bounds', { ...valid, aggregation: { type: 'distribution' } }],
    ['an empty name', { ...valid, name: '' }],
    ['a name of 256 characters', { ...valid, name: 'x'.repeat(256) }],
    ['a name outside ASCII', { ...valid, name: 'ü' }],
    ['a description that is no text', { ...valid, description: 5 }],
    ['tag keys that are text', { ...valid, tagKeys: 'method' }],
    ['a tag key twice', { ...valid, tagKeys: ['a', 'b', 'a'] }],
    ['an empty tag key', { ...valid, tagKeys: [''] }],
    ['a tag key outside ASCII', { ...valid, tagKeys: ['größe'] }],
    ['a tag key that is a number', { ...valid, tagKeys: [5] }],
    ['nothing', {}],
    ['undefined', undefined],
  ])('with %s is a ConfigError', (_, options) => {
    expect(() => view(options as ViewOptions)).toThrow(ConfigError);
  });

  it('keeps a copy of its tag keys', () => {
    const tagKeys = ['a', 'b'];
    const made = view({ ...valid, tagKeys });
    tagKeys.push('c');
    tagKeys[0] = 'z';
    expect(made.tagKeys).toEqual(['a', 'b']);
  });
});

describe('distribution', () => {
  it.each([
    ['a bound twice', [1, 1]],
    ['falling bounds', [2, 1]],
    ['NaN', [1, Number.NaN]],
    ['NaN alone', [Number.NaN]],
    ['infinity', [1, Number.POSITIVE_INFINITY]],
    ['minus infinity', [Number.NEGATIVE_INFINITY, 1]],
    ['text', ['1']],
    ['a hole', [1, undefined, 3]],
    ['no list', 5],
    ['nothing', undefined],
  ])('of %s is a ConfigError', (_, bounds) => {
    expect(() => distribution(bounds as number[])).toThrow(ConfigError);
  });

  it('keeps a copy of its bounds', async () => {
    const bounds = [1, 2];
    const telemetry = recorded({ views: [view({ measure: latency, aggregation: distribution(bounds) })] });
    bounds[0] = 50;
    bounds.push(100);
    telemetry.oc.stats.record([[latency, 1.5]]);
    expect(await telemetry.metrics()).toMatchObject([{ bounds: [1, 2] }]);
  });

  it('leaves bounds out that are not above 0, and telemetry says so once for each view', async () => {
    const views = [
      view({ name: 'one', measure: latency, aggregation: distribution([-1, 0, 5]) }),
      view({ name: 'two', measure: latency, aggregation: distribution([-5, -0]) }),
      view({ name: 'three', measure: latency, aggregation: distribution([0.5]) }),
    ];
    const telemetry = recorded({ views });
    for (const value of [0, 4, 5, 6]) telemetry.oc.stats.record([[latency, value]]);
    const metrics = await telemetry.metrics();
    expect(metrics.map((metric) => [metric.name, 'bounds' in metric && metric.bounds])).toEqual([
      ['one', [5]],
      ['two', []],
      ['three', [0.5]],
    ]);
    expect(await telemetry.rows('one')).toMatchObject([{ value: { count: 4, bucketCounts: [2, 2] } }]);
    expect(await telemetry.rows('two')).toMatchObject([{ value: { count: 4, bucketCounts: [] } }]);
    expect(telemetry.problems.map(({ severity, message }) => [severity, /'(\w+)'/.exec(message)?.[1]])).toEqual([
      ['warning', 'one'],
      ['warning', 'two'],
    ]);
  });
});

describe('register', () => {
  const base = view({ name: 'v', measure: latency, aggregation: sum(), tagKeys: ['a', 'b'] });

  it('of an equal view is a no-op: its rows stay', async () => {
    const telemetry = recorded({ views: [base] });
    telemetry.oc.stats.record([[latency, 1]], { a: 'x' });
    telemetry.oc.stats.register(base);
    telemetry.oc.stats.register(view({ name: 'v', measure: { ...latency }, aggregation: sum(), tagKeys: ['a', 'b'] }));
    // Tag keys are compared as sets; the first order stays.
    telemetry.oc.stats.register(view({ name: 'v', measure: latency, aggregation: sum(), tagKeys: ['b', 'a'] }));
    telemetry.oc.stats.record([[latency, 2]], { a: 'x' });
    expect(await telemetry.metrics()).toMatchObject([
      { name: 'v', labelKeys: ['a', 'b'], timeSeries: [{ labelValues: ['x', undefined], value: 3 }] },
    ]);
    expect(telemetry.problems).toEqual([]);
    expect(telemetry.source.views()).toEqual([base]);
  });

  it.each<[string, View]>([
    ['measure', view({ name: 'v', measure: measure({ name: 'other' }), aggregation: sum(), tagKeys: ['a', 'b'] })],
    ['aggregation', view({ name: 'v', measure: latency, aggregation: count(), tagKeys: ['a', 'b'] })],
    ['tag keys', view({ name: 'v', measure: latency, aggregation: sum(), tagKeys: ['a'] })],
    ['bounds', view({ name: 'v', measure: latency, aggregation: distribution([1, 2]), tagKeys: ['a', 'b'] })],
  ])('of one of the same name with another %s is refused and said once; the first stays', async (_, clash) => {
    const telemetry = recorded({ views: [base, clash] });
    for (let i = 0; i < 3; i++) telemetry.oc.stats.register(clash);
    telemetry.oc.stats.record([[latency, 1]], { a: 'x', b: 'y' });
    expect(await telemetry.metrics()).toMatchObject([
      { type: 'cumulative', labelKeys: ['a', 'b'], timeSeries: [{ labelValues: ['x', 'y'], value: 1 }] },
    ]);
    expect(telemetry.problems.map(({ severity, message }) => [severity, message.includes("'v'")])).toEqual([
      ['warning', true],
    ]);
    expect(telemetry.source.views()).toEqual([base]);
  });

  it('of two distributions of one name with other bounds is a clash', () => {
    const one = view({ measure: latency, aggregation: distribution([1, 2]) });
    const other = view({ measure: latency, aggregation: distribution([1, 2, 3]) });
    expect(recorded({ views: [one, other] }).problems).toHaveLength(1);
    expect(recorded({ views: [one, view({ measure: latency, aggregation: distribution([1, 2]) })] }).problems).toEqual(
      [],
    );
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a name', 'v'],
    ['a measure', latency],
    ['half a view', { name: 'half', measure: latency }],
    [
      'a view of half an aggregation',
      { name: 'half', measure: latency, tagKeys: [], aggregation: { type: 'distribution' } },
    ],
  ])('of %s throws nothing and harms nothing', async (_, odd) => {
    const telemetry = recorded({ views: [base] });
    telemetry.oc.stats.register(odd as View);
    telemetry.oc.stats.record([[latency, 1]]);
    expect(await telemetry.rows('v')).toMatchObject([{ value: 1 }]);
  });

  it('at run time counts from then on', async () => {
    const telemetry = recorded();
    telemetry.oc.stats.record([[latency, 100]]);
    telemetry.oc.stats.register(base);
    telemetry.oc.stats.record([[latency, 1]]);
    expect(await telemetry.rows('v')).toMatchObject([{ labelValues: [undefined, undefined], value: 1 }]);
  });
});

describe('two definitions of one measure', () => {
  const views = (other: Measure) => [
    view({ name: 'first', measure: latency, aggregation: lastValue() }),
    view({ name: 'second', measure: other, aggregation: lastValue() }),
  ];

  it.each([
    ['unit', { unit: 's' }],
    ['type', { type: 'int64' as const }],
  ])('that differ in %s are told once; the first stays, for all views', async (_, difference) => {
    const other = measure({ name: 'latency', unit: 'ms', description: 'time to answer', ...difference });
    const telemetry = recorded({ views: views(other) });
    for (let i = 0; i < 3; i++) {
      telemetry.oc.stats.record([
        [latency, 1.5],
        [other, 2.5],
      ]);
    }
    expect(telemetry.problems.map(({ severity, message }) => [severity, message.includes("'latency'")])).toEqual([
      ['warning', true],
    ]);
    // Equal to what is there, so nothing to warn of.
    for (const each of views(other)) telemetry.oc.stats.register(each);
    expect(telemetry.problems).toHaveLength(1);
    for (const metric of await telemetry.metrics()) {
      expect(metric).toMatchObject({ unit: 'ms', valueType: 'double', timeSeries: [{ value: 2.5 }] });
    }
  });

  it('that are equal are one measure, whoever made them', async () => {
    const other = measure({ name: 'latency', unit: 'ms', description: 'time to answer' });
    const telemetry = recorded({ views: views(other) });
    telemetry.oc.stats.record([[other, 7]]);
    telemetry.oc.stats.bind({ ...latency }).record(8);
    expect([await telemetry.rows('first'), await telemetry.rows('second'), telemetry.problems]).toMatchObject([
      [{ value: 8 }],
      [{ value: 8 }],
      [],
    ]);
  });
});

describe('texts of definitions', () => {
  it('leave well-formed and bounded, or are refused', async () => {
    const odd = ['a\ud800', 'x'.repeat(5_000_000)];
    for (const text of odd) {
      let views: View[];
      try {
        const measured = measure({ name: 'm', unit: text, description: text });
        views = [view({ name: 'v', description: text, measure: measured, aggregation: sum() })];
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        continue;
      }
      const telemetry = recorded({ views });
      telemetry.oc.stats.record([[views[0]?.measure as Measure, 1]]);
      const [metric] = await telemetry.metrics();
      for (const kept of [metric?.unit, metric?.description]) {
        expect(kept?.isWellFormed()).toBe(true);
        expect(kept?.length).toBeLessThanOrEqual(8_192);
      }
    }
  });
});

describe('aggregations', () => {
  it('are described by their type', () => {
    const all: Aggregation[] = [count(), sum(), lastValue(), distribution([1])];
    expect(all.map(({ type }) => type)).toEqual(['count', 'sum', 'lastValue', 'distribution']);
  });
});
