import type { SpanData, SpanKind } from '@oc/core/exporter';
import { digits, SECOND, START, TEXTS } from './texts.ts';

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

const KINDS: readonly SpanKind[] = ['unspecified', 'server', 'client', 'producer', 'consumer'];

const BARE = Object.freeze(
  Object.assign(Object.create(null), {
    constructor: 'c',
    toString: 't',
    hasOwnProperty: 'h',
    ['__proto__']: 'p',
  }) as SpanData['attributes'],
);

/** Spans, by what each is a sample of. */
export const spans: Readonly<Record<string, SpanData>> = {
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
