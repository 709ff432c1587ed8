import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** Where a server listens. */
export interface TcpOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default: a free one. */
  readonly port?: number | undefined;
  /** Makes it a TLS server. */
  readonly tls?: TlsOptions | undefined;
}

/** A server of bytes on loopback: what its sockets say is up to `onSocket`. */
export class TcpServer {
  readonly host: string;
  /** The port, also while it does not listen. */
  port = 0;
  /** Open sockets. */
  readonly sockets: Set<Socket> = new Set();
  /** How many sockets there have been. */
  accepted = 0;
  readonly #server: Server;

  private constructor(onSocket: (socket: Socket) => void, { host = '127.0.0.1', tls }: TcpOptions) {
    this.host = host;
    const hear = (socket: Socket): void => {
      this.accepted++;
      this.sockets.add(socket);
      socket.on('error', () => {}); // resets are what this is about
      socket.once('close', () => this.sockets.delete(socket));
      onSocket(socket);
    };
    this.#server = tls ? createTlsServer(tls, hear) : createServer({ noDelay: true }, hear);
    this.#server.on('tlsClientError', () => {});
  }

  static async open(onSocket: (socket: Socket) => void, options: TcpOptions = {}): Promise<TcpServer> {
    const server = new TcpServer(onSocket, options);
    await server.listen(options.port ?? 0);
    return server;
  }

  async listen(port: number = this.port): Promise<void> {
    this.#server.listen(port, this.host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (typeof address === 'object' && address) this.port = address.port;
  }

  /** Stops listening and drops all sockets. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
