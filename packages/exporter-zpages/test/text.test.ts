import { expect, it } from 'vitest';
import { elapsedOf, samplesText } from '../src/text.ts';
import { span } from './samples.ts';

it('elapsed times are 12 wide, as OpenCensus for Go writes them', () => {
  const micros = [7, 42_000, 250_500, 3_250_000, 12_000_005, 99_999_000_000, 100_000_000_000, -1_500_000];
  expect(micros.map(elapsedOf)).toEqual([
    '     .     7',
    '     . 42000',
    '     .250500',
    '    3.250000',
    '   12.000005',
    '99999.000000',
    '     100000s',
    '   -1.500000',
  ]);
});

it('a span is a row, its status, its attributes and its events, by time', () => {
  const start = new Date(2026, 2, 1, 10).getTime() * 1_000 + 250;
  const text = samplesText([
    {
      sampled: true,
      span: span({
        traceId: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
        spanId: '00f1e2d3c4b5a697',
        parentSpanId: '1111222233334444',
        kind: 'server',
        start,
        ms: 1_500,
        status: { code: 14, message: 'upstream "down"' },
        attributes: { path: '/cart', n: 1, ok: true },
        annotations: [{ time: start + 250_500, description: 'retry', attributes: { n: 1 } }],
        messageEvents: [{ time: start + 600_000, type: 'sent', id: 3, uncompressedBytes: 1_024, compressedBytes: 300 }],
        links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), type: 'parent', attributes: {} }],
        dropped: { attributes: 2, annotations: 0, messageEvents: 1, links: 0 },
      }),
    },
  ]);
  expect(text.split('\n')).toEqual([
    'When                       Elapsed(s)   Type',
    '2026/03/01-10:00:00.000250     1.500000 trace_id: a1b2c3d4e5f60718293a4b5c6d7e8f90 span_id: 00f1e2d3c4b5a697 parent_span_id: 1111222233334444 [SERVER]',
    '                                        Status{canonicalCode=UNAVAILABLE, description="upstream \\"down\\""}',
    '                                        Attributes:{n=1, ok=true, path="/cart"}',
    `                                        Link: parent trace=${'c'.repeat(32)} span=${'d'.repeat(16)}`,
    '           10:00:00.250750      .250500 retry  Attributes:{n=1}',
    '           10:00:00.600250      .349500 sent message [1024 bytes, 300 compressed bytes] id 3',
    '                                        dropped: 2 attributes, 0 annotations, 1 message events, 0 links',
    '',
  ]);
});
