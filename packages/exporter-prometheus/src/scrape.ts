import type { IncomingMessage, ServerResponse } from 'node:http';
import { CONTENT_TYPE, type Format, formatFor } from './format.ts';

/** Makes a page: its chunks, in a format. After `withinMs` it goes without what is not there yet. */
export type Page = (format: Format, withinMs: number | undefined) => Promise<AsyncGenerator<Buffer>>;

/** Below it, compressing costs more than it saves. */
const GZIP_BYTES = 1_024;
/** Longest time that a client may take over a page when it does not say how long. */
const LONGEST_MS = 60_000;
/** What is kept of a scrape's time to write and send the page. */
const SEND_MS = 500;

/** Answers one request of a scraper. Rejects when no page could be made; the answer is given all the same. */
export async function answerScrape(request: IncomingMessage, response: ServerResponse, page: Page): Promise<void> {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    refuse(response, 405, 'only GET and HEAD are allowed', { allow: 'GET, HEAD' });
    return;
  }
  const format = formatFor(headers.accept);
  const head = { 'content-type': CONTENT_TYPE[format], vary: 'Accept, Accept-Encoding' };
  if (method === 'HEAD') {
    response.writeHead(200, head).end();
    return;
  }
  const deadlineMs = deadlineOf(request);
  const withinMs = deadlineMs && Math.max(deadlineMs - SEND_MS, deadlineMs / 2);
  let chunks: AsyncGenerator<Buffer>;
  let first: Buffer;
  try {
    chunks = await page(format, withinMs);
    first = (await chunks.next()).value ?? Buffer.alloc(0);
  } catch (error) {
    refuse(response, 500, 'the page could not be made');
    throw error;
  }
  // A page as short as this is one chunk.
  if (first.length <= GZIP_BYTES) {
    response.writeHead(200, { ...head, 'content-length': first.length }).end(first);
    return;
  }
  const isZipped = takesGzip(headers['accept-encoding']);
  response.writeHead(200, isZipped ? { ...head, 'content-encoding': 'gzip' } : head);
  await stream(first, chunks, response, isZipped, AbortSignal.timeout(deadlineMs ?? LONGEST_MS));
}

/** Answers with a status and a line of text. */
export function refuse(
  response: ServerResponse,
  status: number,
  reason: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(`${reason}\n`);
}

async function stream(
  first: Buffer,
  rest: AsyncGenerator<Buffer>,
  response: ServerResponse,
  isZipped: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { pipeline } = await import('node:stream/promises');
  async function* whole(): AsyncGenerator<Buffer> {
    yield first;
    yield* rest;
  }
  try {
    if (isZipped) {
      const { createGzip, constants } = await import('node:zlib');
      // The fastest level: a page repeats itself so much that more work saves little, and the work is the application's.
      await pipeline(whole, createGzip({ level: constants.Z_BEST_SPEED }), response, { signal });
    } else await pipeline(whole, response, { signal });
  } catch {
    response.destroy(); // the client has left, or its time is over: half a page must not look like a whole one
  }
}

function takesGzip(encodings: unknown): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(`${encodings ?? ''}`);
}

/** Milliseconds, as Prometheus gives them with each scrape; undefined for other clients. */
function deadlineOf({ headers }: IncomingMessage): number | undefined {
  const seconds = Number(headers['x-prometheus-scrape-timeout-seconds']);
  return seconds > 0 ? Math.min(seconds * 1_000, LONGEST_MS) : undefined;
}
