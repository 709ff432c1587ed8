import { setTimeout as delay } from 'node:timers/promises';
import type { SpanData } from '@oc/core/exporter';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { zipkin } from '../src/index.ts';
import { call, span } from './samples.ts';
import { missingForZipkin, startZipkin, type ZipkinServer } from './zipkin-server.ts';

const missing = await missingForZipkin();
let server: ZipkinServer | undefined;

beforeAll(async () => {
  if (!missing) server = await startZipkin();
  else if (process.env.CI) throw new Error(missing);
}, 180_000);
beforeEach(({ skip }) => skip(missing !== undefined, missing));
afterAll(() => server?.stop());

const start = 1_735_689_600_250_000;

function traceOf(traceId: string): readonly SpanData[] {
  return [
    span({
      traceId,
      spanId: '1b9e44d2087f6ac5',
      name: 'POST /Charge',
      kind: 'server',
      start,
      end: start + 207_000,
      attributes: {
        'client.address': '2001:DB8::7',
        'client.port': 50_123,
        retry: true,
        ratio: 0.25,
        cards: ['visa', '"amex"'],
        'naïve ключ 🙂': 'line\nbreak \u2028 \\ "quoted"',
        myAnnotations: '',
      },
      annotations: [{ time: start + 5_000, description: 'cache miss', attributes: { key: 'u42' } }],
      dropped: { attributes: 0, annotations: 1, messageEvents: 1, links: 0 },
    }),
    span({
      traceId,
      spanId: 'a3c1f07e5d294b86',
      parentSpanId: '1b9e44d2087f6ac5',
      kind: 'client',
      start: start + 10_000,
      end: start + 52_750,
      status: { code: 14, message: 'backend down' },
      attributes: { 'server.address': 'billing', 'network.peer.address': '10.0.0.7', 'network.peer.port': 8443 },
      messageEvents: [{ time: start + 20_000, type: 'sent', id: 1 }],
    }),
    span({
      traceId,
      spanId: 'ffffffffffffffff',
      parentSpanId: 'a3c1f07e5d294b86',
      start: 0,
      end: 0,
      annotations: [{ time: 0, description: 'boot', attributes: {} }],
    }),
  ];
}

/** What the server has of a trace, by id; it answers before it stores. */
async function stored(traceId: string, count: number): Promise<readonly { readonly id: string }[]> {
  for (;;) {
    const answer = await fetch(`${server?.origin}/api/v2/trace/${traceId}`);
    const spans = answer.ok ? ((await answer.json()) as { readonly id: string }[]) : [];
    if (spans.length >= count) return spans.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    await delay(20);
  }
}

describe.each([
  ['json', '7d1f4a52c0b94e6388a1d6f05b3e2c97'],
  ['protobuf', '0af7651916cd43dd8448eb211c80319c'],
] as const)('a Zipkin server that is sent %s', (encoding, traceId) => {
  it('has the whole trace, with names in lower case', async () => {
    await zipkin({ url: server?.origin, encoding }).exportSpans?.(traceOf(traceId), call());
    const localEndpoint = { serviceName: 'checkout' };
    expect(await stored(traceId, 3)).toEqual([
      {
        traceId,
        id: '1b9e44d2087f6ac5',
        kind: 'SERVER',
        name: 'post /charge',
        timestamp: start,
        duration: 207_000,
        localEndpoint,
        remoteEndpoint: { ipv6: '2001:db8::7', port: 50_123 },
        annotations: [{ timestamp: start + 5_000, value: 'cache miss {"key":"u42"}' }],
        tags: {
          'client.address': '2001:DB8::7',
          'client.port': '50123',
          retry: 'true',
          ratio: '0.25',
          cards: '["visa","\\"amex\\""]',
          'naïve ключ 🙂': 'line\nbreak \u2028 \\ "quoted"',
          myAnnotations: '',
          'census.status_code': '0',
          'otel.dropped_events_count': '2',
        },
      },
      {
        traceId,
        parentId: '1b9e44d2087f6ac5',
        id: 'a3c1f07e5d294b86',
        kind: 'CLIENT',
        name: 'get /cart',
        timestamp: start + 10_000,
        duration: 42_750,
        localEndpoint,
        remoteEndpoint: { serviceName: 'billing', ipv4: '10.0.0.7', port: 8443 },
        annotations: [{ timestamp: start + 20_000, value: 'SENT' }],
        tags: {
          'server.address': 'billing',
          'network.peer.address': '10.0.0.7',
          'network.peer.port': '8443',
          'census.status_code': '14',
          'census.status_description': 'backend down',
          error: 'backend down',
        },
      },
      {
        traceId,
        parentId: 'a3c1f07e5d294b86',
        id: 'ffffffffffffffff',
        name: 'get /cart',
        timestamp: 1,
        duration: 1,
        localEndpoint,
        annotations: [{ timestamp: 1, value: 'boot' }],
        tags: { 'census.status_code': '0' },
      },
    ]);
  });

  it('refuses a message for one bad span in it, and its reason is told', async () => {
    const good = span({ traceId: `${traceId.slice(16)}${traceId.slice(0, 16)}` });
    const bad = span({ traceId: '0'.repeat(32) });
    await expect(zipkin({ url: server?.origin, encoding }).exportSpans?.([good, bad], call())).rejects.toMatchObject({
      failure: 'poisoned',
      message: expect.stringMatching(/^zipkin: POST http:\S+\/api\/v2\/spans answered 400: .*traceId is all zeros/),
    });
    expect((await fetch(`${server?.origin}/api/v2/trace/${good.traceId}`)).status).toBe(404);
  });
});

// Why the mapping is as careful as it is: each of these makes the server refuse a whole message.
it.each([
  ['a fraction in a time', '"timestamp":1735689600250000.5'],
  ['a fraction in a duration', '"duration":0.5'],
  ['a kind of its own', '"kind":"INTERNAL"'],
  ['a port beyond 65535', '"remoteEndpoint":{"port":65536}'],
  ['a tag without a text', '"tags":{"a":null}'],
  ['a tag that is true', '"tags":{"a":true}'],
  ['a tag that looks like version 1', '"tags":{"myAnnotations":""}'],
])('a Zipkin server refuses %s', async (_, member) => {
  const body = `[{"traceId":"7d1f4a52c0b94e63","id":"7d1f4a52c0b94e63",${member}}]`;
  const answer = await fetch(`${server?.origin}/api/v2/spans`, { method: 'POST', body });
  expect(answer.status).toBe(400);
});
