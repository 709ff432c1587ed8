import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { Answer, ReceivedRequest } from './http.ts';

/** A whole body at the beginning of `bytes`, and where it ends there; undefined while some of it is missing. */
export function bodyIn(
  bytes: Buffer,
  headers: ReceivedRequest['headers'],
): { content: Buffer; end: number } | undefined {
  if (!/\bchunked\b/i.test(headers['transfer-encoding'] ?? '')) {
    const length = Number(headers['content-length'] ?? 0);
    return bytes.length < length ? undefined : { content: bytes.subarray(0, length), end: length };
  }
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (!(bytes.length >= next)) return undefined;
    if (size === 0) return { content: Buffer.concat(chunks), end: next };
    chunks.push(bytes.subarray(lineEnd + 2, next - 2));
    at = next;
  }
}

const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

/** A body without its compression. */
export function decoded(content: Buffer, encoding: string | undefined): Buffer {
  return DECODERS[encoding?.toLowerCase() ?? '']?.(content) ?? content;
}

/** The bytes of an answer over HTTP/1.1. */
export function bytesOf({ status, headers = {}, body = '' }: Answer): Buffer {
  const content = Buffer.from(body);
  const length = status === 204 || status === 304 || status < 200 ? {} : { 'content-length': content.length };
  const lines = Object.entries({ ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Told\r\n${lines.join('')}\r\n`, 'latin1'), content]);
}
