import type { Attributes, Exemplar, Metric, Resource, Scope, SpanData, SpanKind } from '@oc/core/exporter';

// What both encodings say alike of OpenCensus's data in OTLP's terms.

/** `Span.SpanKind`. OTLP reads a span of no kind as internal; so that is said. */
export const KIND: Readonly<Record<SpanKind, number>> = {
  unspecified: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};

/** `Status.StatusCode`. Of a status that is no error nobody knows whether somebody set it: OTLP calls that unset. */
export const STATUS = { error: 2 } as const;

/** W3C's trace flag "sampled", that it is known where the parent lives, and whether that is another process. */
export const FLAGS = { ofLocalParent: 0x101, ofRemoteParent: 0x301 } as const;

/** What a point stands for: all since the start of the process, or since the last point. */
export type Temporality = 'cumulative' | 'delta';

/** `AggregationTemporality`. */
export const TEMPORALITY: Readonly<Record<Temporality, number>> = { delta: 1, cumulative: 2 };

/** The scope of metrics, and of spans that no library made. */
export const OWN_SCOPE: Scope = { name: '@oc/core' };

/** Spans by the library that made them, each with its scope. */
export function scopesOf(spans: readonly SpanData[]): Iterable<readonly [Scope, readonly SpanData[]]> {
  const scopes = new Map<string, [Scope, SpanData[]]>();
  let last: Scope | undefined;
  let own: SpanData[] = [];
  for (const span of spans) {
    const { scope = OWN_SCOPE } = span;
    // Spans of one library have one object, and most come one after the other.
    if (scope !== last) {
      const key = `${scope.name}\n${scope.version ?? ''}`;
      own = scopes.get(key)?.[1] ?? [];
      if (own.length === 0) scopes.set(key, [scope, own]);
      last = scope;
    }
    own.push(span);
  }
  return scopes.values();
}

/** The labels of a resource, and its type. */
export function attributesOf({ type, labels }: Resource): Attributes {
  return type ? { ...labels, 'opencensus.resourcetype': type } : labels;
}

/** Whether a number goes as OTLP's int64; minus zero and what is beyond exact whole numbers go as doubles. */
export function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** Whether a point of a metric goes as an integer. */
export function isWholeIn({ valueType }: Metric, value: number): boolean {
  return valueType === 'int64' && Number.isSafeInteger(value);
}

/** An exemplar's ids, if it has any, and the rest of its attachments. */
export function exemplarOf({ attachments }: Exemplar): {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly attributes: Attributes;
} {
  const { trace_id: traceId, span_id: spanId, ...attributes } = attachments;
  return { traceId, spanId, attributes };
}
