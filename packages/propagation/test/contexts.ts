import type { SpanContext } from '@oc/core';
import * as fc from 'fast-check';
import {
  b3,
  baggage,
  correlationContext,
  datadog,
  type Format,
  google,
  grpc,
  grpcTags,
  type HeaderGetter,
  jaeger,
  type TagFormat,
  w3c,
  xray,
} from '../src/index.ts';

export const TRACE_ID = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
export const SPAN_ID = '00f1e2d3c4b5a697';

/** What decoding gives for the context that the vectors are of. */
export const REMOTE: SpanContext = { traceId: TRACE_ID, spanId: SPAN_ID, sampled: true, remote: true };

export const FORMATS: readonly Format[] = [
  w3c(),
  b3(),
  b3({ headers: 'multi' }),
  google(),
  grpc(),
  jaeger(),
  datadog(),
  xray(),
];
export const TAG_FORMATS: readonly TagFormat[] = [baggage(), correlationContext(), grpcTags()];

/** Reads of headers that are there under just these names. */
export function getter(headers: Readonly<Record<string, string | undefined>>): HeaderGetter {
  return (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined);
}

/** Ids of any bits, with zeros in any half. */
export function hexId(digits: 16 | 32): fc.Arbitrary<string> {
  const half = fc.oneof(
    fc.constantFrom('0'.repeat(16), 'f'.repeat(16), `${'0'.repeat(15)}1`, `8${'0'.repeat(15)}`),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => bits.toString(16).padStart(16, '0')),
  );
  const id = digits === 16 ? half : fc.tuple(half, half).map((halves) => halves.join(''));
  return id.filter((hex) => !/^0+$/.test(hex));
}

/** Valid contexts as they come from another process. */
export const remoteContexts: fc.Arbitrary<SpanContext> = fc.record({
  traceId: hexId(32),
  spanId: hexId(16),
  sampled: fc.boolean(),
  remote: fc.constant(true),
});
