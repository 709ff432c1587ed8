import { createHash } from 'node:crypto';
import type { Metric, Resource, SpanData, SpanKind } from '@oc/core/exporter';

const START = 1_735_689_600_250_000;
const SECOND = 1_000_000;
const LAST_MICROS = 8.64e15 * 1_000;

/** A small span with an id of its own for each name. */
function span(name: string, fields: Partial<SpanData> = {}): SpanData {
  return {
    traceId: digits(`trace of ${name}`, 32),
    spanId: digits(name, 16),
    remoteParent: false,
    name,
    kind: 'unspecified',
    start: START,
    end: START + 42_750,
    status: { code: 0 },
    attributes: {},
    annotations: [],
    messageEvents: [],
    links: [],
    dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
    ...fields,
  };
}

/** Hex digits that depend on nothing but the text. */
function digits(text: string, count: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, count);
}

const KINDS: readonly SpanKind[] = ['unspecified', 'server', 'client', 'producer', 'consumer'];

const TEXTS = {
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

const BARE = Object.freeze(
  Object.assign(Object.create(null), {
    constructor: 'c',
    toString: 't',
    hasOwnProperty: 'h',
    ['__proto__']: 'p',
  }) as SpanData['attributes'],
);

const spans: Readonly<Record<string, SpanData>> = {
  small: span('small'),
  ...Object.fromEntries(KINDS.map((kind) => [`kind ${kind}`, span(`GET /${kind}`, { kind })])),
  ...Object.fromEntries(
    Array.from({ length: 17 }, (_, code) => [`status ${code}`, span(`code ${code}`, { status: { code } })]),
  ),
  'status with a message': span('refused', { status: { code: 7, message: 'no "right" to\nread' } }),
  'status OK with a message': span('fine', { status: { code: 0, message: 'cached' } }),
  'local child': span('local', { parentSpanId: digits('parent', 16), childCount: 3 }),
  'remote child': span('remote', {
    parentSpanId: digits('parent', 16),
    remoteParent: true,
    traceState: 'vendor=t61rcWkgMzE,other@x=1',
  }),
  'of a library': span('query', { scope: { name: '@scope/driver', version: '1.2.3' } }),
  'of a library without a version': span('query too', { scope: { name: 'driver' } }),
  'ids with leading zeros': span('zeros', { traceId: `${'0'.repeat(31)}1`, spanId: `${'0'.repeat(15)}1` }),
  'ids of all bits': span('bits', { traceId: 'f'.repeat(32), spanId: 'f'.repeat(16) }),
  'attributes of each type': span('types', {
    attributes: {
      text: 'visa',
      true: true,
      false: false,
      whole: 7,
      fraction: 0.1,
      texts: ['a', 'b'],
      numbers: [1, 2.5],
      booleans: [true, false],
      'no text': [],
    },
  }),
  'numbers at their ends': span('numbers', {
    attributes: {
      zero: 0,
      'minus zero': -0,
      'minus one': -1,
      'int32 end': 2_147_483_648,
      'safe end': Number.MAX_SAFE_INTEGER,
      'minus safe end': Number.MIN_SAFE_INTEGER,
      'beyond safe': 2 ** 53 + 2,
      'beyond int64': 2 ** 64,
      smallest: Number.MIN_VALUE,
      largest: Number.MAX_VALUE,
      nan: Number.NaN,
      infinite: Number.POSITIVE_INFINITY,
      'minus infinite': Number.NEGATIVE_INFINITY,
      list: [Number.NaN, -0, 1e21],
    },
  }),
  'texts of all sorts': span('texts', { attributes: TEXTS }),
  ...Object.fromEntries(
    Object.entries(TEXTS).map(([sort, text]) => [`name: ${sort}`, span(text || 'x', { name: text })]),
  ),
  'keys of all sorts': span('keys', {
    attributes: Object.fromEntries(Object.values(TEXTS).flatMap((text) => (text ? [[text, 'v']] : []))),
  }),
  'keys that objects inherit': span('inherited', { attributes: BARE }),
  'as much as a span may hold': span('x'.repeat(1_024), {
    attributes: Object.fromEntries(
      Array.from({ length: 32 }, (_, at) => [
        `${at}`.padEnd(256, 'k'),
        at === 0 ? 'v'.repeat(8_192) : at === 1 ? Array<string>(128).fill('item') : at,
      ]),
    ),
    annotations: Array.from({ length: 32 }, (_, at) => ({
      time: START + at,
      description: `step ${at}`,
      attributes: {},
    })),
    messageEvents: Array.from({ length: 128 }, (_, at) => ({
      time: START + at,
      type: at % 2 ? 'sent' : 'received',
      id: at,
    })),
    links: Array.from({ length: 32 }, (_, at) => ({
      traceId: digits(`linked ${at}`, 32),
      spanId: digits(`linked ${at}`, 16),
      type: 'unspecified',
      attributes: {},
    })),
    dropped: { attributes: 5, annotations: 6, messageEvents: 7, links: 8 },
  }),
  annotations: span('annotated', {
    annotations: [
      { time: START + 1_000, description: 'cache miss', attributes: { key: 'u42', tries: 2, cold: true } },
      { time: START + 1_000, description: '', attributes: {} },
      { time: START + 2_000, description: 'a\nb', attributes: { list: ['x', 'y'] } },
    ],
  }),
  exception: span('failed', {
    status: { code: 2, message: 'no stock' },
    annotations: [
      {
        time: START + 5_000,
        description: 'exception',
        attributes: {
          'exception.type': 'RangeError',
          'exception.message': 'no stock',
          'exception.stacktrace': 'RangeError: no stock\n    at sell (shop.js:7:9)',
        },
      },
    ],
  }),
  'message events': span('messages', {
    messageEvents: [
      { time: START + 1, type: 'sent', id: 1, uncompressedBytes: 2_048, compressedBytes: 512 },
      { time: START + 2, type: 'received', id: 1, uncompressedBytes: 0 },
      { time: START + 3, type: 'received', id: 2 },
    ],
  }),
  links: span('linked', {
    links: (['unspecified', 'child', 'parent'] as const).map((type) => ({
      traceId: digits(`link ${type}`, 32),
      spanId: digits(`link ${type}`, 16),
      type,
      traceState: type === 'parent' ? 'vendor=1' : undefined,
      attributes: type === 'child' ? { queue: 'orders' } : {},
    })),
  }),
  'no duration': span('instant', { end: START }),
  'a microsecond': span('short', { end: START + 1 }),
  'a year': span('long', { end: START + 365 * 86_400 * SECOND }),
  'in 1970': span('epoch', { start: 0, end: 1 }),
  'at the end of time': span('late', { start: LAST_MICROS - SECOND, end: LAST_MICROS }),
  'HTTP, by present names': span('GET', {
    kind: 'client',
    attributes: {
      'http.request.method': 'GET',
      'url.full': 'https://shop.test/cart?id=7',
      'server.address': 'shop.test',
      'server.port': 443,
      'http.response.status_code': 503,
    },
  }),
  'HTTP, by older names': span('HTTP GET', {
    kind: 'server',
    attributes: {
      'http.method': 'GET',
      'http.url': 'https://shop.test/cart',
      'http.host': 'shop.test',
      'http.path': '/cart',
      'http.status_code': 404,
    },
  }),
};

function gauge(name: string, value: number, fields: Partial<Metric> = {}): Metric {
  return {
    type: 'gauge',
    name,
    description: '',
    unit: '1',
    labelKeys: [],
    valueType: Number.isInteger(value) ? 'int64' : 'double',
    timeSeries: [{ labelValues: [], time: START, value }],
    ...fields,
  } as Metric;
}

const labelled = (labelKeys: readonly string[], ...rows: readonly (readonly (string | undefined)[])[]): Metric => ({
  type: 'cumulative',
  name: 'shop/hits',
  description: 'hits',
  unit: '1',
  labelKeys,
  valueType: 'int64',
  timeSeries: rows.map((labelValues, at) => ({ labelValues, start: START, time: START + 60 * SECOND, value: at + 1 })),
});

const bounds = [5, 10, 25.5];

const metrics: Readonly<Record<string, Metric>> = {
  'gauge of whole numbers': gauge('shop/open', 7, { description: 'open carts', unit: '{cart}' }),
  'gauge of fractions': gauge('shop/load', 0.25),
  'gauge below zero': gauge('shop/temperature', -40.5, { unit: 'Cel' }),
  'gauge of minus zero': gauge('shop/zero', -0),
  'gauge at the end of safe numbers': gauge('shop/safe', Number.MAX_SAFE_INTEGER),
  'gauge beyond int64': gauge('shop/beyond', 1e300, { valueType: 'double' }),
  'gauge of the smallest number': gauge('shop/smallest', Number.MIN_VALUE),
  'count of whole numbers': labelled([], []),
  'sum of fractions': {
    ...labelled([], []),
    valueType: 'double',
    timeSeries: [{ labelValues: [], start: START, time: START + 60 * SECOND, value: 12.3 }],
  } as Metric,
  'one row a label': labelled(['method'], ['GET'], ['POST']),
  'labels that are absent or empty': labelled(
    ['method', 'zone'],
    ['GET', undefined],
    ['GET', ''],
    [undefined, undefined],
  ),
  'labels of all sorts': labelled(['text'], ...Object.values(TEXTS).map((text) => [text])),
  'label keys of all sorts': labelled(
    ['a.b', 'a_b', '1st', 'with space', 'service.name', 'le', 'quantile', '__name__'],
    ['1', '2', '3', '4', '5', '6', '7', '8'],
  ),
  'a name that few formats take': gauge('shop/a b-c.d{e}"f"', 1, {
    description: 'two\nlines \\ and "quotes"',
    unit: 'By/s',
  }),
  'the overflow row': labelled(['user'], ['u1'], ['(other)']),
  distribution: {
    type: 'distribution',
    name: 'shop/latency',
    description: 'time to answer',
    unit: 'ms',
    labelKeys: ['method'],
    valueType: 'double',
    bounds,
    timeSeries: [
      {
        labelValues: ['POST'],
        start: START,
        time: START + 60 * SECOND,
        value: {
          count: 6,
          sum: 92.5,
          min: 0.5,
          max: 60,
          sumOfSquaredDeviation: 2_644.708,
          bucketCounts: [1, 2, 2, 1],
          exemplars: [
            {
              value: 60,
              time: START + 30 * SECOND,
              attachments: { trace_id: digits('exemplar', 32), span_id: digits('exemplar', 16) },
            },
          ],
        },
      },
      {
        labelValues: [undefined],
        start: START,
        time: START + 60 * SECOND,
        value: { count: 0, sum: 0, sumOfSquaredDeviation: 0, bucketCounts: [0, 0, 0, 0] },
      },
    ],
  },
  'distribution without bounds': {
    type: 'distribution',
    name: 'shop/size',
    description: '',
    unit: 'By',
    labelKeys: [],
    valueType: 'int64',
    bounds: [],
    timeSeries: [
      {
        labelValues: [],
        start: START,
        time: START + 60 * SECOND,
        value: { count: 3, sum: 30, min: 5, max: 15, sumOfSquaredDeviation: 50, bucketCounts: [] },
      },
    ],
  },
};

const resource: Resource = Object.freeze({
  type: 'container',
  labels: Object.freeze({
    'service.name': 'checkout',
    'service.version': '1.2.3',
    'service.instance.id': '0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1',
    'container.name': 'checkout-7d9',
    'cloud.zone': 'eu "west" \u00fc',
  }),
});

/**
 * Data that covers each kind, value type, limit, script and edge of the model, by what each is a sample of. The same in
 * each run.
 */
export const samples: {
  readonly spans: Readonly<Record<string, SpanData>>;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly resource: Resource;
} = { spans, metrics, resource };
