import type { Attributes, AttributeValue, Link, LinkType, SpanData, SpanKind } from '@oc/core/exporter';
import type { Message } from './message.ts';

// The protocol has two kinds; the others are shown as their nearest.
const KIND: Readonly<Record<SpanKind, number | undefined>> = {
  unspecified: undefined,
  server: 1,
  client: 2,
  producer: 2,
  consumer: 1,
};
const LINK_TYPE: Readonly<Record<LinkType, number | undefined>> = { unspecified: undefined, child: 1, parent: 2 };
const EVENT_TYPE = { sent: 1, received: 2 } as const;

/** A span as opencensus.proto.trace.v1.Span. */
export function spanMessage(span: SpanData): Message {
  const { status, parentSpanId, childCount, dropped } = span;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId,
    name: { value: span.name },
    startTime: span.start,
    endTime: span.end,
    attributes: attributesMessage(span.attributes, dropped.attributes),
    timeEvents: timeEvents(span),
    links: links(span),
    // Absent means OK.
    status:
      status.code === 0 && !status.message ? undefined : { code: status.code, message: status.message || undefined },
    sameProcessAsParentSpan: parentSpanId === undefined ? undefined : !span.remoteParent,
    childSpanCount: childCount,
    kind: KIND[span.kind],
    tracestate: tracestate(span.traceState),
  };
}

function attributesMessage(attributes: Attributes, dropped: number): Message | undefined {
  const attributeMap: Record<string, Message> = Object.create(null); // where '__proto__' is a key like any other
  let isEmpty = dropped === 0;
  for (const key in attributes) {
    attributeMap[key] = attributeValue(attributes[key] as AttributeValue);
    isEmpty = false;
  }
  return isEmpty ? undefined : { attributeMap, droppedAttributesCount: dropped || undefined };
}

/** The protocol has no lists: they go as JSON. */
function attributeValue(value: AttributeValue): Message {
  switch (typeof value) {
    case 'string':
      return { stringValue: { value } };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? { intValue: value } : { doubleValue: value };
    default:
      return { stringValue: { value: listText(value) } };
  }
}

/** As JSON, but for numbers that JSON does not know. */
function listText(list: Exclude<AttributeValue, string | number | boolean>): string {
  return JSON.stringify(list, (_, value) =>
    typeof value === 'number' && !Number.isFinite(value) ? `${value}` : value,
  );
}

function timeEvents({ annotations, messageEvents, dropped }: SpanData): Message | undefined {
  const count = annotations.length + messageEvents.length + dropped.annotations + dropped.messageEvents;
  if (count === 0) return undefined;
  const timeEvent = [
    ...annotations.map(({ time, description, attributes }) => ({
      time,
      annotation: { description: { value: description }, attributes: attributesMessage(attributes, 0) },
    })),
    ...messageEvents.map(({ time, type, id, uncompressedBytes, compressedBytes }) => ({
      time,
      messageEvent: {
        type: EVENT_TYPE[type],
        id: unsigned(id),
        uncompressedSize: unsigned(uncompressedBytes),
        compressedSize: unsigned(compressedBytes),
      },
    })),
  ];
  return {
    timeEvent: timeEvent.sort((one, other) => one.time - other.time),
    droppedAnnotationsCount: dropped.annotations || undefined,
    droppedMessageEventsCount: dropped.messageEvents || undefined,
  };
}

/** What fits into an unsigned number of the protocol; anything else is left out, which reads as 0. */
function unsigned(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function links({ links, dropped }: SpanData): Message | undefined {
  if (links.length === 0 && dropped.links === 0) return undefined;
  return { link: links.map(linkMessage), droppedLinksCount: dropped.links || undefined };
}

function linkMessage({ traceId, spanId, type, attributes, traceState }: Link): Message {
  return {
    traceId,
    spanId,
    type: LINK_TYPE[type],
    attributes: attributesMessage(attributes, 0),
    tracestate: tracestate(traceState),
  };
}

/** A value may hold '=' too. */
function tracestate(text: string | undefined): Message | undefined {
  const entries = (text ?? '')
    .split(',')
    .map((entry) => ({ entry: entry.trim(), at: entry.trim().indexOf('=') }))
    .filter(({ at }) => at > 0)
    .map(({ entry, at }) => ({ key: entry.slice(0, at), value: entry.slice(at + 1) }));
  return entries.length > 0 ? { entries } : undefined;
}
