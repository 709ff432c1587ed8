import type { Metric, SpanData, TimeSeries } from '@oc/core/exporter';
import { goldens, samples } from '@oc/testkit';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { jsonOf, protobufOf } from '../src/message.ts';
import { metricMessage } from '../src/metrics.ts';
import { METRICS_REQUEST, TRACE_REQUEST } from '../src/schema.ts';
import { spanMessage } from '../src/spans.ts';
import { decoded, type Tree } from './definitions.ts'; // which leaves out what is 0, false or empty
import { span } from './samples.ts';

interface Input {
  readonly spans?: readonly Partial<SpanData>[];
  readonly metrics?: readonly Metric[];
}

function encoded({ spans, metrics }: Input): { readonly json: unknown; readonly protobuf: Uint8Array } {
  const [message, schema] = metrics
    ? ([{ metrics: metrics.map(metricMessage) }, METRICS_REQUEST] as const)
    : ([{ spans: spans?.map((fields) => spanMessage(span(fields))) }, TRACE_REQUEST] as const);
  return {
    json: JSON.parse(jsonOf(message, schema)),
    protobuf: protobufOf(message, schema, protobuf.Writer.create()),
  };
}

// JSON has no undefined: in the files a label that is not set is null.
goldens<Input>(new URL('golden/', import.meta.url), ({ spans, metrics = [] }) =>
  encoded(spans ? { spans } : { metrics: metrics.map(withUnsetLabels) }),
);

function withUnsetLabels(metric: Metric): Metric {
  const timeSeries = Array.from(metric.timeSeries as Iterable<TimeSeries>, (series) => ({
    ...series,
    labelValues: series.labelValues.map((value) => value ?? undefined),
  }));
  return { ...metric, timeSeries } as Metric;
}

/** What another decoder reads of our bytes. */
function readSpan(fields: Partial<SpanData>): Tree {
  const { spans } = decoded('ExportTraceServiceRequest', encoded({ spans: [fields] }).protobuf);
  return (spans as readonly Tree[])[0] as Tree;
}

it('writes the very bytes of a span that others wrote', () => {
  const others =
    '12660a107d1f4a52c0b94e6388a1d6f05b3e2c971208a3c1f07e5d294b861a081b9e44d2087f6ac5220b0a09474554202f636172742a0b0880' +
    '8bd2bb061080e59a77320c08808bd2bb0610b085cc8b015a10080e120c6261636b656e6420646f776e620208017002';
  const { protobuf: ours } = encoded({
    spans: [{ parentSpanId: '1b9e44d2087f6ac5', kind: 'client', status: { code: 14, message: 'backend down' } }],
  });
  expect(Buffer.from(ours).toString('hex')).toBe(others);
});

describe('spans', () => {
  it('keep what is easily lost: fractions, times of annotations, a tracestate with "=" in it, what was dropped', () => {
    const read = readSpan({
      traceState: 'acme=a=b, other=1',
      attributes: { ratio: 0.25, count: 503, negative: -1, minusZero: -0, large: 2 ** 60, ok: true, list: ['a', 'b'] },
      annotations: [{ time: 1_735_689_600_255_001, description: 'cache miss', attributes: { key: '' } }],
      messageEvents: [{ time: 1_735_689_600_250_000, type: 'received', id: 0, uncompressedBytes: 512 }],
      dropped: { attributes: 1, annotations: 2, messageEvents: 3, links: 4 },
      childCount: 2,
    });
    expect(read).toEqual({
      traceId: '7d1f4a52c0b94e6388a1d6f05b3e2c97',
      spanId: 'a3c1f07e5d294b86',
      name: { value: 'GET /cart' },
      startTime: { seconds: '1735689600', nanos: 250_000_000 },
      endTime: { seconds: '1735689600', nanos: 292_750_000 },
      attributes: {
        attributeMap: {
          ratio: { doubleValue: 0.25 },
          count: { intValue: '503' },
          negative: { intValue: '-1' },
          minusZero: { doubleValue: 0 }, // -0 in JSON
          large: { doubleValue: 2 ** 60 },
          ok: { boolValue: true },
          list: { stringValue: { value: '["a","b"]' } },
        },
        droppedAttributesCount: 1,
      },
      timeEvents: {
        timeEvent: [
          {
            time: { seconds: '1735689600', nanos: 250_000_000 },
            messageEvent: { type: 2, uncompressedSize: '512' },
          },
          {
            time: { seconds: '1735689600', nanos: 255_001_000 },
            annotation: {
              description: { value: 'cache miss' },
              attributes: { attributeMap: { key: { stringValue: {} } } },
            },
          },
        ],
        droppedAnnotationsCount: 2,
        droppedMessageEventsCount: 3,
      },
      links: { droppedLinksCount: 4 },
      childSpanCount: { value: 2 },
      tracestate: {
        entries: [
          { key: 'acme', value: 'a=b' },
          { key: 'other', value: '1' },
        ],
      },
    });
  });

  it.each([
    ['unspecified', undefined],
    ['server', 1],
    ['client', 2],
    ['producer', 2],
    ['consumer', 1],
  ] as const)('of kind %s have the number %s', (kind, number) => {
    expect(readSpan({ kind }).kind).toBe(number);
  });

  it('say whether the parent lives in another process, unless they are roots', () => {
    const parentSpanId = '1b9e44d2087f6ac5';
    expect([readSpan({}), readSpan({ parentSpanId }), readSpan({ parentSpanId, remoteParent: true })]).toMatchObject([
      {},
      { sameProcessAsParentSpan: { value: true } },
      { sameProcessAsParentSpan: {} },
    ]);
  });

  it('are read by protobufjs as they were, and the JSON says the same, for any data', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const value = fc.oneof(text, fc.boolean(), fc.double(), fc.integer(), fc.array(fc.integer()));
    const time = fc.integer({ min: 0, max: 4e15 });
    const attributes = fc.dictionary(text, value, { maxKeys: 5, noNullPrototype: false });
    const spans = fc.record({
      name: text,
      start: time,
      end: time,
      attributes,
      annotations: fc.array(fc.record({ time, description: text, attributes }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(spans, (fields) => {
        const given = fields as Partial<SpanData>;
        const { json } = encoded({ spans: [given] });
        const read = readSpan(given);
        const { attributeMap = {} } = (read.attributes ?? {}) as { attributeMap?: Record<string, Tree> };
        expect(Object.keys(attributeMap).sort()).toEqual(Object.keys(fields.attributes).sort());
        for (const [key, each] of Object.entries(fields.attributes)) {
          expect(Object.values(attributeMap[key] as Tree)).toEqual([wordFor(each)]);
        }
        const [inJson] = (json as { spans: readonly { startTime: string; name: Tree }[] }).spans;
        expect([inJson?.name.value, (read.name as Tree).value ?? '']).toEqual([fields.name, fields.name]);
        expect(micros(read.startTime as Tree)).toBe(fields.start);
        expect(microsOf(inJson?.startTime ?? '')).toBe(fields.start);
      }),
      { numRuns: 200 },
    );
  });
});

function wordFor(value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? {} : { value };
  if (Array.isArray(value)) return { value: JSON.stringify(value) };
  if (typeof value !== 'number') return value;
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return `${value}`;
  return Number.isFinite(value) ? value + 0 : `${value}`; // as protobuf says it in JSON
}

function micros({ seconds = '0', nanos = 0 }: Tree): number {
  return Number(seconds) * 1e6 + Number(nanos) / 1e3;
}

function microsOf(rfc3339: string): number {
  const [seconds, fraction] = rfc3339.slice(0, -1).split('.');
  return Date.parse(`${seconds}Z`) * 1e3 + Number(fraction);
}

describe('metrics', () => {
  it('of the samples are read by protobufjs: labels in order, counts, bounds', () => {
    const metrics = Object.values(samples.metrics);
    const read = decoded('ExportMetricsServiceRequest', encoded({ metrics }).protobuf).metrics as readonly {
      metricDescriptor: { name: string; labelKeys?: readonly Tree[] };
      timeseries: readonly { labelValues?: readonly Tree[]; points: readonly Tree[] }[];
    }[];
    expect(
      read.map(({ metricDescriptor: { name, labelKeys = [] } }) => [name, labelKeys.map(({ key = '' }) => key)]),
    ).toEqual(metrics.map(({ name, labelKeys }) => [name, labelKeys]));
    const labels = read.flatMap(({ timeseries }) => timeseries.map(({ labelValues = [] }) => labelValues));
    const expected = metrics.flatMap(({ timeSeries }) =>
      Array.from(timeSeries as Iterable<{ labelValues: readonly (string | undefined)[] }>, ({ labelValues }) =>
        labelValues.map((value) =>
          value === undefined ? {} : value === '' ? { hasValue: true } : { value, hasValue: true },
        ),
      ),
    );
    expect(labels).toEqual(expected);
  });

  it('hold whole numbers up to what 64 bits hold', () => {
    const metric = (value: number): Metric => ({
      name: 'm',
      description: '',
      unit: '1',
      labelKeys: [],
      valueType: 'int64',
      type: 'cumulative',
      timeSeries: [{ labelValues: [], start: 0, time: 1, value }],
    });
    const read = [0, 7, 1e300].map((value) => {
      const { metrics } = decoded('ExportMetricsServiceRequest', encoded({ metrics: [metric(value)] }).protobuf);
      return (metrics as readonly { timeseries: readonly { points: readonly Tree[] }[] }[])[0]?.timeseries[0]?.points[0]
        ?.int64Value;
    });
    expect(read).toEqual(['0', '7', '9223372036854774784']);
  });
});
