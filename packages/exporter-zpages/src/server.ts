import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Where the pages are served. */
export interface ListeningAddress {
  /** An IP address: '127.0.0.1'. */
  readonly host: string;
  readonly port: number;
}

/** A server that does not hold the process. */
export interface OwnServer {
  readonly address: ListeningAddress;
  close(): Promise<void>;
}

const STATUS_OF_ERROR: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Listens, or rejects with what the system said: the port is taken, it needs more rights. */
export async function listen(
  { host, port }: { readonly host: string; readonly port: number },
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<OwnServer> {
  const { createServer } = await import('node:http'); // here, since it takes 7 ms to load
  const server: Server = createServer(answer);
  server.on('connection', (socket: Socket) => socket.unref());
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy();
    const status = STATUS_OF_ERROR[error.code ?? ''] ?? '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  server.unref();
  server.listen(port, host);
  await once(server, 'listening'); // rejects for 'error'
  server.on('error', () => {}); // of single connections, from now on
  const { address, port: taken } = server.address() as AddressInfo;
  return {
    address: { host: address, port: taken },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
