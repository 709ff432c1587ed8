import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Item } from '../receiver.ts';
import type { GrpcAnswer, GrpcArrival, GrpcBehaviour, GrpcServer } from './grpc.ts';

const HEAD_BYTES = 5;
const PACKED = 1;
/** The head of an answer. */
export const RESPONSE = { ':status': 200, 'content-type': 'application/grpc+proto' } as const;

/** What stands before a message of so many bytes. */
export function headOf(length: number, isPacked = false): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = isPacked ? PACKED : 0;
  head.writeUInt32BE(length, 1);
  return head;
}

/** One stream: its messages, and how it is answered. */
export class Call {
  readonly stream: ServerHttp2Stream;
  /** As it was at first: a stream that has ended knows of none. */
  readonly session: ServerHttp2Session;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly server: GrpcServer;
  #bytes: Buffer = Buffer.alloc(0);
  #current: Message | undefined;
  #count = 0;
  #hasEnded = false;
  /** Status OK is said when the client has ended. */
  #isFine = false;
  #trailers: Record<string, string> | undefined;

  constructor(server: GrpcServer, stream: ServerHttp2Stream, headers: Record<string, string>) {
    this.server = server;
    this.stream = stream;
    this.session = stream.session as ServerHttp2Session;
    this.path = headers[':path'] ?? '';
    this.headers = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
    stream.on('error', () => {}); // resets are what this is about
    stream.once('close', () => server.tell());
    stream.on('wantTrailers', () => stream.sendTrailers(this.#trailers ?? { 'grpc-status': '0' }));
    this.#begin();
    stream.on('data', (chunk: Buffer) => this.#hear(chunk));
    stream.once('end', () => {
      this.#hasEnded = true;
      this.#finish();
      server.tell();
    });
  }

  reply(bytes: Uint8Array): void {
    if (this.stream.destroyed || this.stream.writableEnded) return;
    this.#open();
    this.stream.write(Buffer.concat([headOf(bytes.length), bytes]));
  }

  /** Status OK when the client has ended its side. */
  fine(): void {
    this.#isFine = true;
    this.#open();
    this.#finish();
  }

  end({ status, message, details }: GrpcAnswer): void {
    if (this.stream.destroyed || this.stream.writableEnded) return;
    const trailers = {
      'grpc-status': String(status),
      ...(message !== undefined && { 'grpc-message': percentEncoded(message) }),
      ...(details && { 'grpc-status-details-bin': Buffer.from(details).toString('base64').replace(/=+$/, '') }),
    };
    if (this.stream.headersSent) {
      this.#trailers = trailers;
      this.stream.end();
    } else {
      // Nothing but trailers, as common servers refuse.
      this.stream.respond({ ...RESPONSE, ...trailers }, { endStream: true });
    }
  }

  #open(): void {
    if (!this.stream.headersSent && !this.stream.destroyed) this.stream.respond(RESPONSE, { waitForTrailers: true });
  }

  #finish(): void {
    if (this.#isFine && this.#hasEnded && !this.stream.destroyed && !this.stream.writableEnded) this.stream.end();
  }

  #begin(): Message {
    const message = new Message(this, this.server, this.#count++);
    this.#current = message;
    this.server.arrivals.push(message);
    message.behaviour = this.server.behaviour();
    if (message.behaviour.at === 'head') message.behaviour.act(message);
    return message;
  }

  #hear(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length > 0) {
      const message = this.#current ?? this.#begin();
      if (this.#bytes.length < HEAD_BYTES) break;
      const end = HEAD_BYTES + this.#bytes.readUInt32BE(1);
      if (this.#bytes.length < end) break;
      const isPacked = this.#bytes[0] === PACKED;
      const content = this.#bytes.subarray(HEAD_BYTES, end);
      this.#bytes = this.#bytes.subarray(end);
      this.#current = undefined;
      message.complete(isPacked ? gunzipSync(content) : content);
      if (message.behaviour.at !== 'head') message.behaviour.act(message);
    }
    this.server.tell();
  }
}

class Message implements GrpcArrival {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly position: number;
  readonly stream: ServerHttp2Stream;
  readonly session: ServerHttp2Session;
  readonly at: number = performance.now();
  message: Buffer = Buffer.alloc(0);
  items: readonly Item[] = [];
  unreadable: unknown;
  isAnswered = false;
  behaviour: GrpcBehaviour = { act: () => {} };
  readonly #call: Call;
  readonly #server: GrpcServer;
  readonly #socket: Socket | undefined;

  constructor(call: Call, server: GrpcServer, position: number) {
    this.path = call.path;
    this.headers = call.headers;
    this.position = position;
    this.stream = call.stream;
    this.session = call.session;
    this.#call = call;
    this.#server = server;
    // The session's own socket does not let itself be reset.
    const { remotePort } = this.session.socket;
    this.#socket = [...server.tcp.sockets].find((socket) => socket.remotePort === remotePort);
  }

  complete(content: Buffer): void {
    this.message = content;
    try {
      this.items = this.#server.itemsOf(this);
    } catch (error) {
      this.unreadable = error;
    }
  }

  take(ids: readonly string[] = this.items.map(({ id }) => id)): void {
    const { took, taken } = this.#server;
    for (const id of ids) took.set(id, (took.get(id) ?? 0) + 1);
    const isTaken = new Set(ids);
    for (const item of this.items) if (isTaken.has(item.id)) taken.push(item);
  }

  accept(reply?: Uint8Array): void {
    this.isAnswered = true;
    if (reply) this.#call.reply(reply);
    this.#call.fine();
  }

  end(answer: GrpcAnswer): void {
    this.isAnswered = true;
    this.#call.end(answer);
  }

  resetStream(code: number): void {
    this.isAnswered = true;
    this.stream.close(code);
  }

  goAway(lastStream?: number): void {
    this.session.goaway(constants.NGHTTP2_NO_ERROR, lastStream);
  }

  drop(): void {
    this.#socket?.resetAndDestroy();
  }
}

function percentEncoded(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => (byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${hex(byte)}`))
    .join('');
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
