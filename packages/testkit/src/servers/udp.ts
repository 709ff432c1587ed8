import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Changes } from '../changes.ts';
import type { Item } from '../receiver.ts';

/** A burst has to fit: on loopback, too, the system drops what a socket has no room for. */
const ROOM_BYTES = 4 << 20;
const HOST = '127.0.0.1';

/** A socket that takes datagrams on loopback, with a ledger of them. */
export class UdpServer {
  readonly host: string = HOST;
  /** The port, also while it is closed. */
  port = 0;
  readonly datagrams: Buffer[] = [];
  /** How often each id came. */
  readonly took: Map<string, number> = new Map();
  readonly items: Item[] = [];
  /** Why datagrams could not be read. */
  readonly unreadable: unknown[] = [];
  readonly #itemsOf: (datagram: Buffer) => readonly Item[];
  readonly #changes: Changes;
  #socket: Socket | undefined;
  #marks = 0;
  #marksSeen = 0;
  #lost = 0;

  private constructor(itemsOf: (datagram: Buffer) => readonly Item[], changes: Changes) {
    this.#itemsOf = itemsOf;
    this.#changes = changes;
  }

  static async open(
    itemsOf: (datagram: Buffer) => readonly Item[],
    { changes = new Changes() }: { readonly changes?: Changes | undefined } = {},
  ): Promise<UdpServer> {
    const server = new UdpServer(itemsOf, changes);
    await server.listen();
    return server;
  }

  /** How many datagrams the system has dropped because its socket was full; 0 where the system does not tell. */
  get lost(): number {
    return this.#lost + dropsAt(this.port);
  }

  /** Opens the port, anew after `close`. */
  async listen(): Promise<void> {
    const socket = createSocket('udp4');
    socket.on('message', (datagram) => this.#hear(datagram));
    socket.bind(this.port, HOST);
    await once(socket, 'listening');
    socket.setRecvBufferSize(ROOM_BYTES);
    this.port = socket.address().port;
    this.#socket = socket;
  }

  /** Closes the port, so that the system refuses what is sent there. */
  async close(): Promise<void> {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    this.#lost += dropsAt(this.port);
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  }

  /** Resolves when all that the system has taken for this port has been read: when a mark that was sent last has come. */
  async drained(): Promise<void> {
    const { port } = this;
    if (!this.#socket) return;
    const wanted = ++this.#marks;
    const sender = createSocket('udp4');
    sender.on('error', () => {}); // the port was closed meanwhile
    const isOver = (): boolean => this.#marksSeen >= wanted || !this.#socket;
    while (!isOver()) {
      sender.send(`${MARK}${wanted}`, port, HOST);
      await this.#changes.until(isOver, 200); // a mark, too, may find no room
    }
    sender.close();
  }

  #hear(datagram: Buffer): void {
    if (datagram.subarray(0, MARK.length).equals(MARK_BYTES)) {
      this.#marksSeen = Math.max(this.#marksSeen, Number(datagram.subarray(MARK.length)));
    } else {
      this.datagrams.push(datagram);
      try {
        for (const item of this.#itemsOf(datagram)) {
          this.items.push(item);
          this.took.set(item.id, (this.took.get(item.id) ?? 0) + 1);
        }
      } catch (error) {
        this.unreadable.push(error);
      }
    }
    this.#changes.tell();
  }
}

const MARK = '\u0000testkit mark ';
const MARK_BYTES = Buffer.from(MARK);

/** The last column of Linux's list of UDP sockets. */
function dropsAt(port: number): number {
  const own = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  try {
    const row = readFileSync('/proc/net/udp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find(([, local]) => local === own);
    return Number(row?.at(-1) ?? 0);
  } catch {
    return 0;
  }
}
