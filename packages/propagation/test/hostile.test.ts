import type { SpanContext } from '@oc/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baggage, propagator } from '../src/index.ts';
import { FORMATS, getter, hexId, remoteContexts, TAG_FORMATS } from './contexts.ts';

const RUNS = { numRuns: 1_000 };

function isValid(context: SpanContext | undefined): boolean {
  if (context === undefined) return true;
  const { traceId, spanId, sampled, remote, ...rest } = context;
  return (
    /^(?!0+$)[0-9a-f]{32}$/.test(traceId) &&
    /^(?!0+$)[0-9a-f]{16}$/.test(spanId) &&
    typeof sampled === 'boolean' &&
    remote === true &&
    Object.keys(rest).every((key) => key === 'traceState')
  );
}

/** Text of any characters, of those that headers are made of, and bytes as base64. */
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF-:;/=,%. \to'), maxLength: 120 }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc
    .tuple(hexId(32), hexId(16), fc.constantFrom('-', ':', '/', ';'))
    .map(([a, b, by]) => `00${by}${a}${by}${b}${by}01`),
);

/** The text with something cut out of it and something else put in its place. */
function broken(text: string): fc.Arbitrary<string> {
  const at = fc.nat({ max: text.length });
  const instead = fc.oneof(
    fc.constant(''),
    fc.constant(text),
    texts,
    fc.constantFrom('0', 'f', 'g', '-', ',', ';', '='),
  );
  return fc.tuple(at, fc.nat({ max: 4 }), instead).map(([from, count, put]) => {
    return text.slice(0, from) + put + text.slice(from + count);
  });
}

describe.each(FORMATS)('$name', (format) => {
  const canTell = ({ traceId }: SpanContext): boolean => format.name !== 'datadog' || !/0{16}$/.test(traceId);

  it('brings every context back as it was', () => {
    fc.assert(
      fc.property(remoteContexts.filter(canTell), (context) => {
        expect(format.decode(getter(Object.fromEntries(format.encode(context))))).toEqual(context);
      }),
      RUNS,
    );
  });

  it('uses the names that it declares', () => {
    fc.assert(
      fc.property(remoteContexts, (context) => {
        expect(format.fields).toEqual(expect.arrayContaining(format.encode(context).map(([name]) => name)));
      }),
    );
  });

  it('makes a valid context or none of any text, and never throws', () => {
    const headers = fc.tuple(...format.fields.map(() => fc.option(texts, { nil: undefined })));
    fc.assert(
      fc.property(headers, (values) => {
        const found = format.decode(getter(Object.fromEntries(format.fields.map((name, at) => [name, values[at]]))));
        expect(found).toSatisfy(isValid);
      }),
      RUNS,
    );
  });

  it('makes a valid context or none of headers that were right until something broke them', () => {
    const headers = remoteContexts.chain((context) =>
      fc.tuple(...format.encode(context).map(([name, value]) => fc.tuple(fc.constant(name), broken(value)))),
    );
    fc.assert(
      fc.property(headers, (pairs) => {
        expect(format.decode(getter(Object.fromEntries(pairs)))).toSatisfy(isValid);
      }),
      RUNS,
    );
  });
});

describe.each(TAG_FORMATS)('$name', (format) => {
  const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
  const any = format.name === baggage().name ? fc.string({ unit: 'grapheme', maxLength: 20 }) : ascii;
  const tags = fc.dictionary(any.filter(Boolean), any, { maxKeys: 20 });

  it('brings all tags back as they were', () => {
    fc.assert(
      fc.property(tags, (given) => {
        const found = format.decode(getter(Object.fromEntries(format.encode(given))));
        expect(Object.entries(found ?? {})).toEqual(Object.entries(given));
      }),
      RUNS,
    );
  });

  it('makes tags within bounds or none of any text, and never throws', () => {
    const lists = fc
      .array(
        fc.oneof(
          texts,
          fc.tuple(texts, texts).map((pair) => pair.join('=')),
        ),
      )
      .map((all) => all.join());
    fc.assert(
      fc.property(fc.oneof(texts, lists), (text) => {
        const found = format.decode(getter(Object.fromEntries(format.fields.map((name) => [name, text]))));
        const sizes = Object.entries(found ?? {}).map(([key, value]) => key.length + value.length);
        expect(sizes.length).toBeLessThanOrEqual(180);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(8_192);
      }),
      RUNS,
    );
  });

  it('makes tags or none of headers that were right until something broke them', () => {
    const headers = tags.chain((given) => broken(format.encode(given)[0]?.[1] ?? ''));
    fc.assert(
      fc.property(headers, (text) => {
        const found = format.decode(getter(Object.fromEntries(format.fields.map((name) => [name, text])))) ?? {};
        expect(Object.values(found).every((value) => typeof value === 'string')).toBe(true);
      }),
      RUNS,
    );
  });
});

it('carriers of any values, bytes among them, give a valid context or none', () => {
  const { extract, extractTags } = propagator({ formats: FORMATS, tagFormats: TAG_FORMATS });
  const values = fc.oneof(texts, fc.uint8Array({ maxLength: 60 }), fc.array(texts), fc.anything());
  const names = [...FORMATS, ...TAG_FORMATS].flatMap(({ fields }) => fields);
  const carriers = fc.dictionary(fc.constantFrom(...names, 'headers', 'get', 'B3', 'TraceParent'), values);
  fc.assert(
    fc.property(fc.oneof(carriers, fc.object()), (carrier) => {
      expect(extract(carrier)).toSatisfy(isValid);
      expect(Object.values(extractTags(carrier)).every((value) => typeof value === 'string')).toBe(true);
    }),
    RUNS,
  );
});

it('binary contexts of any bytes give a valid context or none', () => {
  const { extract } = propagator({ formats: FORMATS });
  const near = fc.tuple(hexId(32), hexId(16), fc.uint8Array({ maxLength: 4 })).map(([traceId, spanId, more]) => {
    return Buffer.concat([Buffer.from(`0000${traceId}01${spanId}`, 'hex'), more]);
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), near), (bytes) => {
      expect(extract({ 'grpc-trace-bin': bytes })).toSatisfy(isValid);
    }),
    RUNS,
  );
});

// A pattern that goes back and forth would take hours for these.
it.each([
  ['spaces', ' '.repeat(1_000_000), 'x'],
  ['tabs', '\t'.repeat(1_000_000), '\n'],
  ['commas', ','.repeat(1_000_000), 'x'],
  ['digits', '0'.repeat(1_000_000), 'x'],
  ['semicolons', 'Root=1;'.repeat(150_000), ''],
  ['members', 'a=1,'.repeat(250_000), ' '],
  ['colons', '%3A'.repeat(300_000), '%'],
  ['tags', ',_dd.p.tid='.repeat(100_000), ''],
  ['base64', 'AAAA'.repeat(250_000), '==='],
  ['empty tags', 'AAEA'.repeat(250_000), ''],
])('a million characters of %s are decided at once', (_, text, end) => {
  const { extract, extractTags } = propagator({ formats: FORMATS, tagFormats: TAG_FORMATS });
  for (const prefix of ['', `cc-${'a'.repeat(32)}-${'b'.repeat(16)}-01-`, 'k=v']) {
    const names = [...FORMATS, ...TAG_FORMATS].flatMap(({ fields }) => fields);
    const headers = Object.fromEntries(names.map((name) => [name, prefix + text + end]));
    expect(extract(headers)).toSatisfy(isValid);
    expect(extract({ ...headers, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` })).toSatisfy(isValid);
    expect(Object.keys(extractTags(headers)).length).toBeLessThanOrEqual(180);
  }
});
