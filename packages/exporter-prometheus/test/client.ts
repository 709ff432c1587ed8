import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { ListeningAddress } from '../src/server.ts';

/** An answer that came in whole. */
export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** How a page is asked for. */
export interface Question {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly signal?: AbortSignal;
}

/** Asks a server of this machine, by a connection of its own. */
export async function ask(
  at: ListeningAddress | undefined,
  path = '/metrics',
  question: Question = {},
): Promise<Answer> {
  const response = await open(at, path, question);
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

/** The same up to the answer's head; nothing of its body is read. */
export async function open(
  at: ListeningAddress | undefined,
  path = '/metrics',
  { method = 'GET', headers = {}, signal }: Question = {},
): Promise<IncomingMessage> {
  if (!at) throw new Error('nobody listens');
  const asked = request({ ...at, path, method, headers, agent: false, ...(signal && { signal }) }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}
