import type { Metric, SpanData, TimeSeries } from '@oc/core/exporter';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prettyLines } from '../src/pretty.ts';
import { at, distribution, gauge, hostile, resource, span } from './samples.ts';

const plain = prettyLines(false);
const colored = prettyLines(true);
const shown = (fields: Partial<SpanData> = {}): string => plain.span(span(fields), resource);

function shownSeries(metric: Metric, format = plain): string[] {
  return Array.from(metric.timeSeries, (series: TimeSeries) => format.series(metric, series, resource));
}

describe('a span', () => {
  it('is one line: time, service, ids, kind, duration, name', () => {
    expect(shown()).toBe('14:03:05.678  checkout  4bf92f35/00f067aa  server     12.3 ms  charge');
  });

  it('tells all it has', () => {
    const rich = shown({
      parentSpanId: '53995c3f42cd8ad8',
      kind: 'unspecified',
      name: 'GET /users/:id',
      status: { code: 5, message: 'no such user' },
      attributes: {
        'http.route': '/users/:id',
        agent: 'curl 8',
        'http.status_code': 404,
        cached: false,
        load: Number.NaN,
        tags: ['a', 'b c'],
        sizes: [1, 2.5],
      },
      annotations: [
        { time: at + 12_000, description: 'cache miss', attributes: { key: 'u42' } },
        {
          time: at + 900,
          description: 'exception',
          attributes: { 'exception.type': 'TypeError', 'exception.message': 'boom', 'exception.stacktrace': 'at…' },
        },
      ],
      messageEvents: [
        { time: at + 2_000, type: 'sent', id: 1, uncompressedBytes: 512 },
        { time: at + 3_000, type: 'received', id: 1 },
        { time: at + 12_300, type: 'received', id: 2 },
      ],
      links: [
        { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', type: 'parent', attributes: {} },
      ],
      dropped: { attributes: 2, annotations: 1, messageEvents: 0, links: 0 },
    });
    expect(rich.split('  ')).toEqual([
      '14:03:05.678',
      'checkout',
      '4bf92f35/00f067aa',
      'internal',
      ' 12.3 ms',
      'GET /users/:id',
      'NOT_FOUND',
      'no such user',
      'http.route=/users/:id agent="curl 8" http.status_code=404 cached=false load=NaN tags=[a,"b c"] sizes=[1,2.5]',
      '[+900 µs TypeError: boom] [+2.00 ms sent #1 512 B] [+3.00 ms received #1] [+12.0 ms cache miss key=u42]',
      '1 more event, 1 link, 3 dropped items, parent 53995c3f',
    ]);
  });

  it('leaves out a service name that nobody gave', () => {
    const unnamed = { labels: { 'service.name': 'unknown_service:node' } };
    expect(plain.span(span(), unnamed)).toBe('14:03:05.678  4bf92f35/00f067aa  server     12.3 ms  charge');
  });

  it('has a status only when it is not OK', () => {
    expect(shown({ status: { code: 0, message: 'fine' } })).toMatch(/ms {2}charge$/);
    expect(shown({ status: { code: 2 } })).toMatch(/ms {2}charge {2}UNKNOWN$/);
  });

  it.each([
    [0, '    0 µs'],
    [999, '  999 µs'],
    [1_000, ' 1.00 ms'],
    [999_499, '  999 ms'],
    [999_500, '  1.00 s'],
    [59_949_999, '  59.9 s'],
    [59_950_000, '  1m 00s'],
    [125_400_000, '  2m 05s'],
    [3_599_600_000, '  1h 00m'],
    [93_780_000_000, ' 26h 03m'],
  ])('of %d µs lasts %s', (micros, duration) => {
    expect(shown({ end: at + micros })).toBe(
      `14:03:05.678  checkout  4bf92f35/00f067aa  server    ${duration}  charge`,
    );
  });

  it('shows the beginning of a long text, cut between characters', () => {
    expect(shown({ name: `${'x'.repeat(118)}🙂${'y'.repeat(9_000)}` })).toMatch(/ {2}x{118}…$/);
    expect(shown({ attributes: { list: Array.from({ length: 128 }, () => 'abc') } })).toMatch(
      / list=\[(abc,){29}abc…\]$/,
    );
  });

  it('from 1970 or 9999 is still a line', () => {
    expect(shown({ start: 0, end: 0 })).toMatch(/^\d\d:\d\d:\d\d\.000 {2}checkout .* 0 µs {2}charge$/);
    expect(shown({ start: 253_402_300_799_999_000, end: 253_402_300_799_999_000 })).toMatch(/^\d\d:\d\d:\d\d\.999 /);
  });

  it('has colours for what matters, and each is switched off again', () => {
    const line = colored.span(span({ status: { code: 5, message: 'gone' }, attributes: { a: 1 } }), resource);
    const fields = [
      '\x1b[2m14:03:05.678\x1b[22m',
      '\x1b[2mcheckout\x1b[22m',
      '\x1b[96m4bf92f35/00f067aa\x1b[39m',
      '\x1b[36mserver  \x1b[39m',
      ' 12.3 ms',
      '\x1b[1mcharge\x1b[22m',
      '\x1b[31mNOT_FOUND\x1b[39m',
      '\x1b[31mgone\x1b[39m',
      '\x1b[2ma=\x1b[22m1',
    ];
    expect(line).toBe(fields.join('  '));
  });
});

describe('a time series', () => {
  it('of a gauge or a cumulative is its name, its labels, its value and its unit', () => {
    const metric = gauge({
      type: 'cumulative',
      unit: 'By',
      labelKeys: ['method', 'route'],
      timeSeries: [
        { labelValues: ['POST', '/a "b"'], start: at - 1, time: at, value: 9_007_199_254_740_991 },
        { labelValues: [undefined, ''], start: at - 1, time: at, value: 0.1 + 0.2 },
        { labelValues: [undefined, undefined], start: at - 1, time: at, value: -1e21 },
      ],
    });
    expect(shownSeries(metric)).toEqual([
      '14:03:05.678  checkout  total     shop/queue{method="POST",route="/a \\"b\\""}  9007199254740991 B',
      '14:03:05.678  checkout  total     shop/queue{route=""}  0.3 B',
      '14:03:05.678  checkout  total     shop/queue  -1e+21 B',
    ]);
    expect(shownSeries(gauge())).toEqual(['14:03:05.678  checkout  gauge     shop/queue{method="POST"}  17.5']);
  });

  it('of a distribution is its count, mean, range and a small picture of its buckets', () => {
    expect(shownSeries(distribution())).toEqual([
      '14:03:05.678  checkout  spread    shop/latency{method="POST"}  count 17 mean 17.68 ms range 6.25..88.12  5|▁█·█|100',
    ]);
  });

  it('of a distribution shows what there is, down to nothing', () => {
    const values = [
      { count: 0, sum: 0, sumOfSquaredDeviation: 0, bucketCounts: [0, 0, 0, 0, 0, 0] },
      { count: 3, sum: 6, sumOfSquaredDeviation: 0, bucketCounts: [1, 1, 0, 0, 0, 1] },
    ].map((value) => ({ labelValues: [], start: at, time: at, value }));
    expect(shownSeries(distribution({ labelKeys: [], timeSeries: values }))).toEqual([
      '14:03:05.678  checkout  spread    shop/latency  count 0',
      '14:03:05.678  checkout  spread    shop/latency  count 3 mean 2 ms  0|██···█|∞',
    ]);
    const unbounded = { count: 2, sum: 3, min: 1, max: 2, sumOfSquaredDeviation: 0.5, bucketCounts: [] };
    const series = [{ labelValues: [], start: at, time: at, value: unbounded }];
    expect(shownSeries(distribution({ labelKeys: [], bounds: [], timeSeries: series }))).toEqual([
      '14:03:05.678  checkout  spread    shop/latency  count 2 mean 1.5 ms range 1..2',
    ]);
  });

  it('has colours too', () => {
    expect(shownSeries(gauge({ unit: 'ms' }), colored)).toEqual([
      [
        '\x1b[2m14:03:05.678\x1b[22m',
        '\x1b[2mcheckout\x1b[22m',
        '\x1b[36mgauge   \x1b[39m',
        '\x1b[1mshop/queue\x1b[22m{\x1b[2mmethod=\x1b[22m"POST"}',
        '17.5\x1b[2m ms\x1b[22m',
      ].join('  '),
    ]);
  });
});

describe('text from outside', () => {
  /** Every place that takes text, filled with the same one. */
  function everywhere(text: string): string[] {
    const filled = span({
      name: text,
      status: { code: 2, message: text },
      attributes: Object.fromEntries([[text, text] as const, ['list', [text, text]] as const]),
      annotations: [
        { time: at, description: text, attributes: Object.fromEntries([[text, text]]) },
        { time: at, description: 'exception', attributes: { 'exception.type': text, 'exception.message': text } },
      ],
    });
    const metric = gauge({
      name: text,
      unit: text,
      description: text,
      labelKeys: [text],
      timeSeries: [{ labelValues: [text], time: at, value: 1 }],
    });
    const named = { labels: { 'service.name': text } };
    return [plain, colored].flatMap((format) => [
      format.span(filled, named),
      ...Array.from(metric.timeSeries, (series) => format.series(metric, series, named)),
    ]);
  }

  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the only ones that we write
  const OUR_COLORS = /\x1b\[(1|2|22|3[1-6]|39|9[2-6])m/g;
  const UNSAFE = /[\p{Cc}\u2028-\u202e\u2066-\u2069\u200e\u200f\u061c\ufeff]/u;

  it.each(hostile.map((text) => [JSON.stringify(text), text]))('cannot break or forge a line: %s', (_shown, text) => {
    for (const line of everywhere(text)) expect(line.replaceAll(OUR_COLORS, '')).not.toMatch(UNSAFE);
    const [line] = everywhere(text);
    expect(line).not.toContain('\x1b');
  });

  it('is shown escaped', () => {
    expect(shown({ name: 'a\nb', attributes: { 'k\x1b[2J': 'v\u202e', empty: '' } })).toBe(
      '14:03:05.678  checkout  4bf92f35/00f067aa  server     12.3 ms  "a\\nb"  "k\\u001b[2J"="v\\u202e" empty=""',
    );
  });

  it('cannot make a field of its own', () => {
    expect(shown({ name: 'charge  NOT_FOUND' })).toMatch(/ {2}"charge {2}NOT_FOUND"$/);
    expect(shown({ name: '' })).toMatch(/ {2}""$/);
  });

  it('may be any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        return everywhere(text).every((line) => !UNSAFE.test(line.replaceAll(OUR_COLORS, '')));
      }),
    );
  });
});
