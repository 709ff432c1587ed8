// Ids are pairs and fours of 32-bit integers until somebody reads them: drawing one so costs a tenth of its hex digits.
const POOL = 4_096;
const pool = new Int32Array(POOL);
let used = POOL;

/** 32 random bits, as a signed integer. */
export function randomBits(): number {
  if (used === POOL) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  return pool[used++] as number;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Eight lower-case hex digits. */
export function hexOf(bits: number): string {
  return (
    (HEX[bits >>> 24] as string) +
    (HEX[(bits >>> 16) & 255] as string) +
    (HEX[(bits >>> 8) & 255] as string) +
    (HEX[bits & 255] as string)
  );
}

/** The 32 bits that eight hex digits from `at` on stand for. */
export function bitsAt(hex: string, at: number): number {
  return Number.parseInt(hex.slice(at, at + 8), 16) | 0;
}

/** A trace id in lower case, or undefined when it is none. */
export function validTraceId(id: unknown): string | undefined {
  return typeof id === 'string' && /^(?!0{32})[0-9a-f]{32}$/i.test(id) ? id.toLowerCase() : undefined;
}

/** A span id in lower case, or undefined when it is none. */
export function validSpanId(id: unknown): string | undefined {
  return typeof id === 'string' && /^(?!0{16})[0-9a-f]{16}$/i.test(id) ? id.toLowerCase() : undefined;
}

/** A tracestate that may be carried on: printable ASCII, at most 8,192 characters; undefined for anything else. */
export function validTraceState(state: unknown): string | undefined {
  return typeof state === 'string' && /^[\x20-\x7e\t]{1,8192}$/.test(state) ? state : undefined;
}
