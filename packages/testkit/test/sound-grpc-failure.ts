import type { ServiceError } from '@grpc/grpc-js';
import { ExportError, type ExportFailure } from '@oc/core/exporter';

const FAILURES: Readonly<Record<number, ExportFailure>> = {
  1: 'unavailable',
  3: 'poisoned',
  4: 'unavailable',
  7: 'misconfigured',
  10: 'unavailable',
  11: 'unavailable',
  12: 'misconfigured',
  14: 'unavailable',
  15: 'unavailable',
  16: 'misconfigured',
};
const OVERLOADED = 8;

/** What a call's error means; `failures` wins over what is usual. */
export function failureOf(
  { code, details = '', metadata }: ServiceError,
  path: string,
  address: string,
  failures: Readonly<Record<number, ExportFailure>>,
  secrets: readonly string[],
): ExportError {
  const retryAfterMs = retryAfterOf(metadata?.get('grpc-status-details-bin')[0]);
  const shown = secrets.reduce((text, secret) => text.replaceAll(secret, '...'), details);
  const clean = shown.replaceAll(/[\p{Cc}\u2028\u2029\u202e]+/gu, ' ').slice(0, 200);
  const proxy = process.env.https_proxy && /Last error: undefined/.test(details) ? 'no way by https_proxy' : clean;
  const message = `soundGrpc: ${path} at ${address} ended with ${NAMES[code] ?? code}: ${proxy}`;
  if (code === OVERLOADED && /^grpc: .*larger than max/.test(details)) return new ExportError('too-large', message);
  if (code === OVERLOADED && retryAfterMs !== undefined)
    return new ExportError('unavailable', message, { retryAfterMs });
  return new ExportError(failures[code] ?? FAILURES[code] ?? 'rejected', message);
}

const NAMES: Readonly<Record<number, string>> = { 7: 'PERMISSION_DENIED', 12: 'UNIMPLEMENTED', 16: 'UNAUTHENTICATED' };

/** The seconds of a RetryInfo: the first field of the last message in it. */
function retryAfterOf(details: Buffer | string | undefined): number | undefined {
  if (!(details instanceof Buffer)) return undefined;
  const name = 'google.rpc.RetryInfo';
  const at = details.indexOf(name);
  if (at < 0) return undefined;
  const delay = details.subarray(at + name.length + 4); // field 2 of Any, its length, field 1 of RetryInfo, its length
  let seconds = 0n;
  for (let i = 1, shift = 0n; delay[0] === 8 && i < delay.length; i++, shift += 7n) {
    seconds |= BigInt((delay[i] ?? 0) & 0x7f) << shift;
    if ((delay[i] ?? 0) < 0x80) break;
  }
  return Number(BigInt.asIntN(64, seconds)) * 1_000;
}
