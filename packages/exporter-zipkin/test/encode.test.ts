import { readdirSync, readFileSync } from 'node:fs';
import { telemetry } from '@oc/core';
import {
  type Annotation,
  type AttributeValue,
  type MessageEvent,
  type SpanData,
  STATUS_CODES,
} from '@oc/core/exporter';
import * as fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { encodeProtobuf } from '../src/protobuf.ts';
import { jsonOf, messageOf, protobufOf, readProtobuf, type Wire } from './oracle.ts';

interface Golden {
  readonly input: { readonly service: string; readonly spans: readonly SpanData[] };
  /** The JSON as a value, its text is without blanks; the protobuf in hex digits. */
  readonly expected: { readonly json: unknown; readonly protobuf: readonly string[] };
}

const folder = new URL('golden/', import.meta.url);

describe.each(readdirSync(folder))('golden/%s', (file) => {
  const { input, expected }: Golden = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));

  it('becomes this JSON', () => {
    expect(messageOf(input.spans, input.service)).toBe(JSON.stringify(expected.json));
  });

  it('becomes this protobuf', () => {
    const message = encodeProtobuf(input.spans, input.service, protobuf.Writer.create());
    expect(Buffer.from(message).toString('hex')).toBe(expected.protobuf.join(''));
  });
});

it('the definition that reads our protobuf reads a message that others wrote', () => {
  const message =
    '0a620a107d1f4a52c0b94e6388a1d6f05b3e2c9712081b9e44d2087f6ac51a08a3c1f07e5d294b8620012a09676574202f63617274' +
    '31903010ba992a060038fecd02420a0a08636865636b6f75745a140a056572726f72120b554e415641494c41424c45';
  expect(readProtobuf(Buffer.from(message, 'hex'))).toEqual([
    {
      traceId: '7d1f4a52c0b94e6388a1d6f05b3e2c97',
      parentId: '1b9e44d2087f6ac5',
      id: 'a3c1f07e5d294b86',
      kind: 'CLIENT',
      name: 'get /cart',
      timestamp: 1_735_689_600_250_000,
      duration: 42_750,
      localEndpoint: { serviceName: 'checkout' },
      tags: { error: 'UNAVAILABLE' },
    },
  ]);
});

describe('any span', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...'aé漢🙂\n"'), maxLength: 60 }),
    fc.constantFrom('a text that is long and ends in yAnnotations', 'x'.repeat(300)),
    fc.constantFrom('', 'false', 'myAnnotations', 'yAnnotations"', '"', '\\', 'null', 'a|b|c', '\u2028', '\0', 'true'),
  );
  const key = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    fc.constantFrom('error', 'census.status_code', 'census.status_description', 'otel.dropped_links_count'),
    fc.constantFrom('__proto__', 'constructor', 'toString', '7', 'yAnnotations'),
  );
  const value: fc.Arbitrary<AttributeValue> = fc.oneof(
    text,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.array(text, { maxLength: 3 }),
    fc.array(fc.double(), { maxLength: 3 }),
    fc.array(fc.boolean(), { maxLength: 3 }),
  );
  const attributes = fc.dictionary(key, value, { maxKeys: 5 });
  const time = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 4_000_000_000_000_000 }));
  const hex = (digits: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits });
  const count = fc.oneof(fc.constant(0), fc.nat({ max: 3 }));

  function inOrder<T extends { readonly time: number }>(each: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
    return fc.array(each, { maxLength: 3 }).map((list) => list.sort((a, b) => a.time - b.time));
  }

  const spans: fc.Arbitrary<SpanData> = fc
    .record({
      traceId: hex(32),
      spanId: hex(16),
      parentSpanId: fc.option(hex(16), { nil: undefined }),
      remoteParent: fc.boolean(),
      name: text,
      kind: fc.constantFrom('unspecified', 'client', 'server', 'producer', 'consumer'),
      start: time,
      took: fc.nat({ max: 3_600_000_000 }),
      status: fc.record({ code: fc.nat({ max: 16 }), message: fc.option(text, { nil: undefined }) }),
      attributes,
      annotations: inOrder(fc.record<Annotation>({ time, description: text, attributes })),
      messageEvents: inOrder(
        fc.record<MessageEvent>({ time, type: fc.constantFrom('sent', 'received'), id: fc.nat() }),
      ),
      links: fc.constant([]),
      dropped: fc.record({ attributes: count, annotations: count, messageEvents: count, links: count }),
    })
    .map(({ took, ...span }) => ({ ...span, end: span.start + took }));

  const peer = fc.record(
    {
      'peer.service': text,
      'server.address': fc.domain(),
      'net.peer.ip': fc.oneof(fc.ipV4(), fc.ipV6()),
      'net.peer.port': fc.nat({ max: 70_000 }),
    },
    { requiredKeys: [] },
  );

  it('is in JSON what the mapping says', () => {
    fc.assert(
      fc.property(spans, (span) => {
        expect(jsonOf(span)).toEqual([expectedOf(span)]);
      }),
    );
  });

  it('is in protobuf what it is in JSON, its peer too', () => {
    const withPeer = fc.tuple(spans, peer).map(([span, more]) => {
      return { ...span, attributes: { ...span.attributes, ...more } };
    });
    fc.assert(
      fc.property(fc.array(withPeer, { maxLength: 3 }), (some) => {
        expect(readProtobuf(protobufOf(...some))).toEqual(jsonOf(...some));
      }),
    );
  });

  it('leaves no bytes in JSON by which Zipkin would take it for version 1', () => {
    fc.assert(
      fc.property(spans, (span) => {
        expect(messageOf([span], 'myAnnotations')).not.toContain('yAnnotations"');
      }),
    );
  });
});

it("a span of core's own making becomes what a plain object of the same would", async () => {
  const spans: SpanData[] = [];
  const keeping = {
    name: 'keeping',
    async exportSpans(some: readonly SpanData[]): Promise<void> {
      spans.push(...some);
    },
  };
  await using oc = telemetry({ service: 'checkout', exporters: [keeping] });
  oc.tracer.span('charge', { kind: 'client', attributes: { 'server.address': 'billing', 7: [1.5, 2] } }, (charge) => {
    charge.setStatus('NOT_FOUND').messageEvent({ type: 'sent', id: 1 }).annotate('retry', { n: 2, why: '"late"' });
    oc.tracer.span('wait', { links: [{ context: charge.context }] }, () => {});
  });
  await oc.flush();
  expect(spans).toHaveLength(2);
  expect(jsonOf(...spans)).toEqual(jsonOf(...(JSON.parse(JSON.stringify(spans)) as SpanData[])));
});

/** The mapping once more, without regard to speed, for spans without a peer. */
function expectedOf(span: SpanData): Wire {
  const { attributes, annotations, messageEvents, dropped } = span;
  const { code, message } = span.status;
  const { error } = attributes;
  const saysFalse = error === false || error === 'false';

  const tags = Object.entries(attributes).map(([key, value]) => [key, textOf(value)]);
  tags.push(['census.status_code', `${code}`]);
  if (message) tags.push(['census.status_description', message]);
  if (code > 0 && (typeof error !== 'string' || saysFalse)) tags.push(['error', message || `${STATUS_CODES[code]}`]);
  if (dropped.attributes) tags.push(['otel.dropped_attributes_count', `${dropped.attributes}`]);
  const droppedEvents = dropped.annotations + dropped.messageEvents;
  if (droppedEvents) tags.push(['otel.dropped_events_count', `${droppedEvents}`]);
  if (dropped.links) tags.push(['otel.dropped_links_count', `${dropped.links}`]);

  const notes = [
    ...annotations.map((each) => ({ timestamp: each.time || 1, value: noteOf(each) })),
    ...messageEvents.map(({ time, type }) => ({ timestamp: time || 1, value: type === 'sent' ? 'SENT' : 'RECEIVED' })),
  ];
  return {
    traceId: span.traceId,
    ...(span.parentSpanId && { parentId: span.parentSpanId }),
    id: span.spanId,
    ...(span.kind !== 'unspecified' && { kind: span.kind.toUpperCase() }),
    name: span.name,
    timestamp: span.start || 1,
    duration: span.end - span.start || 1,
    localEndpoint: { serviceName: 'checkout' },
    ...(notes.length > 0 && { annotations: notes.toSorted((a, b) => a.timestamp - b.timestamp) }),
    tags: Object.fromEntries(tags.filter(([key, text]) => !(key === 'error' && text === 'false' && code === 0))),
  };
}

function noteOf({ description, attributes }: Annotation): string {
  const members = Object.entries(attributes).map(([key, value]) => `${JSON.stringify(key)}:${jsonTextOf(value)}`);
  return members.length > 0 ? `${description} {${members.join()}}` : description;
}

function textOf(value: AttributeValue): string {
  return typeof value === 'object' ? jsonTextOf(value) : `${value}`;
}

function jsonTextOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonTextOf).join()}]`;
  return JSON.stringify(typeof value === 'number' && !Number.isFinite(value) ? `${value}` : value);
}
