import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { type RpcStatus, rpcStatusOf } from './rpc-status.ts';

// What is used of @grpc/grpc-js.

export interface Grpc {
  readonly Client: new (address: string, security: object, options: object) => GrpcClient;
  readonly Metadata: new () => { set(name: string, value: string): void };
  readonly credentials: {
    createInsecure(): object;
    createSsl(ca: Buffer | null, key: Buffer | null, cert: Buffer | null): object;
  };
  readonly status: Readonly<Record<number, string>>;
}

interface GrpcClient {
  makeBidiStreamRequest(
    path: string,
    serialize: (message: Buffer) => Buffer,
    deserialize: (reply: Buffer) => Buffer,
    metadata: object,
  ): GrpcCall;
  getChannel(): { getTarget(): string };
  close(): void;
}

interface GrpcCall {
  on(event: 'data', listener: (reply: Buffer) => void): void;
  on(event: 'status', listener: (status: GrpcStatus) => void): void;
  on(event: 'error', listener: () => void): void;
  end(message: Buffer): void;
  cancel(): void;
  getPeer(): string;
}

interface GrpcStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: { get(name: string): readonly (string | Buffer)[] };
}

/** How a call ended. */
export interface GrpcEnd extends RpcStatus {
  readonly code: number;
  readonly details: string;
  /** The last one, empty when there was none. */
  readonly reply: Uint8Array;
  /** Whether it was ended because the reply is longer than any that is read. */
  readonly isTooLong: boolean;
  /** Whether it was given to a connection, so that the server may have seen it. */
  readonly isConnected: boolean;
}

/** A client and its sockets. */
export interface GrpcConnection {
  call(path: string, message: Uint8Array, metadata: object, signal: AbortSignal): Promise<GrpcEnd>;
  readonly isOpen: boolean;
  /** Calls under way end as they would have. */
  close(): void;
}

/** Most bytes read of what answers a call, unpacked. */
export const REPLY_BYTES: number = 64 * 1024;
/** What the library says of one message that is longer; of a message of ours, a server says it with its own limit. */
const TOO_LONG = new RegExp(`^Received message .*larger than (max \\(\\d+ vs )?${REPLY_BYTES}\\b`);
const FRAME_BYTES = 5;

/** Whose sockets are opened in the current context. */
const owner = new AsyncLocalStorage<Set<Socket>>();
const asIs = (bytes: Buffer): Buffer => bytes;

/** Opens nothing until the first call. */
export async function grpcConnection(
  grpc: Grpc,
  address: string,
  security: object,
  options: object,
): Promise<GrpcConnection> {
  // The library leaves a socket that is still connecting to itself, where it holds the process for minutes.
  const { subscribe, unsubscribe } = await import('node:diagnostics_channel');
  const sockets = new Set<Socket>();
  const watch = (message: unknown): void => {
    if (owner.getStore() !== sockets) return;
    const { socket } = message as { socket: Socket };
    socket.unref();
    sockets.add(socket);
    socket.once('connect', () => sockets.delete(socket)).once('close', () => sockets.delete(socket));
  };
  subscribe('net.client.socket', watch);
  const client = owner.run(sockets, () => new grpc.Client(address, security, options));

  let isOpen = true;
  return {
    get isOpen() {
      return isOpen;
    },

    call(path, message, metadata, signal) {
      return owner.run(sockets, async () => {
        const call = client.makeBidiStreamRequest(path, asIs, asIs, metadata);
        const stop = (): void => call.cancel();
        signal.addEventListener('abort', stop, { once: true });
        let reply: Uint8Array = new Uint8Array();
        let replyBytes = 0;
        const {
          code,
          details,
          metadata: trailers,
        } = await new Promise<GrpcStatus>((resolve) => {
          call.on('data', (bytes) => {
            reply = bytes;
            replyBytes += FRAME_BYTES + bytes.byteLength;
            if (replyBytes > REPLY_BYTES) stop();
          });
          call.on('error', () => {}); // the status says the same
          call.on('status', resolve);
          call.end(Buffer.from(message.buffer, message.byteOffset, message.byteLength));
          if (signal.aborted) stop();
        });
        signal.removeEventListener('abort', stop);
        const isConnected = call.getPeer() !== client.getChannel().getTarget();
        const [status] = trailers.get('grpc-status-details-bin');
        const isTooLong = replyBytes > REPLY_BYTES || TOO_LONG.test(details);
        return { ...(status instanceof Buffer && rpcStatusOf(status)), code, details, reply, isTooLong, isConnected };
      });
    },

    close() {
      if (!isOpen) return;
      isOpen = false;
      unsubscribe('net.client.socket', watch);
      client.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
