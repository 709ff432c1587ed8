/** The bytes of a body, at most so many: a backend's answer is short, and what is not must not fill the memory. */
export async function bytesOf(body: AsyncIterable<unknown> | null, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk as Uint8Array);
    size += (chunk as Uint8Array).byteLength;
    if (size >= most) break; // ends the stream and drops its socket
  }
  return Buffer.concat(chunks).subarray(0, most);
}

/** The host of a Location header. */
export function hostOf(location: string | null, base: string): string | undefined {
  try {
    return location === null ? undefined : new URL(location, base).host;
  } catch {
    return undefined;
  }
}

/** Seconds or a date (RFC 9110, 10.2.3); anything else is no hint. */
export function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1_000;
  const date = /^\s*[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
