import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { Changes } from '../changes.ts';
import type { Item } from '../receiver.ts';
import { Call } from './grpc-call.ts';
import { type TcpOptions, TcpServer } from './tcp.ts';

/** How a call ends. */
export interface GrpcAnswer {
  /** Canonical, 0 to 16. */
  readonly status: number;
  /** Goes as `grpc-message`. */
  readonly message?: string | undefined;
  /** A google.rpc.Status in protobuf, that goes as `grpc-status-details-bin`: see `retryInfo`. */
  readonly details?: Uint8Array | undefined;
}

/** A message that came in. */
export interface GrpcMessage {
  /** '/package.Service/Method'. */
  readonly path: string;
  /** By lower-case name, those of HTTP/2 itself left out. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without its frame and compression. */
  readonly message: Buffer;
  /** The how manieth of its stream, from 0. */
  readonly position: number;
}

/** What a behaviour may do with a message. */
export interface GrpcArrival extends GrpcMessage {
  /** What was in it, as its author reads it; empty until all of it has come. */
  readonly items: readonly Item[];
  /** Why its items could not be read. */
  readonly unreadable?: unknown;
  /** By `performance.now()`. */
  readonly at: number;
  readonly stream: ServerHttp2Stream;
  readonly session: ServerHttp2Session;
  isAnswered: boolean;
  /** Notes items as taken, by default all of them. */
  take(ids?: readonly string[]): void;
  /** Says yes: with a reply, if there is one, at once, and with status OK when the client ends its stream. */
  accept(reply?: Uint8Array): void;
  /** Ends the call with a status, at once. */
  end(answer: GrpcAnswer): void;
  /** Resets the stream with a code of HTTP/2. */
  resetStream(code: number): void;
  /** Tells the client to open no more streams on this connection; those above the last one were not looked at. */
  goAway(lastStream?: number): void;
  /** Resets the connection. */
  drop(): void;
}

/** How a server treats one message: when its stream is opened, or (by default) when all of it has come. */
export interface GrpcBehaviour {
  readonly at?: 'head' | 'end' | undefined;
  act(arrival: GrpcArrival): void;
}

/** Ends a call with a status; nothing is taken. */
export function ending(answer: GrpcAnswer): GrpcBehaviour {
  return { act: (arrival) => arrival.end(answer) };
}

/** A server of gRPC over HTTP/2 that does as it is told, with a ledger of what it was sent and took. */
export class GrpcServer {
  /** Messages in the order in which they began. */
  readonly arrivals: GrpcArrival[] = [];
  /** How often each id was taken. */
  readonly took: Map<string, number> = new Map();
  /** What was taken, in order, each as often as it was. */
  readonly taken: Item[] = [];
  /** How messages are treated for which `next` has nothing. */
  behave: GrpcBehaviour = { act: (arrival) => arrival.accept() };
  readonly tcp: TcpServer;
  readonly sessions: Set<ServerHttp2Session> = new Set();
  readonly #next: GrpcBehaviour[] = [];
  readonly #itemsOf: (message: GrpcMessage) => readonly Item[];
  readonly #changes: Changes;

  private constructor(tcp: TcpServer, http2: Http2Server, itemsOf: GrpcServer['itemsOf'], changes: Changes) {
    this.tcp = tcp;
    this.#itemsOf = itemsOf;
    this.#changes = changes;
    http2.on('session', (session) => {
      this.sessions.add(session);
      session.on('error', () => {}); // resets are what this is about
      session.once('close', () => {
        this.sessions.delete(session);
        changes.tell();
      });
    });
    http2.on('stream', (stream, headers) => new Call(this, stream, headers as Record<string, string>));
  }

  static async open(
    itemsOf: (message: GrpcMessage) => readonly Item[],
    { changes = new Changes(), tls, ...options }: TcpOptions & { readonly changes?: Changes | undefined } = {},
  ): Promise<GrpcServer> {
    const http2 = createServer();
    const overTls = tls && { ...tls, ALPNProtocols: ['h2'] };
    const tcp = await TcpServer.open((socket) => http2.emit('connection', socket), { ...options, tls: overTls });
    return new GrpcServer(tcp, http2, itemsOf, changes);
  }

  /** How the next messages are treated, one each, before `behave` applies again. */
  next(...behaviours: readonly GrpcBehaviour[]): void {
    this.#next.push(...behaviours);
  }

  /** Messages that have come and will not be answered. */
  get unanswered(): number {
    return this.arrivals.filter(({ isAnswered, stream }) => !isAnswered && !stream.destroyed).length;
  }

  /** The items of all messages. */
  get items(): readonly Item[] {
    return this.arrivals.flatMap(({ items }) => items);
  }

  /** The behaviour for a message that begins. */
  behaviour(): GrpcBehaviour {
    return this.#next.shift() ?? this.behave;
  }

  /** Reads the items out of a message. */
  itemsOf(message: GrpcMessage): readonly Item[] {
    return this.#itemsOf(message);
  }

  /** Something has happened. */
  tell(): void {
    this.#changes.tell();
  }
}
