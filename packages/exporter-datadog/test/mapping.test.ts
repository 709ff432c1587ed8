import { type Attributes, type SpanData, type SpanKind, STATUS_CODES } from '@oc/core/exporter';
import { describe, expect, it } from 'vitest';
import { metricNames, rowsOf, tag } from '../src/points.ts';
import type { ErrorRule, SpanContext } from '../src/span.ts';
import { encodeTraces } from '../src/traces.ts';
import { type DecodedSpan, decode04, decode05 } from './decode.ts';
import { call, counted, span } from './samples.ts';

const context: SpanContext = { service: 'shop', meta: [], errorRule: 'by-kind', priority: 1 };

function sent(fields: Partial<SpanData>, more: Partial<SpanContext> = {}): DecodedSpan {
  const { body } = encodeTraces([span(fields)], { ...context, ...more }, '0.4');
  return decode04(body)[0]?.[0] as DecodedSpan;
}

describe('name, resource and type', () => {
  const cases: readonly (readonly [string, SpanKind, Attributes, readonly [string, string, string]])[] = [
    ['work within a service', 'unspecified', {}, ['opencensus.internal', 'GET /cart', 'custom']],
    ['a server', 'server', {}, ['opencensus.server', 'GET /cart', 'web']],
    ['a producer', 'producer', {}, ['opencensus.producer', 'GET /cart', 'custom']],
    [
      'HTTP served',
      'server',
      { 'http.method': 'PUT', 'http.route': '/c/:id' },
      ['http.server.request', 'PUT /c/:id', 'web'],
    ],
    ['HTTP served, no route', 'server', { 'http.method': 'PUT' }, ['http.server.request', 'GET /cart', 'web']],
    ['HTTP called', 'client', { 'http.request.method': 'PUT' }, ['http.client.request', 'GET /cart', 'http']],
    ['gRPC served', 'server', { 'rpc.system': 'grpc' }, ['grpc.server', 'GET /cart', 'web']],
    ["gRPC called, by OpenCensus's names", 'client', { 'grpc.method': 'Say' }, ['grpc.client', 'GET /cart', 'custom']],
    ['a database', 'client', { 'db.system': 'postgresql' }, ['opencensus.client', 'GET /cart', 'db']],
    ['a cache', 'client', { 'db.system.name': 'redis' }, ['opencensus.client', 'GET /cart', 'cache']],
    ['names of its own', 'server', { 'span.name': 'n', 'resource.name': 'r', 'span.type': 't' }, ['n', 'r', 't']],
  ];
  it.each(cases)('of %s', (_, kind, attributes, expected) => {
    const { name, resource, type, meta } = sent({ kind, attributes });
    expect([name, resource, type]).toEqual(expected);
    expect(meta).not.toHaveProperty('span.name');
  });
});

describe('a tag of all spans', () => {
  it.each(['0.4', '0.5'] as const)(
    'goes before what we put under its name, which stands once, in version %s',
    (version) => {
      const meta = [
        ['otel.scope.name', 'tagged'],
        ['error.msg', 'told'],
      ] as const;
      const fields = { scope: { name: 'redis', version: '4' }, status: { code: 2, message: 'lost' } };
      const { body } = encodeTraces([span(fields)], { ...context, meta }, version);
      const [[sent] = []] = version === '0.4' ? decode04(body) : decode05(body);
      expect(sent?.meta).toMatchObject({ 'otel.scope.name': 'tagged', 'otel.scope.version': '4', 'error.msg': 'told' });
      const text = Buffer.from(body).toString('latin1');
      expect(meta.map(([key]) => text.split(key).length - 1)).toEqual([1, 1]);
      expect(text).not.toContain('redis');
    },
  );
});

describe('what is an error', () => {
  const codes = (rule: ErrorRule, kind: SpanKind): readonly string[] =>
    STATUS_CODES.filter((_, code) => sent({ kind, status: { code } }, { errorRule: rule }).error === 1);
  const faults = ['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'];
  const others = STATUS_CODES.filter((code) => code !== 'OK' && !faults.includes(code));

  it("is by kind: a server's own faults, and all that others are answered but OK", () => {
    expect(codes('by-kind', 'server')).toEqual(faults);
    expect(codes('by-kind', 'client')).toEqual(STATUS_CODES.slice(1));
    expect(codes('by-kind', 'unspecified')).toEqual(STATUS_CODES.slice(1));
  });

  it("is by OpenCensus's exporter in Go: a client's only when it asked for something wrong", () => {
    expect(codes('opencensus-go', 'server')).toEqual(faults);
    expect(codes('opencensus-go', 'client')).toEqual(others);
    expect(codes('opencensus-go', 'unspecified')).toEqual(STATUS_CODES.slice(1));
  });

  it.each([
    ['true', true, 1, undefined],
    ['a text', 'broken', 1, 'broken'],
    ['false', false, 0, undefined],
    ["'false'", 'false', 0, undefined],
    ['1', 1, 1, undefined],
  ])('is what an attribute says before what the status says: %s', (_, error, flag, message) => {
    const { error: isError, meta } = sent({ attributes: { error }, status: { code: flag === 1 ? 0 : 13 } });
    expect([isError, meta['error.msg'], meta.error]).toEqual([flag, message, undefined]);
  });

  it('has type, message and stack of the last error that was recorded', () => {
    const annotations = ['RangeError', 'TypeError'].map((type, time) => ({
      time,
      description: 'exception',
      attributes: { 'exception.type': type, 'exception.message': 'm', 'exception.stacktrace': `${type}: m\n  at x` },
    }));
    const { meta } = sent({ status: { code: 2, message: 'no stock' }, annotations });
    expect([meta['error.type'], meta['error.msg'], meta['error.stack']]).toEqual([
      'TypeError',
      'no stock',
      'TypeError: m\n  at x',
    ]);
  });
});

it('an attribute that Datadog would take for something else keeps its value under another name', () => {
  const { meta, metrics } = sent({ attributes: { 'span.kind': 'x', events: 'y', _sampling_priority_v1: 7 } });
  expect(meta).toEqual({
    '_dd.p.tid': '7d1f4a52c0b94e63',
    'span.kind': 'internal',
    'attribute.span.kind': 'x',
    'attribute.events': 'y',
  });
  expect(metrics).toEqual({ _sampling_priority_v1: 1, 'attribute._sampling_priority_v1': 7 });
});

it('the first span of a chunk tells of the trace: the upper half of its id, and why it was kept', () => {
  const one = span();
  const spans = [one, { ...one, traceId: '1'.padStart(32, '0') }, { ...one, spanId: '0000000000000007' }];
  const { body, traces } = encodeTraces(spans, { ...context, priority: 2 }, '0.4');
  const told = decode04(body).map((chunk) => chunk.map(({ meta, metrics }) => [meta['_dd.p.tid'], metrics]));
  expect(told).toEqual([
    [
      ['7d1f4a52c0b94e63', { _sampling_priority_v1: 2 }],
      [undefined, {}],
    ],
    [[undefined, { _sampling_priority_v1: 2 }]],
  ]);
  expect(traces).toBe(2);
});

it('times have all their digits, up to the year 2262, which is where nanoseconds of 64 bits end', () => {
  const { start, duration } = sent({ start: 1_735_689_600_250_001, end: 1_735_689_600_250_002 });
  expect([start, duration]).toEqual([1_735_689_600_250_001_000n, 1_000n]);
  expect(sent({ start: 8.64e18, end: 8.64e18 }).start).toBe(9_223_372_036_854_774_000n);
});

it('events and links that are more than the Agent takes of a text are counted in place of being cut to no JSON', () => {
  const annotations = Array.from({ length: 32 }, (_, time) => ({
    time,
    description: 'é'.repeat(1_000),
    attributes: {},
  }));
  const link = {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    type: 'child',
    attributes: { x: 'y'.repeat(8_000) },
  } as const;
  const { meta, metrics } = sent({
    annotations,
    links: [link, link, link, { ...link, attributes: { x: 'y'.repeat(30_000) } }],
  });
  const events = JSON.parse(meta.events ?? '') as unknown[];
  const links = JSON.parse(meta['_dd.span_links'] ?? '') as unknown[];
  expect(Buffer.byteLength(meta.events ?? '')).toBeLessThanOrEqual(25_000);
  expect(Buffer.byteLength(meta['_dd.span_links'] ?? '')).toBeLessThanOrEqual(25_000);
  expect([events.length, metrics['opencensus.dropped_events']]).toEqual([12, 20]);
  expect([links.length, metrics['opencensus.dropped_links']]).toEqual([3, 1]);
});

describe('metrics', () => {
  it('keep their names whatever comes later, and no two share one', () => {
    const nameOf = metricNames('shop');
    const names = ['a/b', 'a_b', 'a.b', 'a/b', `${'x'.repeat(300)}1`, `${'x'.repeat(300)}2`].map((name) =>
      nameOf(name, ['']),
    );
    expect(names.slice(0, 4)).toEqual(['shop.a_b', 'shop.a_b_2', 'shop.a.b', 'shop.a_b']);
    expect(names.slice(4).map(({ length }) => length)).toEqual([193, 193]);
    expect(nameOf('lat', ['.count', '.sum', '.bucket'])).toBe('shop.lat');
    expect(nameOf('lat.count', [''])).toBe('shop.lat.count_2');
  });

  it('have the tags that a measurement had, an empty one as a key alone', () => {
    const metric = counted('m', 1, 1, {
      type: 'gauge',
      labelKeys: ['a', 'b', 'c'],
      timeSeries: [{ labelValues: ['x', undefined, ''], time: 1, value: 1 }],
    });
    const of = { ...metric, timeSeries: metric.timeSeries as never };
    const rows = rowsOf([of], new Map([['c', 'of all']]), metricNames(''), call());
    expect(rows.map(({ points }) => points.map(({ tags }) => tags))).toEqual([[['a:x', 'c']]]);
  });

  it.each([
    ['a|b,c', 'k:a_b_c'],
    ['x\ny', 'k:x_y'],
    ['10:30', 'k:10:30'],
    ['@all#1', 'k:_all_1'],
    ['', 'k'],
  ])('have a tag with %j as %s', (value, expected) => expect(tag('k', value)).toBe(expected));

  it('of a type that is not known here are told and left out', () => {
    const told: string[] = [];
    const metric = { ...counted('later', 1), type: 'summary' } as never;
    expect(rowsOf([metric], new Map(), metricNames(''), call({ warn: (message) => told.push(message) }))).toEqual([]);
    expect(told).toEqual(["datadog: metric 'later' is left out, its type 'summary' is not known here"]);
  });
});
