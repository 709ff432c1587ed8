import { samples } from '@oc/testkit';
import { describe, expect, it } from 'vitest';
import { collector } from '../../../tools/receivers/collector.ts';
import type { ArrivedAttributes, ArrivedSpan } from '../../../tools/receivers/collector-output.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';
import { zipkinServer } from '../../../tools/receivers/zipkin.ts';
import { zipkin } from '../src/index.ts';
import { jsonOf, protobufOf, readProtobuf } from './oracle.ts';
import { call, span } from './samples.ts';
import { faultsIn } from './schema.ts';
import { start, tags, traceOf } from './trace.ts';

// What may be wrong with a span, and what Zipkin and the Collector answer to it. Where one says 202 it is blind: that it
// took a span proves nothing there. The other one sees it, or the rules of the API do, which see all of these.
const faults = [
  { what: 'a fraction in a time', member: '"timestamp":1735689600250000.5', zipkin: 400, collector: 400 },
  { what: 'a fraction in a duration', member: '"duration":0.5', zipkin: 400, collector: 400 },
  { what: 'a tag that is true', member: '"tags":{"a":true}', zipkin: 400, collector: 400 },
  { what: 'a tag that is a number', member: '"tags":{"a":5}', zipkin: 202, collector: 400 },
  { what: 'a tag without a text', member: '"tags":{"a":null}', zipkin: 400, collector: 202 },
  { what: 'a name that is a number', member: '"name":5', zipkin: 202, collector: 400 },
  { what: 'a kind of its own', member: '"kind":"INTERNAL"', zipkin: 400, collector: 202 },
  { what: 'a time that is a text', member: '"timestamp":"1735689600250000"', zipkin: 202, collector: 400 },
  { what: 'a time before 1970', member: '"timestamp":-1', zipkin: 202, collector: 400 },
  { what: 'a duration below 0', member: '"duration":-1', zipkin: 202, collector: 400 },
  { what: 'a port beyond 65535', member: '"remoteEndpoint":{"port":65536}', zipkin: 400, collector: 400 },
  { what: 'an address that is none', member: '"remoteEndpoint":{"ipv4":"billing"}', zipkin: 202, collector: 400 },
  { what: 'an annotation without a time', member: '"annotations":[{"value":"x"}]', zipkin: 400, collector: 400 },
  { what: 'an annotation of 5', member: '"annotations":[{"timestamp":1,"value":5}]', zipkin: 202, collector: 400 },
  { what: 'upper case in an id', member: '"parentId":"A3C1F07E5D294B86"', zipkin: 400, collector: 202 },
  { what: 'an id of 15 digits', member: '"parentId":"a3c1f07e5d294b8"', zipkin: 202, collector: 202 },
  { what: 'a parent that is the span', member: '"parentId":"7d1f4a52c0b94e63"', zipkin: 202, collector: 202 },
  { what: 'a client span that is shared', member: '"kind":"CLIENT","shared":true', zipkin: 202, collector: 202 },
  { what: 'a member that the API lacks', member: '"links":[]', zipkin: 202, collector: 202 },
];

const messageWith = (member: string): string => `[{"traceId":"7d1f4a52c0b94e63","id":"7d1f4a52c0b94e63",${member}}]`;

async function answerOf(origin: string, body: string): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${origin}/api/v2/spans`, { method: 'POST', headers, body })).status;
}

describe('the rules of the API', () => {
  it.each(faults)('refuse $what', ({ member }) => {
    expect(faultsIn(JSON.parse(messageWith(member)))).toEqual([expect.stringMatching(/^0: /)]);
  });

  it('have nothing against any span that is encoded, in JSON or protobuf', () => {
    const spans = [...traceOf('7d1f4a52c0b94e6388a1d6f05b3e2c97'), ...Object.values(samples.spans)];
    expect(faultsIn(jsonOf(...spans))).toEqual([]);
    expect(faultsIn(readProtobuf(protobufOf(...spans)))).toEqual([]);
  });
});

describe('a Zipkin server', () => {
  const server = receiving(zipkinServer);

  describe.each([
    ['json', '7d1f4a52c0b94e6388a1d6f05b3e2c97'],
    ['protobuf', '0af7651916cd43dd8448eb211c80319c'],
  ] as const)('that is sent %s', (encoding, traceId) => {
    it('has the whole trace, with names in lower case', async () => {
      await zipkin({ url: server().origin, encoding }).exportSpans?.(traceOf(traceId), call());
      const localEndpoint = { serviceName: 'checkout' };
      expect(await server().spans(traceId, 3)).toEqual([
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
          tags: tags.server,
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
          tags: tags.client,
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
          tags: tags.local,
        },
      ]);
    });

    it('refuses a message for one bad span in it, and its reason is told', async () => {
      const good = span({ traceId: `${traceId.slice(16)}${traceId.slice(0, 16)}` });
      const bad = span({ traceId: '0'.repeat(32) });
      await expect(zipkin({ url: server().origin, encoding }).exportSpans?.([good, bad], call())).rejects.toMatchObject(
        {
          failure: 'poisoned',
          message: expect.stringMatching(/^zipkin: POST http:\S+\/api\/v2\/spans answered 400: .*traceId is all zeros/),
        },
      );
      expect((await fetch(`${server().origin}/api/v2/trace/${good.traceId}`)).status).toBe(404);
    });
  });

  it.each(faults)('answers $what with $zipkin', async ({ member, zipkin }) => {
    expect(await answerOf(server().origin, messageWith(member))).toBe(zipkin);
  });

  // Beside what is wrong: bytes by which it takes a message for one of version 1.
  it('refuses a tag myAnnotations that is written plainly', async () => {
    expect(await answerOf(server().origin, messageWith('"tags":{"myAnnotations":""}'))).toBe(400);
  });
});

/** Values as OTLP writes texts. */
function texts(values: Readonly<Record<string, string>>): ArrivedAttributes {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { stringValue: value }]));
}

describe('a Collector', () => {
  const running = receiving(collector, { receivers: { zipkin: {} } });
  const url = (): string => `http://${running().address('zipkin')}`;

  async function arrived(traceId: string, count: number): Promise<readonly ArrivedSpan[]> {
    const ofTrace = (spans: readonly ArrivedSpan[]): ArrivedSpan[] => spans.filter((each) => each.traceId === traceId);
    const spans = ofTrace(await running().traces((all) => ofTrace(all).length >= count));
    return spans.sort((a, b) => (a.spanId < b.spanId ? -1 : 1));
  }

  describe.each([
    ['json', '7d1f4a52c0b94e6388a1d6f05b3e2c97', '0'.repeat(16), /valid span id required/],
    ['protobuf', '0af7651916cd43dd8448eb211c80319c', 'abc', /invalid SpanID: has length 1 yet wanted length 8/],
  ] as const)('that is sent %s', (encoding, traceId, badId, complaint) => {
    it('has the whole trace', async () => {
      await zipkin({ url: url(), encoding }).exportSpans?.(traceOf(traceId), call());
      const common = { traceId, resource: { 'service.name': { stringValue: 'checkout' } }, scope: {}, status: {} };
      expect(await arrived(traceId, 3)).toEqual([
        {
          ...common,
          spanId: '1b9e44d2087f6ac5',
          parentSpanId: '',
          name: 'POST /Charge',
          kind: 2,
          startTimeUnixNano: '1735689600250000000',
          endTimeUnixNano: '1735689600457000000',
          attributes: {
            ...texts(tags.server),
            'net.peer.ip': { stringValue: '2001:db8::7' },
            'net.peer.port': { intValue: '50123' },
          },
          events: [{ timeUnixNano: '1735689600255000000', name: 'cache miss {"key":"u42"}' }],
        },
        {
          ...common,
          spanId: 'a3c1f07e5d294b86',
          parentSpanId: '1b9e44d2087f6ac5',
          name: 'GET /cart',
          kind: 3,
          startTimeUnixNano: '1735689600260000000',
          endTimeUnixNano: '1735689600302750000',
          attributes: {
            ...texts(tags.client),
            'peer.service': { stringValue: 'billing' },
            'net.peer.ip': { stringValue: '10.0.0.7' },
            'net.peer.port': { intValue: '8443' },
          },
          events: [{ timeUnixNano: '1735689600270000000', name: 'SENT' }],
          status: { code: 2 },
        },
        {
          ...common,
          spanId: 'ffffffffffffffff',
          parentSpanId: 'a3c1f07e5d294b86',
          name: 'GET /cart',
          startTimeUnixNano: '1000',
          endTimeUnixNano: '2000',
          attributes: texts(tags.local),
          events: [{ timeUnixNano: '1000', name: 'boot' }],
        },
      ]);
    });

    it('refuses a message for one bad span in it, and its reason is told', async () => {
      const good = span({ traceId: `${traceId.slice(16)}${traceId.slice(0, 16)}` });
      const refusal = zipkin({ url: url(), encoding }).exportSpans?.([good, span({ spanId: badId })], call());
      await expect(refusal).rejects.toMatchObject({ failure: 'poisoned', message: expect.stringMatching(complaint) });
      expect(await arrived(good.traceId, 0)).toEqual([]);
    });
  });

  it.each(faults)('answers $what with $collector', async ({ member, collector }) => {
    expect(await answerOf(url(), messageWith(member))).toBe(collector);
  });

  // Its own way of writing events into annotations; Zipkin takes any text.
  it('refuses an annotation with two bars that is not as it would write it', async () => {
    expect(await answerOf(url(), messageWith('"annotations":[{"timestamp":1,"value":"a|b|c"}]'))).toBe(400);
  });
});
