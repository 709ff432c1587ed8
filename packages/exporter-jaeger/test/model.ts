import type { Annotation, AttributeValue, Link, MessageEvent, SpanData } from '@oc/core/exporter';
import * as fc from 'fast-check';
import type { ReadSpan, ReadTag } from './oracle.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 100, maxLength: 200 }),
  fc.constantFrom(
    '',
    '\0',
    '\u2028',
    'x'.repeat(23),
    'x'.repeat(24),
    'x'.repeat(127),
    'x'.repeat(128),
    'é'.repeat(64),
    'naïve',
    '\u007f\u0080ÿ',
  ),
);
const key = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  fc.constantFrom('error', 'event', 'span.kind', 'status.code', 'status.message', 'otel.status_code', 'message.id'),
  fc.constantFrom('__proto__', 'constructor', 'toString', '7'),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, -1, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32), 2 ** 53, Number.MAX_SAFE_INTEGER, Number.NaN),
);
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.array(text, { maxLength: 3 }),
  fc.array(number, { maxLength: 3 }),
  fc.array(fc.boolean(), { maxLength: 3 }),
);
const attributes = fc.dictionary(key, value, { maxKeys: 20 });
const time = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 4_000_000_000_000_000 }));
const count = fc.oneof(fc.constant(0), fc.nat({ max: 3 }));
const bytes = fc.option(fc.oneof(fc.nat(), fc.maxSafeInteger()), { nil: undefined });

function hex(digits: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits });
}

function inOrder<T extends { readonly time: number }>(each: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(each, { maxLength: 20 }).map((list) => list.sort((a, b) => a.time - b.time));
}

/** A span of any ids, times and texts, as core gives them. */
export const anySpan: fc.Arbitrary<SpanData> = fc
  .record({
    traceId: hex(32),
    spanId: hex(16),
    parentSpanId: fc.option(hex(16), { nil: undefined }),
    traceState: fc.option(text, { nil: undefined }),
    remoteParent: fc.boolean(),
    name: text,
    kind: fc.constantFrom('unspecified', 'client', 'server', 'producer', 'consumer'),
    start: time,
    took: fc.nat({ max: 3_600_000_000 }),
    scope: fc.option(fc.record({ name: text, version: fc.option(text, { nil: undefined }) }), { nil: undefined }),
    status: fc.record({ code: fc.nat({ max: 16 }), message: fc.option(text, { nil: undefined }) }),
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
        attributes: fc.constant({}),
      }),
      { maxLength: 20 },
    ),
    dropped: fc.record({ attributes: count, annotations: count, messageEvents: count, links: count }),
  })
  .map(({ took, ...span }) => ({ ...span, end: span.start + took }));

/** The mapping once more, without regard to speed. */
export function expectedOf(span: SpanData): ReadSpan {
  const { status, dropped, attributes } = span;
  const failed = status.code > 0;
  const message = status.message || (typeof attributes.error === 'string' ? attributes.error : '');
  const own: (readonly [isSent: boolean, ...ReadTag])[] = [
    [span.kind !== 'unspecified', 'span.kind', 'STRING', span.kind],
    [failed, 'error', 'BOOL', true],
    [failed, 'otel.status_code', 'STRING', 'ERROR'],
    [failed && message !== '', 'otel.status_description', 'STRING', message],
    [failed, 'status.code', 'LONG', status.code],
    [failed && message !== '', 'status.message', 'STRING', message],
    [span.scope !== undefined, 'otel.scope.name', 'STRING', `${span.scope?.name}`],
    [!!span.scope?.version, 'otel.scope.version', 'STRING', `${span.scope?.version}`],
    [!!span.traceState, 'w3c.tracestate', 'STRING', `${span.traceState}`],
    [dropped.attributes > 0, 'otel.dropped_attributes_count', 'LONG', dropped.attributes],
    [
      dropped.annotations + dropped.messageEvents > 0,
      'otel.dropped_events_count',
      'LONG',
      dropped.annotations + dropped.messageEvents,
    ],
    [dropped.links > 0, 'otel.dropped_links_count', 'LONG', dropped.links],
  ];
  const logs = [
    ...span.annotations.map(({ time, description, attributes: more }) => {
      return { timestamp: longOf(time), fields: withOthers([['event', 'STRING', description]], more) };
    }),
    ...span.messageEvents.map(({ time, type, id, uncompressedBytes, compressedBytes }) => ({
      timestamp: longOf(time),
      fields: [
        ['event', 'STRING', 'message'],
        ['message.type', 'STRING', type === 'sent' ? 'SENT' : 'RECEIVED'],
        ['message.id', 'LONG', id],
        ...(uncompressedBytes === undefined ? [] : [['message.uncompressed_size', 'LONG', uncompressedBytes] as const]),
        ...(compressedBytes === undefined ? [] : [['message.compressed_size', 'LONG', compressedBytes] as const]),
      ] satisfies ReadTag[],
    })),
  ];
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '0000000000000000',
    operationName: span.name,
    references: span.links.map(({ traceId, spanId }) => ({ refType: 'FOLLOWS_FROM', traceId, spanId })),
    flags: 1,
    startTime: longOf(span.start),
    duration: span.end - span.start,
    tags: withOthers(
      own.filter(([isSent]) => isSent).map(([, ...tag]) => tag),
      attributes,
    ),
    logs: logs.toSorted((a, b) => Number(a.timestamp) - Number(b.timestamp)),
  };
}

function withOthers(own: readonly ReadTag[], attributes: SpanData['attributes']): readonly ReadTag[] {
  const names = new Set(own.map(([name]) => name));
  const others = Object.entries(attributes).filter(([name]) => !names.has(name));
  return [...own, ...others.map(([name, each]) => tagOf(name, each))];
}

function tagOf(name: string, each: AttributeValue): ReadTag {
  if (typeof each === 'string') return [name, 'STRING', each];
  if (typeof each === 'boolean') return [name, 'BOOL', each];
  if (typeof each === 'object') return [name, 'STRING', `[${each.map(jsonOf).join()}]`];
  if (!Number.isFinite(each)) return [name, 'STRING', `${each}`];
  return [name, Number.isSafeInteger(each) && !Object.is(each, -0) ? 'LONG' : 'DOUBLE', each];
}

function jsonOf(each: string | number | boolean): string {
  return JSON.stringify(typeof each === 'number' && !Number.isFinite(each) ? `${each}` : each);
}

function longOf(micros: number): number | bigint {
  return Number.isSafeInteger(micros) ? micros : BigInt(micros);
}
