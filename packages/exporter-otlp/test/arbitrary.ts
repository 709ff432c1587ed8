import type {
  Annotation,
  Attributes,
  AttributeValue,
  Link,
  MessageEvent,
  Metric,
  NumberSeries,
  Scope,
  SpanData,
} from '@oc/core/exporter';
import * as fc from 'fast-check';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'binary-ascii', maxLength: 300 }),
  fc.string({ unit: 'binary', minLength: 20, maxLength: 200 }),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\u2028',
    '\0',
    '\u007f',
    '\uffff',
    'ü'.repeat(24),
    'x'.repeat(127),
    'x'.repeat(20_000),
  ),
);
const key = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '7', 'http.method'),
);
const number = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(0, -0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 31), 2 ** 53, 1e300, -1, 127, 128),
);
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.array(text, { maxLength: 3 }),
  fc.array(number, { maxLength: 3 }),
  fc.array(fc.boolean(), { maxLength: 3 }),
);
const attributes: fc.Arbitrary<Attributes> = fc.dictionary(key, value, { maxKeys: 5 });
const time = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 4_000_000_000_000_000 }));
const hex = (digits: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits });
const maybe = <T>(some: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(some, { nil: undefined });
const count = fc.oneof(fc.constant(0), fc.nat({ max: 300 }));
const bytes = maybe(fc.oneof(fc.nat({ max: 3 }), fc.nat()));

function inOrder<T extends { readonly time: number }>(each: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(each, { maxLength: 3 }).map((list) => list.sort((a, b) => a.time - b.time));
}

/** Any span. */
export const anySpan: fc.Arbitrary<SpanData> = fc
  .record({
    traceId: hex(32),
    spanId: hex(16),
    parentSpanId: maybe(hex(16)),
    traceState: maybe(fc.constantFrom('vendor=1', 'a=b,c=d')),
    remoteParent: fc.boolean(),
    name: text,
    kind: fc.constantFrom('unspecified', 'client', 'server', 'producer', 'consumer'),
    start: time,
    took: fc.nat({ max: 3_600_000_000 }),
    scope: maybe(
      fc.record<Scope>({ name: fc.constantFrom('driver', 'web'), version: maybe(fc.constantFrom('1', '2')) }),
    ),
    status: fc.record({ code: fc.nat({ max: 16 }), message: maybe(text) }),
    attributes,
    annotations: inOrder(fc.record<Annotation>({ time, description: text, attributes })),
    messageEvents: inOrder(
      fc.record<MessageEvent>({
        time,
        type: fc.constantFrom('sent', 'received'),
        id: fc.nat(),
        uncompressedBytes: bytes,
        compressedBytes: bytes,
      }),
    ),
    links: fc.array(
      fc.record<Link>({
        traceId: hex(32),
        spanId: hex(16),
        type: fc.constantFrom('unspecified', 'child', 'parent'),
        traceState: maybe(fc.constant('x=y')),
        attributes,
      }),
      { maxLength: 2 },
    ),
    dropped: fc.record({ attributes: count, annotations: count, messageEvents: count, links: count }),
  })
  .map(({ took, ...span }) => ({ ...span, end: span.start + took }));

const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 2 ** 53, 2 ** 32, -(2 ** 32), -1),
);
const descriptor = {
  name: text,
  description: text,
  unit: fc.constantFrom('', '1', 'ms', 'By'),
  valueType: fc.constantFrom('int64', 'double'),
} as const;
const labelKeys = fc.uniqueArray(key, { maxLength: 3 });

function rows<T>(keys: readonly string[], rest: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<T[]> {
  const labelValues = fc.array(maybe(text), { minLength: keys.length, maxLength: keys.length });
  return fc.array(fc.record({ labelValues, time, ...rest }), { minLength: 1, maxLength: 3 }) as fc.Arbitrary<T[]>;
}

const numbers: fc.Arbitrary<Metric> = fc
  .tuple(labelKeys, fc.constantFrom('gauge' as const, 'cumulative' as const))
  .chain(([keys, type]) =>
    fc.record({
      ...descriptor,
      type: fc.constant(type),
      labelKeys: fc.constant(keys),
      timeSeries: rows<NumberSeries>(keys, {
        value: type === 'gauge' ? finite : finite.map(Math.abs),
        ...(type === 'cumulative' && { start: time }),
      }),
    }),
  ) as fc.Arbitrary<Metric>;

const distributions: fc.Arbitrary<Metric> = fc
  .tuple(
    labelKeys,
    fc
      .uniqueArray(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), { maxLength: 12 })
      .map((bounds) => bounds.sort((a, b) => a - b)),
  )
  .chain(([keys, bounds]) => {
    const buckets = bounds.length === 0 ? 0 : bounds.length + 1;
    const exemplar = fc.record({
      value: finite.map(Math.abs),
      time,
      attachments: fc.oneof(
        fc.record({ trace_id: hex(32), span_id: hex(16) }),
        fc.record({ trace_id: hex(32), span_id: hex(16), user: text }),
        fc.constant({}),
      ),
    });
    return fc.record({
      ...descriptor,
      type: fc.constant('distribution'),
      labelKeys: fc.constant(keys),
      bounds: fc.constant(bounds),
      timeSeries: rows(keys, {
        start: time,
        value: fc.record({
          count: fc.oneof(fc.nat(), fc.nat({ max: 2 ** 53 - 1 })),
          sum: finite.map(Math.abs),
          min: maybe(finite),
          max: maybe(finite),
          sumOfSquaredDeviation: fc.constant(0),
          bucketCounts: fc.array(fc.oneof(fc.nat(), fc.nat({ max: 2 ** 53 - 1 })), {
            minLength: buckets,
            maxLength: buckets,
          }),
          exemplars: maybe(fc.array(exemplar, { minLength: 1, maxLength: 2 })),
        }),
      }),
    });
  }) as fc.Arbitrary<Metric>;

/** Any metric. */
export const anyMetric: fc.Arbitrary<Metric> = fc.oneof(numbers, distributions);
