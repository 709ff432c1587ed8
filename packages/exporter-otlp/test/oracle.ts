import { createRequire } from 'node:module';

// OTLP's own definitions, as OpenTelemetry's exporter generates them for itself: it knows all names and numbers, and has
// nothing of ours.

interface Type {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  toObject(message: object, options: object): Json;
}

/** JSON, whatever its shape. */
export type Json = { [name: string]: unknown };

const { collector } = createRequire(import.meta.url)('@opentelemetry/otlp-transformer/build/src/generated/root.js')
  .opentelemetry.proto as {
  collector: Readonly<Record<'trace' | 'metrics', { readonly v1: Readonly<Record<string, Type>> }>>;
};

const TYPES = {
  traces: collector.trace.v1.ExportTraceServiceRequest as Type,
  metrics: collector.metrics.v1.ExportMetricsServiceRequest as Type,
  tracesAnswer: collector.trace.v1.ExportTraceServiceResponse as Type,
  metricsAnswer: collector.metrics.v1.ExportMetricsServiceResponse as Type,
} as const;

/** Messages by name. */
export type Message = keyof typeof TYPES;

/** Bytes of a message, by OTLP's definitions. */
export function encoded(message: Message, content: object): Uint8Array {
  return TYPES[message].encode(content).finish();
}

/** What is in a message, by OTLP's definitions, in the form that OTLP's JSON has; what was not written is left out. */
export function decoded(message: Message, bytes: Uint8Array): Json {
  const type = TYPES[message];
  return inJson(type.toObject(type.decode(bytes), { longs: String, json: true })) as Json;
}

/** Bytes are hex digits in OTLP's JSON, and numbers that JSON lacks are words. */
function inJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(inJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inJson(member)]));
}
