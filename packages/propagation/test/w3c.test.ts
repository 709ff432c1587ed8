import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SpanContext } from '@oc/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { propagator, w3c } from '../src/index.ts';
import { getter, REMOTE, SPAN_ID, TRACE_ID } from './contexts.ts';

const VECTOR = `00-${TRACE_ID}-${SPAN_ID}-01`;

// The cases of W3C's own test suite, sent as lines of real requests.
let server: Server;

beforeAll(async () => {
  const propagation = propagator();
  server = createServer((request, response) => {
    response.end(JSON.stringify(propagation.extract(request.headers) ?? 'a new trace'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterAll(() => {
  server.close();
});

async function answerTo(lines: readonly string[]): Promise<unknown> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`${['GET / HTTP/1.1', 'host: shop.example', 'connection: close', ...lines].join('\r\n')}\r\n\r\n`);
  return JSON.parse((await text(socket)).split('\r\n\r\n')[1]?.match(/[{"].*[}"]/)?.[0] ?? '');
}

async function traceStateOf(...values: readonly string[]): Promise<string | undefined> {
  const answer = (await answerTo([
    `traceparent: ${VECTOR}`,
    ...values.map((value) => `tracestate: ${value}`),
  ])) as SpanContext;
  expect(answer).toMatchObject(REMOTE);
  return answer.traceState;
}

describe('traceparent', () => {
  it.each([
    `traceparent: ${VECTOR}`,
    `TraceParent: ${VECTOR}`,
    `TrAcEpArEnT: ${VECTOR}`,
    `TRACEPARENT: ${VECTOR}`,
    `traceparent:  \t${VECTOR} \t`,
    `traceparent: 00-${TRACE_ID}-${SPAN_ID}-ff`,
    `traceparent: cc-${TRACE_ID}-${SPAN_ID}-01`,
    `traceparent: cc-${TRACE_ID}-${SPAN_ID}-01-what-comes-later`,
    `traceparent: cc-${TRACE_ID}-${SPAN_ID}-01-`,
  ])('is understood: %j', async (line) => {
    expect(await answerTo([line])).toEqual(REMOTE);
  });

  it.each(['00', '02', 'fe'])('with flags %s is not sampled', async (flags) => {
    expect(await answerTo([`traceparent: 00-${TRACE_ID}-${SPAN_ID}-${flags}`])).toEqual({ ...REMOTE, sampled: false });
  });

  it.each([
    [],
    ['tracestate: foo=1'],
    [`trace-parent: ${VECTOR}`],
    [`trace.parent: ${VECTOR}`],
    ['traceparent:'],
    [`traceparent: ${VECTOR}`, `traceparent: ${VECTOR}`],
    [`traceparent: ${VECTOR}`, `traceparent: 00-${TRACE_ID}-1234567890123456-01`],
    [`traceparent: ${VECTOR},`],
    [`traceparent: ff-${TRACE_ID}-${SPAN_ID}-01`],
    [`traceparent: ${VECTOR}-what-comes-later`],
    [`traceparent: ${VECTOR}-`],
    [`traceparent: ${VECTOR}.`],
    [`traceparent: cc-${TRACE_ID}-${SPAN_ID}-01.what-comes-later`],
    [`traceparent: .0-${TRACE_ID}-${SPAN_ID}-01`],
    [`traceparent: 0.-${TRACE_ID}-${SPAN_ID}-01`],
    [`traceparent: 000-${TRACE_ID}-${SPAN_ID}-01`],
    [`traceparent: 0000-${TRACE_ID}-${SPAN_ID}-01`],
    [`traceparent: 0-${TRACE_ID}-${SPAN_ID}-01`],
    [`traceparent: 00-${'0'.repeat(32)}-${SPAN_ID}-01`],
    [`traceparent: 00-.${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
    [`traceparent: 00-${TRACE_ID.slice(1)}.-${SPAN_ID}-01`],
    [`traceparent: 00-${TRACE_ID}3-${SPAN_ID}-01`],
    [`traceparent: 00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
    [`traceparent: 00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`],
    [`traceparent: 00-${TRACE_ID}-${'0'.repeat(16)}-01`],
    [`traceparent: 00-${TRACE_ID}-.${SPAN_ID.slice(1)}-01`],
    [`traceparent: 00-${TRACE_ID}-${SPAN_ID.slice(1)}.-01`],
    [`traceparent: 00-${TRACE_ID}-${SPAN_ID}7-01`],
    [`traceparent: 00-${TRACE_ID}-${SPAN_ID.slice(1)}-01`],
    [`traceparent: 00-${TRACE_ID}-${SPAN_ID.toUpperCase()}-01`],
    [`traceparent: 00-${TRACE_ID}-${SPAN_ID}-.0`],
    [`traceparent: 00-${TRACE_ID}-${SPAN_ID}-0.`],
    [`traceparent: 00-${TRACE_ID}-${SPAN_ID}-001`],
    [`traceparent: 00-${TRACE_ID}-${SPAN_ID}-1`],
    [`traceparent: 00-${TRACE_ID}-${SPAN_ID}`],
    [`traceparent: 00-${TRACE_ID}-${SPAN_ID}-0A`],
  ])('is none: %j', async (...lines) => {
    expect(await answerTo(lines)).toBe('a new trace');
  });
});

const ALL_OF_A_KEY = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/';
const ALL_OF_A_VALUE = Array.from({ length: 0x5f }, (_, at) => String.fromCharCode(0x20 + at))
  .filter((character) => character !== ',' && character !== '=')
  .join('');
const members = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => `bar${from + at}=${from + at}`).join(',');

describe('tracestate', () => {
  it.each([
    [['foo=1,bar=2'], 'foo=1,bar=2'],
    [['foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'], 'foo=1,bar=2,rojo=1,congo=2,baz=3'],
    [['foo=1', ''], 'foo=1'],
    [['', 'foo=1'], 'foo=1'],
    [['foo=1 \t , \t bar=2, \t baz=3'], 'foo=1,bar=2,baz=3'],
    [['foo=1\t \t,\t \tbar=2,\t \tbaz=3'], 'foo=1,bar=2,baz=3'],
    [['\t foo=1 \t'], 'foo=1'],
    [['foo= 1'], 'foo= 1'],
    [['foo='], 'foo='],
    [['foo=1,,bar=2'], 'foo=1,bar=2'],
    [[`${ALL_OF_A_KEY}=${ALL_OF_A_VALUE}`], `${ALL_OF_A_KEY}=${ALL_OF_A_VALUE}`],
    [[`${ALL_OF_A_KEY}@a-z0-9_-*/=${ALL_OF_A_VALUE}`], `${ALL_OF_A_KEY}@a-z0-9_-*/=${ALL_OF_A_VALUE}`],
    [['foo=1', `${'z'.repeat(256)}=1`], `foo=1,${'z'.repeat(256)}=1`],
    [['foo=1', `${'t'.repeat(241)}@${'v'.repeat(14)}=1`], `foo=1,${'t'.repeat(241)}@${'v'.repeat(14)}=1`],
    [['0@v=1'], '0@v=1'],
    [[`foo=${'v'.repeat(256)}`], `foo=${'v'.repeat(256)}`],
    [[members(1, 10), members(11, 20), members(21, 32)], members(1, 32)],
  ])('is carried on: %j', async (values, expected) => {
    expect(await traceStateOf(...values)).toBe(expected);
  });

  it.each([
    [[]],
    [['']],
    [['foo=1,foo=1']],
    [['foo=1,foo=2']],
    [['foo=1', 'foo=1']],
    [['foo=1', 'foo=2']],
    [['foo =1']],
    [['FOO=1']],
    [['foo.bar=1']],
    [['foo@=1,bar=2']],
    [['@foo=1,bar=2']],
    [['foo@@bar=1,bar=2']],
    [['foo@bar@baz=1,bar=2']],
    [['=1']],
    [['0foo=1']],
    [['foo,bar=2']],
    [['foo=1=2']],
    [['foo=1\t2']],
    [['foo=\u00e9']],
    [['foo=1', `${'z'.repeat(257)}=1`]],
    [['foo=1', `${'t'.repeat(242)}@v=1`]],
    [['foo=1', `t@${'v'.repeat(15)}=1`]],
    [[`foo=${'v'.repeat(257)}`]],
    [[members(1, 10), members(11, 20), members(21, 33)]],
  ])('is left out whole, and the traceparent is kept: %j', async (values) => {
    expect(await traceStateOf(...values)).toBeUndefined();
  });

  it('is carried on up to 512 characters', async () => {
    const first = `a=${'v'.repeat(251)}`;
    const fits = `${first},b=${'v'.repeat(256)}`;
    expect(fits.length).toBe(512);
    expect(await traceStateOf(fits)).toBe(fits);
    expect(await traceStateOf(fits.replace('a=', 'aa='))).toBe(`a${first}`);
  });

  it('above 512 characters loses its long members first, from the end', async () => {
    const long = (key: string): string => `${key}=${'v'.repeat(200)}`;
    expect(await traceStateOf('a=1', long('b'), long('c'), 'd=1', long('e'), 'f=1')).toBe(
      ['a=1', long('b'), long('c'), 'd=1', 'f=1'].join(','),
    );
  });

  it('above 512 characters without long members loses the last, which are the oldest', async () => {
    const all = Array.from({ length: 32 }, (_, at) => `k${at}=${'v'.repeat(16)}`);
    const kept = (await traceStateOf(all.join()))?.split(',') ?? [];
    expect(kept).toEqual(all.slice(0, kept.length));
    expect(kept.join().length).toBeLessThanOrEqual(512);
    expect(all.slice(0, kept.length + 1).join().length).toBeGreaterThan(512);
  });
});

it('blanks around the values do not matter where no HTTP took them off', () => {
  const headers = { traceparent: ` \t${VECTOR}\t `, tracestate: ' foo=1\t' };
  expect(w3c().decode(getter(headers))).toEqual({ ...REMOTE, traceState: 'foo=1' });
});

describe('encoding', () => {
  it('writes version 00 and lower case', () => {
    expect(w3c().encode(REMOTE)).toEqual([['traceparent', VECTOR]]);
    expect(w3c().encode({ ...REMOTE, sampled: false })).toEqual([['traceparent', `00-${TRACE_ID}-${SPAN_ID}-00`]]);
  });

  it('writes a tracestate that is right, and none that a header could be broken with', () => {
    const encoded = (traceState: string): unknown => w3c().encode({ ...REMOTE, traceState });
    expect(encoded(' foo=1 , bar=2')).toEqual([
      ['traceparent', VECTOR],
      ['tracestate', 'foo=1,bar=2'],
    ]);
    expect(encoded('foo=1\r\nset-cookie: a=1')).toEqual([['traceparent', VECTOR]]);
    expect(encoded('')).toEqual([['traceparent', VECTOR]]);
  });

  it('comes back as it was', () => {
    const context = { ...REMOTE, traceState: 'foo=1,bar=2' };
    expect(w3c().decode(getter(Object.fromEntries(w3c().encode(context))))).toEqual(context);
  });
});
