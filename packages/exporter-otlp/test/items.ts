import type { Item } from '@oc/testkit';
import { decoded, type Json } from './oracle.ts';

type List = readonly Json[];

/** The items of a message in protobuf, by the signal's name in OTLP, as the testkit compares them. */
export function itemsInProtobuf(signal: 'traces' | 'metrics', bytes: Uint8Array): readonly Item[] {
  return itemsIn(decoded(signal, bytes));
}

/** The items of a message in OTLP's JSON. */
export function itemsIn(message: Json): readonly Item[] {
  const spans = inside(message, 'resourceSpans', 'scopeSpans', 'spans').map(
    (span): Item => ({
      id: String(span.spanId),
      name: String(span.name),
      attributes: attributesIn(span.attributes),
      traceId: String(span.traceId),
      parentId: span.parentSpanId as string | undefined,
      start: microsIn(span.startTimeUnixNano),
      end: microsIn(span.endTimeUnixNano),
    }),
  );
  const rows = inside(message, 'resourceMetrics', 'scopeMetrics', 'metrics').flatMap((metric) => {
    const { dataPoints } = (metric.gauge ?? metric.sum ?? metric.histogram) as { dataPoints: List };
    return dataPoints.map((point): Item => {
      const attributes = attributesIn(point.attributes);
      const value = point.asDouble ?? (point.asInt === undefined ? undefined : Number(point.asInt));
      return { id: String(attributes.id ?? ''), name: String(metric.name), attributes, value };
    });
  });
  return [...spans, ...rows];
}

/** The attributes of the resource of a message. */
export function resourceIn({ resourceSpans, resourceMetrics }: Json): Readonly<Record<string, unknown>> {
  const [first] = (resourceSpans ?? resourceMetrics) as readonly { resource: Json }[];
  return attributesIn(first?.resource.attributes);
}

function inside(message: Json, ...names: readonly string[]): List {
  return names.reduce<List>((list, name) => list.flatMap((each) => (each[name] ?? []) as List), [message]);
}

function attributesIn(list: unknown): Readonly<Record<string, unknown>> {
  const pairs = (list ?? []) as readonly { readonly key: string; readonly value: Json }[];
  return Object.fromEntries(pairs.map(({ key, value }) => [key, valueIn(value)]));
}

function valueIn(value: Json): unknown {
  const { intValue, arrayValue } = value;
  if (intValue !== undefined) return Number(intValue);
  if (arrayValue !== undefined) return ((arrayValue as { values?: List }).values ?? []).map(valueIn);
  return Object.values(value)[0];
}

function microsIn(nanos: unknown): number {
  return Number(BigInt(String(nanos)) / 1_000n);
}
