import type { SpanData } from '@oc/core/exporter';
import { zipkinSpanOf } from './span.ts';

/** A message in version 2 of Zipkin's JSON: an array of spans. */
export function encodeJson(spans: readonly SpanData[], serviceName: string): string {
  const local = serviceName ? { serviceName } : undefined;
  const json = JSON.stringify(spans.map((span) => zipkinSpanOf(span, local)));
  // Zipkin takes a message with these bytes anywhere in it, as in a tag `myAnnotations`, for version 1 and refuses it.
  return json.replaceAll('yAnnotations"', '\\u0079Annotations"');
}
