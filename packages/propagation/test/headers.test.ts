import type { SpanContext } from '@oc/core';
import { describe, expect, it } from 'vitest';
import { b3, datadog, type Format, google, grpc, jaeger, xray } from '../src/index.ts';
import { getter, REMOTE, SPAN_ID, TRACE_ID } from './contexts.ts';

type Headers = Readonly<Record<string, string>>;

const UNSAMPLED: SpanContext = { ...REMOTE, sampled: false };
const SHORT: SpanContext = { ...REMOTE, traceId: `${'0'.repeat(16)}${TRACE_ID.slice(16)}` };
const LARGEST: SpanContext = { ...REMOTE, spanId: 'f'.repeat(16) };
const ZEROS = '0'.repeat(32);

function decoded(format: Format, headers: Headers): SpanContext | undefined {
  return format.decode(getter(headers));
}

function encoded(format: Format, context: SpanContext): Headers {
  return Object.fromEntries(format.encode(context));
}

describe('b3 in one header', () => {
  it('is written with its decision', () => {
    expect(encoded(b3(), REMOTE)).toEqual({ b3: `${TRACE_ID}-${SPAN_ID}-1` });
    expect(encoded(b3(), UNSAMPLED)).toEqual({ b3: `${TRACE_ID}-${SPAN_ID}-0` });
  });

  it.each([
    [`${TRACE_ID}-${SPAN_ID}-1`, REMOTE],
    [`${TRACE_ID}-${SPAN_ID}-d`, REMOTE],
    [`${TRACE_ID}-${SPAN_ID}-0`, UNSAMPLED],
    [`${TRACE_ID}-${SPAN_ID}`, UNSAMPLED],
    [`${TRACE_ID}-${SPAN_ID}-1-0102030405060708`, REMOTE],
    [`${TRACE_ID.slice(16)}-${SPAN_ID}-1`, SHORT],
    [` ${TRACE_ID.toUpperCase()}-${SPAN_ID.toUpperCase()}-1\t`, REMOTE],
  ])('is read: %j', (header, expected) => {
    expect(decoded(b3(), { b3: header })).toEqual(expected);
  });

  it.each([
    '',
    '0',
    '1',
    'd',
    `${TRACE_ID}`,
    `${TRACE_ID}-${SPAN_ID}-`,
    `${TRACE_ID}-${SPAN_ID}-2`,
    `${TRACE_ID}-${SPAN_ID}-true`,
    `${TRACE_ID}-${SPAN_ID}-1-`,
    `${TRACE_ID}-${SPAN_ID}-1-01`,
    `${TRACE_ID}-${SPAN_ID}-1-0102030405060708-1`,
    `${TRACE_ID.slice(1)}-${SPAN_ID}-1`,
    `${TRACE_ID}-${SPAN_ID.slice(1)}-1`,
    `g${TRACE_ID.slice(1)}-${SPAN_ID}-1`,
    `${ZEROS}-${SPAN_ID}-1`,
    `${TRACE_ID}-${'0'.repeat(16)}-1`,
    `${TRACE_ID}-${SPAN_ID}-1,${TRACE_ID}-${SPAN_ID}-1`,
  ])('is no context: %j', (header) => {
    expect(decoded(b3(), { b3: header })).toBeUndefined();
  });
});

describe('b3 in many headers', () => {
  const ids = { 'x-b3-traceid': TRACE_ID, 'x-b3-spanid': SPAN_ID };

  it('is written with its decision', () => {
    expect(encoded(b3({ headers: 'multi' }), REMOTE)).toEqual({ ...ids, 'x-b3-sampled': '1' });
    expect(encoded(b3({ headers: 'multi' }), UNSAMPLED)).toEqual({ ...ids, 'x-b3-sampled': '0' });
  });

  it.each<[Headers, SpanContext]>([
    [{ ...ids, 'x-b3-sampled': '1' }, REMOTE],
    [{ ...ids, 'x-b3-sampled': 'true' }, REMOTE],
    [{ ...ids, 'x-b3-flags': '1' }, REMOTE],
    [{ ...ids, 'x-b3-flags': '1', 'x-b3-sampled': '0' }, REMOTE],
    [{ ...ids, 'x-b3-sampled': '0' }, UNSAMPLED],
    [{ ...ids, 'x-b3-sampled': 'false' }, UNSAMPLED],
    [{ ...ids, 'x-b3-flags': '0' }, UNSAMPLED],
    [ids, UNSAMPLED],
    [{ ...ids, 'x-b3-sampled': '1', 'x-b3-parentspanid': '0102030405060708' }, REMOTE],
    [{ ...ids, 'x-b3-sampled': '1', 'x-b3-traceid': TRACE_ID.slice(16) }, SHORT],
    [{ ...ids, 'x-b3-sampled': '1', b3: 'nonsense' }, REMOTE],
    [{ ...ids, 'x-b3-sampled': '1', b3: `${TRACE_ID}-${'f'.repeat(16)}-1` }, LARGEST],
  ])('is read by either: %j', (headers, expected) => {
    expect([b3(), b3({ headers: 'multi' })].map((format) => decoded(format, headers))).toEqual([expected, expected]);
  });

  it.each<Headers>([
    {},
    { 'x-b3-sampled': '1' },
    { 'x-b3-traceid': TRACE_ID, 'x-b3-sampled': '1' },
    { 'x-b3-spanid': SPAN_ID, 'x-b3-sampled': '1' },
    { ...ids, 'x-b3-sampled': 'constructor' },
    { ...ids, 'x-b3-sampled': '1,1' },
    { ...ids, 'x-b3-sampled': '2' },
    { ...ids, 'x-b3-traceid': ZEROS },
    { ...ids, 'x-b3-traceid': TRACE_ID.slice(1) },
    { ...ids, 'x-b3-traceid': `${TRACE_ID},${TRACE_ID}` },
    { ...ids, 'x-b3-spanid': ZEROS.slice(16) },
    { ...ids, 'x-b3-spanid': SPAN_ID.slice(1) },
  ])('is no context: %j', (headers) => {
    expect(decoded(b3(), headers)).toBeUndefined();
  });
});

describe('x-cloud-trace-context', () => {
  const name = 'x-cloud-trace-context';

  it('is written with the span id as a decimal', () => {
    expect(encoded(google(), REMOTE)).toEqual({ [name]: `${TRACE_ID}/68084868553483927;o=1` });
    expect(encoded(google(), { ...LARGEST, sampled: false })).toEqual({
      [name]: `${TRACE_ID}/18446744073709551615;o=0`,
    });
  });

  it.each([
    [`${TRACE_ID}/68084868553483927;o=1`, REMOTE],
    [`${TRACE_ID}/68084868553483927;o=3`, REMOTE],
    [`${TRACE_ID}/68084868553483927;o=0`, UNSAMPLED],
    [`${TRACE_ID}/68084868553483927;o=2`, UNSAMPLED],
    [`${TRACE_ID}/68084868553483927`, UNSAMPLED],
    [` ${TRACE_ID.toUpperCase()}/068084868553483927;o=1 `, REMOTE],
    [`${TRACE_ID}/18446744073709551615;o=1`, LARGEST],
  ])('is read: %j', (header, expected) => {
    expect(decoded(google(), { [name]: header })).toEqual(expected);
  });

  it.each([
    '',
    TRACE_ID,
    `${TRACE_ID}/`,
    `${TRACE_ID}/0;o=1`,
    `${TRACE_ID}/00000000000000000000;o=1`,
    `${TRACE_ID}/18446744073709551616;o=1`,
    `${TRACE_ID}/-1;o=1`,
    `${TRACE_ID}/1e3;o=1`,
    `${TRACE_ID}/1;o=`,
    `${TRACE_ID}/1;o=x`,
    `${TRACE_ID}/1;p=1`,
    `${TRACE_ID}/1;o=1;o=1`,
    `${TRACE_ID}/1;o=${'1'.repeat(200)}`,
    `${TRACE_ID}/${'1'.repeat(200)};o=1`,
    `${TRACE_ID.slice(1)}/1;o=1`,
    `${ZEROS}/1;o=1`,
    `${TRACE_ID}/1;o=1,${TRACE_ID}/1;o=1`,
  ])('is no context: %j', (header) => {
    expect(decoded(google(), { [name]: header })).toBeUndefined();
  });
});

describe('grpc-trace-bin', () => {
  const name = 'grpc-trace-bin';
  const VECTOR = `0000${TRACE_ID}01${SPAN_ID}0201`;
  const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

  it('is written as 29 bytes, base64 in headers', () => {
    expect(encoded(grpc(), REMOTE)).toEqual({ [name]: 'AAChssPU5fYHGCk6S1xtfo+QAQDx4tPEtaaXAgE=' });
    expect(encoded(grpc(), UNSAMPLED)).toEqual({ [name]: base64(`0000${TRACE_ID}01${SPAN_ID}0200`) });
  });

  it.each([
    [VECTOR, REMOTE],
    [`0000${TRACE_ID}01${SPAN_ID}0200`, UNSAMPLED],
    [`0000${TRACE_ID}01${SPAN_ID}0203`, REMOTE],
    [`0000${TRACE_ID}01${SPAN_ID}`, UNSAMPLED],
    [`${VECTOR}03ffff`, REMOTE],
    [`0000${TRACE_ID}01${SPAN_ID}ff0201`, UNSAMPLED],
    [`${VECTOR}0200`, REMOTE],
  ])('is read: %s', (hex, expected) => {
    expect(decoded(grpc(), { [name]: base64(hex) })).toEqual(expected);
  });

  it('is read without padding too, as gRPC sends it', () => {
    expect(decoded(grpc(), { [name]: 'AAChssPU5fYHGCk6S1xtfo+QAQDx4tPEtaaXAgE' })).toEqual(REMOTE);
  });

  it.each([
    '',
    '00',
    `01${VECTOR.slice(2)}`,
    `0000${TRACE_ID}`,
    `0000${TRACE_ID}01`,
    `0000${TRACE_ID}01${SPAN_ID.slice(2)}`,
    `0000${TRACE_ID}01${SPAN_ID}02`,
    `0000${TRACE_ID.slice(2)}`,
    `0001${SPAN_ID}00${TRACE_ID}0201`,
    `0000${TRACE_ID}0201`,
    `0000${ZEROS}01${SPAN_ID}0201`,
    `0000${TRACE_ID}01${ZEROS.slice(16)}0201`,
  ])('is no context: %j', (hex) => {
    expect(decoded(grpc(), { [name]: base64(hex) })).toBeUndefined();
  });

  it.each([
    'AAChssPU5fYHGCk6S1xtfo-QAQDx4tPEtaaXAgE=',
    'AAChssPU5fYHGCk6S1xtfo+QAQDx4tPEtaaXAgE=,AAChssPU5fYHGCk6S1xtfo+QAQDx4tPEtaaXAgE=',
    VECTOR,
    '=',
  ])('is not base64 of a context: %j', (header) => {
    expect(decoded(grpc(), { [name]: header })).toBeUndefined();
  });
});

describe('uber-trace-id', () => {
  const name = 'uber-trace-id';

  it('is written with a parent of 0', () => {
    expect(encoded(jaeger(), REMOTE)).toEqual({ [name]: `${TRACE_ID}:${SPAN_ID}:0:1` });
    expect(encoded(jaeger(), UNSAMPLED)).toEqual({ [name]: `${TRACE_ID}:${SPAN_ID}:0:0` });
  });

  it.each([
    [`${TRACE_ID}:${SPAN_ID}:0:1`, REMOTE],
    [`${TRACE_ID}:${SPAN_ID}:0102030405060708:01`, REMOTE],
    [`${TRACE_ID}:${SPAN_ID}:0:3`, REMOTE],
    [`${TRACE_ID}:${SPAN_ID}::1`, REMOTE],
    [`${TRACE_ID}:f1e2d3c4b5a697:0:1`, REMOTE],
    [`${TRACE_ID.slice(16)}:${SPAN_ID}:0:1`, SHORT],
    [`${TRACE_ID}%3A${SPAN_ID}%3a0%3A1`, REMOTE],
    [` ${TRACE_ID.toUpperCase()}:${SPAN_ID.toUpperCase()}:0:1 `, REMOTE],
    [`${TRACE_ID}:${SPAN_ID}:0:0`, UNSAMPLED],
    [`${TRACE_ID}:${SPAN_ID}:0:2`, UNSAMPLED],
    [`${TRACE_ID}:${SPAN_ID}:0:FE`, UNSAMPLED],
    ['a:b:0:1', { ...REMOTE, traceId: `${ZEROS.slice(1)}a`, spanId: '000000000000000b' }],
  ])('is read: %j', (header, expected) => {
    expect(decoded(jaeger(), { [name]: header })).toEqual(expected);
  });

  it.each([
    '',
    `${TRACE_ID}:${SPAN_ID}:0`,
    `${TRACE_ID}:${SPAN_ID}:0:`,
    `${TRACE_ID}:${SPAN_ID}:0:001`,
    `${TRACE_ID}:${SPAN_ID}:0:x`,
    `${TRACE_ID}:${SPAN_ID}:0:1:1`,
    `${TRACE_ID}:${SPAN_ID}:x:1`,
    `${TRACE_ID}:${SPAN_ID}:00102030405060708:1`,
    `0${TRACE_ID}:${SPAN_ID}:0:1`,
    `${TRACE_ID}:0${SPAN_ID}:0:1`,
    `0:${SPAN_ID}:0:1`,
    `${TRACE_ID}:0:0:1`,
    `:${SPAN_ID}:0:1`,
    `${TRACE_ID}:${SPAN_ID}:0:1,${TRACE_ID}:${SPAN_ID}:0:1`,
    `${TRACE_ID}%3${SPAN_ID}:0:1`,
  ])('is no context: %j', (header) => {
    expect(decoded(jaeger(), { [name]: header })).toBeUndefined();
  });
});

describe('x-datadog-*', () => {
  const ids = { 'x-datadog-trace-id': '2970769764550348688', 'x-datadog-parent-id': '68084868553483927' };
  const tags = '_dd.p.tid=a1b2c3d4e5f60718';
  const all = { ...ids, 'x-datadog-sampling-priority': '1', 'x-datadog-tags': tags };

  it('is written as decimals, with the high half of the trace id as a tag', () => {
    expect(encoded(datadog(), REMOTE)).toEqual(all);
    expect(encoded(datadog(), UNSAMPLED)).toEqual({ ...all, 'x-datadog-sampling-priority': '0' });
    expect(encoded(datadog(), SHORT)).toEqual({ ...ids, 'x-datadog-sampling-priority': '1' });
  });

  it('is not written for a trace id whose low half is 0, which is none to Datadog', () => {
    expect(encoded(datadog(), { ...REMOTE, traceId: `${TRACE_ID.slice(16)}${ZEROS.slice(16)}` })).toEqual({});
  });

  it.each<[Headers, SpanContext]>([
    [all, REMOTE],
    [{ ...all, 'x-datadog-sampling-priority': '2' }, REMOTE],
    [{ ...all, 'x-datadog-sampling-priority': '0' }, UNSAMPLED],
    [{ ...all, 'x-datadog-sampling-priority': '-1' }, UNSAMPLED],
    [{ ...ids, 'x-datadog-tags': tags }, UNSAMPLED],
    [{ ...all, 'x-datadog-tags': `_dd.p.dm=-4,${tags},_dd.p.usr.id=x` }, REMOTE],
    [{ ...all, 'x-datadog-tags': '' }, SHORT],
    [{ ...all, 'x-datadog-tags': '_dd.p.tid=A1B2C3D4E5F60718' }, SHORT],
    [{ ...all, 'x-datadog-tags': `${tags}0` }, SHORT],
    [{ ...all, 'x-datadog-tags': `x${tags}` }, SHORT],
    [{ ...all, 'x-datadog-tags': `${tags},a=${'b'.repeat(512)}` }, SHORT],
    [{ ...all, 'x-datadog-parent-id': '18446744073709551615' }, LARGEST],
  ])('is read: %j', (headers, expected) => {
    expect(decoded(datadog(), headers)).toEqual(expected);
  });

  it.each<Headers>([
    {},
    { 'x-datadog-sampling-priority': '1' },
    { ...all, 'x-datadog-trace-id': '' },
    { ...all, 'x-datadog-trace-id': '0' },
    { ...all, 'x-datadog-trace-id': '18446744073709551616' },
    { ...all, 'x-datadog-trace-id': TRACE_ID },
    { ...all, 'x-datadog-trace-id': '-1' },
    { ...all, 'x-datadog-trace-id': '1,1' },
    { ...all, 'x-datadog-parent-id': '0' },
    { ...all, 'x-datadog-parent-id': '0x1' },
    { ...all, 'x-datadog-sampling-priority': 'x' },
    { ...all, 'x-datadog-sampling-priority': '1,1' },
  ])('is no context: %j', (headers) => {
    expect(decoded(datadog(), headers)).toBeUndefined();
  });
});

describe('x-amzn-trace-id', () => {
  const name = 'x-amzn-trace-id';
  const root = 'Root=1-a1b2c3d4-e5f60718293a4b5c6d7e8f90';

  it('is written with the first eight digits of the trace id apart', () => {
    expect(encoded(xray(), REMOTE)).toEqual({ [name]: `${root};Parent=${SPAN_ID};Sampled=1` });
    expect(encoded(xray(), UNSAMPLED)).toEqual({ [name]: `${root};Parent=${SPAN_ID};Sampled=0` });
  });

  it.each([
    [`${root};Parent=${SPAN_ID};Sampled=1`, REMOTE],
    [`Sampled=1;Parent=${SPAN_ID};${root}`, REMOTE],
    [` ${root} ; Parent=${SPAN_ID} ; Sampled=1 ;`, REMOTE],
    [
      `Self=1-a1b2c3d4-000000000000000000000001;${root};Parent=${SPAN_ID};Sampled=1;Lineage=a:1|b:2;user=Root=1`,
      REMOTE,
    ],
    [`${root.toUpperCase().replace('ROOT', 'Root')};Parent=${SPAN_ID.toUpperCase()};Sampled=1`, REMOTE],
    [`${root};Parent=${SPAN_ID};Sampled=0`, UNSAMPLED],
    [`${root};Parent=${SPAN_ID};Sampled=?`, UNSAMPLED],
    [`${root};Parent=${SPAN_ID}`, UNSAMPLED],
  ])('is read: %j', (header, expected) => {
    expect(decoded(xray(), { [name]: header })).toEqual(expected);
  });

  it.each([
    '',
    root,
    `${root};Sampled=1`,
    `Parent=${SPAN_ID};Sampled=1`,
    `${root};Parent=;Sampled=1`,
    `${root};Parent=${SPAN_ID};Sampled=`,
    `${root};Parent=${SPAN_ID};Sampled=2`,
    `${root};Parent=${ZEROS.slice(16)};Sampled=1`,
    `${root};Parent=${SPAN_ID.slice(1)};Sampled=1`,
    `${root.replace('1-', '2-')};Parent=${SPAN_ID};Sampled=1`,
    `${root.slice(0, -1)};Parent=${SPAN_ID};Sampled=1`,
    `Root=1-00000000-${ZEROS.slice(8)};Parent=${SPAN_ID};Sampled=1`,
    `Root=${TRACE_ID};Parent=${SPAN_ID};Sampled=1`,
    `${root};${root};Parent=${SPAN_ID};Sampled=1`,
    `${root};Parent=${SPAN_ID};Sampled=1,${root};Parent=${SPAN_ID};Sampled=1`,
  ])('is no context: %j', (header) => {
    expect(decoded(xray(), { [name]: header })).toBeUndefined();
  });
});
