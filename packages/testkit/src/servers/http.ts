import type { Socket } from 'node:net';
import { Changes } from '../changes.ts';
import type { Item } from '../receiver.ts';
import { bodyIn, bytesOf, decoded } from './http-bytes.ts';
import { type TcpOptions, TcpServer } from './tcp.ts';

/** An answer, as it goes over the wire. */
export interface Answer {
  readonly status: number;
  /** Header names and values; the length is added. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
}

/** A request that came in. */
export interface ReceivedRequest {
  readonly method: string;
  /** The target as it stands in the request line. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without chunks and compression. */
  readonly body: Buffer;
}

/** What a behaviour may do with a request. */
export interface Arrival extends ReceivedRequest {
  /** The head as it came, byte for byte. */
  readonly head: string;
  readonly socket: Socket;
  /** What was in it, as its author reads it; empty until all of it has come. */
  readonly items: readonly Item[];
  /** By `performance.now()`. */
  readonly at: number;
  isAnswered: boolean;
  /** Why its items could not be read. */
  readonly unreadable?: unknown;
  /** Notes items as taken, by default all of them. */
  take(ids?: readonly string[]): void;
  answer(answer: Answer): void;
  /** Answers with bytes that may be anything. */
  write(bytes: string | Uint8Array): void;
  /** Resets the connection. */
  reset(): void;
}

/** How a server treats one request: when its head has come, when some of its body has, or (by default) all of it. */
export interface Behaviour {
  readonly at?: 'head' | 'middle' | 'end' | undefined;
  act(arrival: Arrival): void;
}

/** Says nothing. */
export const silence: Behaviour = { act: () => {} };
/** Resets the connection without taking anything. */
export const reset: Behaviour = { act: (arrival) => arrival.reset() };
/** Takes all of it, and the answer is lost. */
export const takeAndReset: Behaviour = {
  act(arrival) {
    arrival.take();
    arrival.reset();
  },
};

/** Gives an answer; nothing is taken. */
export function answering(answer: Answer): Behaviour {
  return { act: (arrival) => arrival.answer(answer) };
}

/** An HTTP/1.1 server that reads bytes by itself and does as it is told, with a ledger of what it was sent and took. */
export class HttpServer {
  /** Requests in the order of their heads. */
  readonly arrivals: Arrival[] = [];
  /** How often each id was taken. */
  readonly took: Map<string, number> = new Map();
  /** What was taken, in order, each as often as it was. */
  readonly taken: Item[] = [];
  /** How requests are treated for which `next` has nothing. */
  behave: Behaviour = answering({ status: 204 });
  readonly tcp: TcpServer;
  readonly #next: Behaviour[] = [];
  readonly #itemsOf: (request: ReceivedRequest) => readonly Item[];
  readonly #changes: Changes;

  private constructor(tcp: TcpServer, itemsOf: (request: ReceivedRequest) => readonly Item[], changes: Changes) {
    this.tcp = tcp;
    this.#itemsOf = itemsOf;
    this.#changes = changes;
  }

  static async open(
    itemsOf: (request: ReceivedRequest) => readonly Item[],
    options: TcpOptions & { readonly changes?: Changes | undefined } = {},
  ): Promise<HttpServer> {
    let server: HttpServer;
    const tcp = await TcpServer.open((socket) => server.#hear(socket), options);
    server = new HttpServer(tcp, itemsOf, options.changes ?? new Changes());
    return server;
  }

  /** How the next requests are treated, one each, before `behave` applies again. */
  next(...behaviours: readonly Behaviour[]): void {
    this.#next.push(...behaviours);
  }

  /** Requests that have come and will not be answered. */
  get unanswered(): number {
    return this.arrivals.filter(({ isAnswered, socket }) => !isAnswered && !socket.destroyed).length;
  }

  /** The items of all requests. */
  get items(): readonly Item[] {
    return this.arrivals.flatMap(({ items }) => items);
  }

  #hear(socket: Socket): void {
    let bytes: Buffer = Buffer.alloc(0);
    let current: Exchange | undefined;
    socket.on('data', (chunk: Buffer) => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      if (!current && bytes[0] === TLS_HANDSHAKE) {
        socket.end(bytesOf({ status: 400, body: 'a TLS request to a port of plain text' })); // as common servers do
        return;
      }
      for (;;) {
        if (!current) {
          const end = bytes.indexOf('\r\n\r\n');
          if (end < 0) break;
          current = new Exchange(bytes.toString('latin1', 0, end), socket, this.#itemsOf, this);
          bytes = bytes.subarray(end + 4);
          current.behaviour = this.#next.shift() ?? this.behave;
          this.arrivals.push(current);
          if (current.behaviour.at === 'head') current.behaviour.act(current);
        }
        const body = bodyIn(bytes, current.headers);
        if (!body && current.behaviour.at === 'middle' && bytes.length > 0 && !current.isMet) {
          current.isMet = true;
          current.behaviour.act(current);
        }
        if (!body || socket.destroyed) break;
        bytes = bytes.subarray(body.end);
        const whole = current;
        current = undefined;
        whole.complete(body.content);
        if (whole.behaviour.at !== 'head' && !whole.isMet) whole.behaviour.act(whole);
      }
      this.#changes.tell();
    });
    socket.once('close', () => this.#changes.tell());
  }
}

const TLS_HANDSHAKE = 0x16;

type Ledger = Pick<HttpServer, 'took' | 'taken'>;

class Exchange implements Arrival {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly head: string;
  readonly socket: Socket;
  readonly at: number = performance.now();
  body: Buffer = Buffer.alloc(0);
  items: readonly Item[] = [];
  isAnswered = false;
  unreadable: unknown;
  /** Whether its behaviour has acted before its end. */
  isMet = false;
  behaviour: Behaviour = silence;
  readonly #itemsOf: (request: ReceivedRequest) => readonly Item[];
  readonly #ledger: Ledger;

  constructor(head: string, socket: Socket, itemsOf: (request: ReceivedRequest) => readonly Item[], ledger: Ledger) {
    const [start = '', ...lines] = head.split('\r\n');
    const [method = '', path = ''] = start.split(' ');
    this.head = head;
    this.method = method;
    this.path = path;
    this.headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    this.socket = socket;
    this.#itemsOf = itemsOf;
    this.#ledger = ledger;
  }

  complete(content: Buffer): void {
    try {
      this.body = decoded(content, this.headers['content-encoding']);
      this.items = this.#itemsOf(this);
    } catch (error) {
      this.unreadable = error;
    }
  }

  take(ids: readonly string[] = this.items.map(({ id }) => id)): void {
    const { took, taken } = this.#ledger;
    for (const id of ids) took.set(id, (took.get(id) ?? 0) + 1);
    const isTaken = new Set(ids);
    for (const item of this.items) if (isTaken.has(item.id)) taken.push(item);
  }

  answer(answer: Answer): void {
    this.write(bytesOf(answer));
  }

  write(bytes: string | Uint8Array): void {
    this.isAnswered = true;
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}
