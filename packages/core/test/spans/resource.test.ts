import type { Exporter, Resource } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { recorded, withEnvironment } from './recorded.ts';

type Variables = Readonly<Record<string, string | undefined>>;

const CLEAN: Variables = {
  OTEL_SERVICE_NAME: undefined,
  OTEL_RESOURCE_ATTRIBUTES: undefined,
  OC_RESOURCE_LABELS: undefined,
  OC_RESOURCE_TYPE: undefined,
};

/** The resource without the instance id, and the warnings. */
function resourceOf(
  variables: Variables,
  options: { readonly service?: string; readonly labels?: Readonly<Record<string, string>> } = {},
): { labels: Record<string, string>; type: string | undefined; problems: string[] } {
  return withEnvironment({ ...CLEAN, ...variables }, () => {
    const { source, problems } = recorded(options);
    const { type, labels } = source.resource;
    const { 'service.instance.id': _, ...others } = labels;
    return { labels: others, type, problems: problems.map(({ severity, message }) => `${severity}: ${message}`) };
  });
}

describe('the service', () => {
  const label = { 'service.name': 'label' };
  it.each([
    ['the option', { OTEL_SERVICE_NAME: 'env' }, { service: 'option', labels: label }, 'option'],
    ['OTEL_SERVICE_NAME', { OTEL_SERVICE_NAME: 'env' }, { labels: label }, 'env'],
    ['the label', { OTEL_SERVICE_NAME: '' }, { labels: label }, 'label'],
    ['the label of OTEL_RESOURCE_ATTRIBUTES', { OTEL_RESOURCE_ATTRIBUTES: 'service.name=otel' }, {}, 'otel'],
    ['the label of OC_RESOURCE_LABELS', { OC_RESOURCE_LABELS: 'service.name="oc"' }, {}, 'oc'],
    ['unknown_service:node', {}, {}, 'unknown_service:node'],
  ])('comes from %s', (_, variables, options, name) => {
    expect(resourceOf(variables, options)).toEqual({ labels: { 'service.name': name }, type: undefined, problems: [] });
  });
});

describe('labels', () => {
  it('are merged for each key: code, then OTEL_RESOURCE_ATTRIBUTES, then OC_RESOURCE_LABELS', () => {
    const variables = { OTEL_RESOURCE_ATTRIBUTES: 'a=otel,b=otel', OC_RESOURCE_LABELS: 'a="oc",b="oc",c="oc"' };
    expect(resourceOf(variables, { service: 's', labels: { a: 'code', d: 'code' } }).labels).toEqual({
      'service.name': 's',
      a: 'code',
      b: 'otel',
      c: 'oc',
      d: 'code',
    });
  });

  it('that are empty do not hide those of the environment', () => {
    const variables = { OTEL_RESOURCE_ATTRIBUTES: 'region=', OC_RESOURCE_LABELS: 'region="eu",zone="z1"' };
    expect(resourceOf(variables, { service: 's', labels: { zone: '' } }).labels).toEqual({
      'service.name': 's',
      region: 'eu',
      zone: 'z1',
    });
  });

  it('are well-formed and at most 255 characters long, keys and values; empty keys are left out', () => {
    const { labels } = resourceOf(
      {},
      { service: 's', labels: { ['k'.repeat(300)]: 'v'.repeat(300), '': 'x', a: '\ud800' } },
    );
    expect(labels).toEqual({ 'service.name': 's', ['k'.repeat(255)]: 'v'.repeat(255), a: '\ufffd' });
  });

  it('that are undefined are left out, as options are', () => {
    const labels = { zone: undefined, a: '1' } as object as Record<string, string>;
    expect(resourceOf({ OC_RESOURCE_LABELS: 'zone="z1"' }, { service: 's', labels }).labels).toEqual({
      'service.name': 's',
      zone: 'z1',
      a: '1',
    });
  });

  it('of a __proto__ pollute nothing', () => {
    const { labels } = resourceOf(
      { OTEL_RESOURCE_ATTRIBUTES: '__proto__=x' },
      { labels: JSON.parse('{"__proto__":"y"}') },
    );
    expect(Object.entries(labels)).toContainEqual(['__proto__', 'y']);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('are a copy that nobody can change', () => {
    const labels: Record<string, string> = { a: '1' };
    const { source } = recorded({ labels });
    labels.a = '2';
    expect(source.resource.labels.a).toBe('1');
    expect(Object.isFrozen(source.resource.labels)).toBe(true);
  });
});

describe('OC_RESOURCE_LABELS', () => {
  it.each([
    ['a="x,y", b="q\\"r"', { a: 'x,y', b: 'q"r' }],
    ['a="b\\\\c"', { a: 'b\\c' }],
    ['a="\\\\\\""', { a: '\\"' }],
    [' a = "1" ,\tb="2" ', { a: '1', b: '2' }],
    ['a="",b=" x "', { a: '', b: ' x ' }],
    ['a="1",a="2"', { a: '2' }],
    ['a.b/c="k=v"', { 'a.b/c': 'k=v' }],
    ['', {}],
    ['   ', {}],
  ])('%s is read', (text, labels) => {
    const { labels: got, problems } = resourceOf({ OC_RESOURCE_LABELS: text });
    expect([got, problems]).toEqual([{ 'service.name': 'unknown_service:node', ...labels }, []]);
  });

  it.each([
    'a=x',
    'a',
    'a="x',
    'a="x"y',
    'a="x" b="y"',
    'a="x",,b="y"',
    ',a="x"',
    '="x"',
    'a=x,b="y"',
    'a="x",b=y',
    'a="x\\y"',
    "a='x'",
  ])('%s is an error: no labels at all, and one warning', (text) => {
    const { labels, problems } = resourceOf({ OC_RESOURCE_LABELS: text });
    expect(labels).toEqual({ 'service.name': 'unknown_service:node' });
    expect(problems).toEqual([expect.stringMatching(/^warning: .*OC_RESOURCE_LABELS/)]);
  });

  it('that nobody can have meant are refused quickly', () => {
    const before = performance.now();
    for (const text of [`a${' '.repeat(40_000)}`, `a="${'\\"'.repeat(20_000)}`, 'a="x",'.repeat(20_000).concat('b')]) {
      expect(resourceOf({ OC_RESOURCE_LABELS: text }).problems).toHaveLength(1);
    }
    expect(performance.now() - before).toBeLessThan(1_000);
  });
});

describe('OTEL_RESOURCE_ATTRIBUTES', () => {
  it.each([
    ['a=1,b=two', { a: '1', b: 'two' }],
    [' a = 1 , b = 2 ', { a: '1', b: '2' }],
    ['a=x%2Cy%3Dz%20%C3%BC', { a: 'x,y=z ü' }],
    ['a=b=c', { a: 'b=c' }],
  ])('%s is read', (text, labels) => {
    const { labels: got, problems } = resourceOf({ OTEL_RESOURCE_ATTRIBUTES: text });
    expect([got, problems]).toEqual([{ 'service.name': 'unknown_service:node', ...labels }, []]);
  });

  it.each(['a', '=b', 'a=1,b', 'a=%E0%A4%A', 'a=1,,b=2'])('%s is an error: none of it, and one warning', (text) => {
    const { labels, problems } = resourceOf({ OTEL_RESOURCE_ATTRIBUTES: text });
    expect(labels).toEqual({ 'service.name': 'unknown_service:node' });
    expect(problems).toEqual([expect.stringMatching(/^warning: .*OTEL_RESOURCE_ATTRIBUTES/)]);
  });

  it('with an error leaves OC_RESOURCE_LABELS as they are', () => {
    const { labels, problems } = resourceOf({ OTEL_RESOURCE_ATTRIBUTES: 'oops', OC_RESOURCE_LABELS: 'a="1"' });
    expect([labels, problems.length]).toEqual([{ 'service.name': 'unknown_service:node', a: '1' }, 1]);
  });
});

describe('OC_RESOURCE_TYPE', () => {
  it('is the type, trimmed', () => {
    expect(resourceOf({ OC_RESOURCE_TYPE: ' container ' }).type).toBe('container');
    expect(resourceOf({ OC_RESOURCE_TYPE: '  ' }).type).toBeUndefined();
  });
});

describe('service.instance.id', () => {
  const idOf = (labels?: Readonly<Record<string, string>>) =>
    recorded({ ...(labels && { labels }) }).source.resource.labels['service.instance.id'];

  it('is random, and the same for all telemetries of a thread', () => {
    expect(idOf()).toMatch(/^[0-9a-f-]{36}$/);
    expect(idOf()).toBe(idOf());
  });

  it('is what is given', () => {
    expect(idOf({ 'service.instance.id': 'mine' })).toBe('mine');
    const variables = { ...CLEAN, OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=theirs' };
    expect(withEnvironment(variables, () => idOf())).toBe('theirs');
  });
});

describe('the resource', () => {
  it('is the same in calls and in the source', async () => {
    const seen: Resource[] = [];
    const exporter: Exporter = {
      name: 'x',
      start: (source) => void seen.push(source.resource),
      exportSpans: async (_, call) => void seen.push(call.resource),
    };
    const { oc } = recorded({ service: 'shop', labels: { a: '1' }, exporters: [exporter] });
    oc.tracer.startSpan('x').end();
    await oc.flush();
    expect(seen).toHaveLength(2);
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]?.labels).toMatchObject({ 'service.name': 'shop', a: '1' });
  });
});
