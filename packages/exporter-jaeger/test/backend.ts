import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A request that came in whole. */
export interface Arrival {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly socket: Socket;
}

/** A server on a loopback port that gives one answer to all. */
export interface Backend {
  /** '127.0.0.1:41234' */
  readonly host: string;
  readonly arrivals: readonly Arrival[];
  /** Stops listening. */
  close(): Promise<void>;
}

/** Opens a server until the end of the test. */
export async function backend(status = 202, headers: OutgoingHttpHeaders = {}, body = ''): Promise<Backend> {
  const arrivals: Arrival[] = [];
  const server = createServer(async (request, response) => {
    const { method, url: path, headers: sent, socket } = request;
    arrivals.push({ method, path, headers: sent, body: await buffer(request), socket });
    response.writeHead(status, headers).end(body);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  async function close(): Promise<void> {
    if (!server.listening) return;
    server.close().closeAllConnections();
    await once(server, 'close');
  }
  onTestFinished(close);
  return { host, arrivals, close };
}
