import type { SpanContext } from '@oc/core';
import type { HeaderGetter, HeaderPair } from './carrier.ts';

/** How a context travels: plain data and two pure functions, so that you may write your own. */
export interface Format {
  /** For people: 'w3c'. */
  readonly name: string;
  /** All headers that it reads or writes, in lower case. `inject` takes them off first, so that no old one stays. */
  readonly fields: readonly string[];
  /** The headers that stand for a context with valid ids in lower case; none when they cannot tell it. */
  encode(context: SpanContext): readonly HeaderPair[];
  /** The context that the headers stand for; undefined when they are absent or wrong. */
  decode(get: HeaderGetter): SpanContext | undefined;
}

/** A context of another process, or undefined unless both ids are valid; their hex digits may be of either case. */
export function remoteContext(
  traceId: string,
  spanId: string,
  sampled: boolean,
  traceState?: string,
): SpanContext | undefined {
  if (!/^(?!0{32})[0-9a-f]{32}$/i.test(traceId) || !/^(?!0{16})[0-9a-f]{16}$/i.test(spanId)) return undefined;
  const context = { traceId: traceId.toLowerCase(), spanId: spanId.toLowerCase(), sampled, remote: true };
  return traceState === undefined ? context : { ...context, traceState };
}

/** The hex digits of an unsigned decimal: 16, or more when it is too large for an id; undefined when it is no decimal. */
export function hexOfDecimal(decimal: string): string | undefined {
  return /^\d{1,20}$/.test(decimal) ? BigInt(decimal).toString(16).padStart(16, '0') : undefined;
}

/** The unsigned decimal of 16 hex digits. */
export function decimalOfHex(hex: string): string {
  return BigInt(`0x${hex}`).toString();
}
