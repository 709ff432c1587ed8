import type { SpanData } from '@oc/core/exporter';
import { samples } from '@oc/testkit';
import { describe, expect, it } from 'vitest';
import { type ReadSpan, type ReadTag, read } from './oracle.ts';
import { span } from './samples.ts';

function only(fields: Partial<SpanData>): ReadSpan {
  const [first] = read(span(fields));
  if (!first) throw new Error('it was not written');
  return first;
}

describe('ids', () => {
  it('are all 64 or 128 bits, and a root has a parent of zeros', () => {
    const ids = { traceId: 'ffeeddccbbaa99887766554433221100', spanId: '8000000000000000' };
    expect(only(ids)).toMatchObject({ ...ids, parentSpanId: '0000000000000000' });
  });

  it('of a remote parent are kept like those of a local one', () => {
    const parentSpanId = '000000000000000f';
    expect(only({ parentSpanId, remoteParent: true })).toEqual(only({ parentSpanId }));
    expect(only({ parentSpanId }).parentSpanId).toBe(parentSpanId);
  });

  it('of every link become a reference that makes no span the child of another', () => {
    const link = {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      attributes: { queue: 'q' },
    };
    const links = (['child', 'parent', 'unspecified'] as const).map((type) => ({ ...link, type }));
    expect(only({ links }).references).toEqual(
      links.map(({ traceId, spanId }) => ({ refType: 'FOLLOWS_FROM', traceId, spanId })),
    );
  });
});

describe('times', () => {
  const start = 1_735_689_600_250_123;

  it.each([
    ['are microseconds', start, start + 42_750, [start, 42_750]],
    ['may be the same', start, start, [start, 0]],
    ['begin at 1970', -5, 5, [0, 10]],
    ['are whole, even if a bridge gives fractions', start + 0.75, start + 2.5, [start, 1]],
    ['do not run backwards', start, start - 1, [start, 0]],
  ])('%s', (_, from, to, expected) => {
    const { startTime, duration } = only({ start: from, end: to });
    expect([startTime, duration]).toEqual(expected);
  });
});

describe('tags', () => {
  it('have the types of attributes; numbers are LONG where they are whole and exact', () => {
    const attributes = {
      text: 'as is',
      empty: '',
      'naïve ÿ': '\u0080é',
      yes: true,
      no: false,
      whole: 503,
      negative: -1,
      largest: Number.MAX_SAFE_INTEGER,
      ratio: 0.25,
      'minus zero': -0,
      inexact: 2 ** 53,
      nan: Number.NaN,
      infinite: Number.NEGATIVE_INFINITY,
      texts: ['a', 'null'],
      numbers: [1, Number.NaN, -0.5],
      flags: [true, false],
      none: [],
    };
    expect(only({ attributes }).tags).toEqual([
      ['text', 'STRING', 'as is'],
      ['empty', 'STRING', ''],
      ['naïve ÿ', 'STRING', '\u0080é'],
      ['yes', 'BOOL', true],
      ['no', 'BOOL', false],
      ['whole', 'LONG', 503],
      ['negative', 'LONG', -1],
      ['largest', 'LONG', Number.MAX_SAFE_INTEGER],
      ['ratio', 'DOUBLE', 0.25],
      ['minus zero', 'DOUBLE', -0],
      ['inexact', 'DOUBLE', 2 ** 53],
      ['nan', 'STRING', 'NaN'],
      ['infinite', 'STRING', '-Infinity'],
      ['texts', 'STRING', '["a","null"]'],
      ['numbers', 'STRING', '[1,"NaN",-0.5]'],
      ['flags', 'STRING', '[true,false]'],
      ['none', 'STRING', '[]'],
    ]);
  });

  it.each(['server', 'client', 'producer', 'consumer'] as const)('name the kind %s, even over an attribute', (kind) => {
    const tags: ReadTag[] = [
      ['span.kind', 'STRING', kind],
      ['a', 'LONG', 1],
    ];
    expect(only({ kind, attributes: { a: 1, 'span.kind': 'internal' } }).tags).toEqual(tags);
  });

  it.each<[string, Partial<SpanData>, readonly ReadTag[]]>([
    ['nothing for OK', { status: { code: 0, message: 'cached' } }, []],
    [
      'an error by the names of three worlds',
      { status: { code: 14, message: 'backend down' } },
      [
        ['error', 'BOOL', true],
        ['otel.status_code', 'STRING', 'ERROR'],
        ['otel.status_description', 'STRING', 'backend down'],
        ['status.code', 'LONG', 14],
        ['status.message', 'STRING', 'backend down'],
      ],
    ],
    [
      'an error without a message, whatever an attribute says',
      { status: { code: 2 }, attributes: { error: false } },
      [
        ['error', 'BOOL', true],
        ['otel.status_code', 'STRING', 'ERROR'],
        ['status.code', 'LONG', 2],
      ],
    ],
    [
      'an error whose message is the text of an attribute',
      { status: { code: 2 }, attributes: { error: 'card declined' } },
      [
        ['error', 'BOOL', true],
        ['otel.status_code', 'STRING', 'ERROR'],
        ['otel.status_description', 'STRING', 'card declined'],
        ['status.code', 'LONG', 2],
        ['status.message', 'STRING', 'card declined'],
      ],
    ],
    ["a user's own error", { attributes: { error: true } }, [['error', 'BOOL', true]]],
  ])('say of the status: %s', (_, fields, expected) => {
    expect(only(fields).tags).toEqual(expected);
  });

  it('name the library, the tracestate, and in numbers what is missing', () => {
    const dropped = { attributes: 1, annotations: 2, messageEvents: 3, links: 4 };
    expect(only({ scope: { name: 'driver', version: '1.2' }, traceState: 'vendor=1', dropped }).tags).toEqual([
      ['otel.scope.name', 'STRING', 'driver'],
      ['otel.scope.version', 'STRING', '1.2'],
      ['w3c.tracestate', 'STRING', 'vendor=1'],
      ['otel.dropped_attributes_count', 'LONG', 1],
      ['otel.dropped_events_count', 'LONG', 5],
      ['otel.dropped_links_count', 'LONG', 4],
    ]);
  });
});

describe('logs', () => {
  it('are annotations and message events by time', () => {
    const logs = only({
      annotations: [
        { time: 10, description: 'cache miss', attributes: {} },
        { time: 30, description: 'retry', attributes: { n: 2, event: 'of the user' } },
      ],
      messageEvents: [
        { time: 10, type: 'sent', id: 1 },
        { time: 40, type: 'received', id: 2, uncompressedBytes: 512, compressedBytes: 0 },
      ],
    }).logs;
    expect(logs).toEqual([
      { timestamp: 10, fields: [['event', 'STRING', 'cache miss']] },
      {
        timestamp: 10,
        fields: [
          ['event', 'STRING', 'message'],
          ['message.type', 'STRING', 'SENT'],
          ['message.id', 'LONG', 1],
        ],
      },
      {
        timestamp: 30,
        fields: [
          ['event', 'STRING', 'retry'],
          ['n', 'LONG', 2],
        ],
      },
      {
        timestamp: 40,
        fields: [
          ['event', 'STRING', 'message'],
          ['message.type', 'STRING', 'RECEIVED'],
          ['message.id', 'LONG', 2],
          ['message.uncompressed_size', 'LONG', 512],
          ['message.compressed_size', 'LONG', 0],
        ],
      },
    ]);
  });

  it('of an error tell its type, message and stack', () => {
    expect(only({ annotations: samples.spans.exception?.annotations ?? [] }).logs[0]?.fields).toEqual([
      ['event', 'STRING', 'exception'],
      ['exception.type', 'STRING', 'RangeError'],
      ['exception.message', 'STRING', 'no stock'],
      ['exception.stacktrace', 'STRING', 'RangeError: no stock\n    at sell (shop.js:7:9)'],
    ]);
  });
});
