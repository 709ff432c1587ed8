import type { Socket } from 'node:dgram';
import { type ExportCall, ExportError } from '../contract.ts';

/** Where an exporter's datagrams go. */
export interface DatagramSenderOptions {
  /** The exporter's name, for messages. */
  readonly exporter: string;
  /** A name or an address. A name is looked up whenever a socket is opened, and each of its addresses gets its turn. */
  readonly host: string;
  readonly port: number;
}

/** Sends datagrams from a socket that does not hold the process. */
export interface DatagramSender {
  /**
   * Resolves when the system has taken the datagram and has not told at once that nobody is there: more is never known
   * of UDP. Rejects with an ExportError: 'too-large' for more bytes than a datagram may have here, else 'unavailable', as
   * when the call ends before the name is found.
   */
  send(datagram: Uint8Array, call: ExportCall): Promise<void>;
  /** Closes the socket. */
  close(): void;
}

/** Makes the sender of one address. It opens nothing until the first datagram. */
export function datagramSender({ exporter, host, port }: DatagramSenderOptions): DatagramSender {
  const address = `${exporter}: UDP ${host.includes(':') ? `[${host}]` : host}:${port}`;
  let latest: Promise<Line> | undefined;
  let turn = 0;
  /** How many calls wait for a line. */
  let waiting = 0;

  function opening(): Promise<Line> {
    const line = opened(host, port, turn++, () => waiting > 0);
    line.catch(() => leave(line)); // a failure is no answer to those who come later
    return line;
  }

  function leave(left: Promise<Line> | undefined): void {
    if (latest === left) latest = undefined;
    left?.then(
      (line) => line.close(),
      () => {}, // it never opened, and who sent was told
    );
  }

  return {
    async send(datagram, call): Promise<void> {
      latest ??= opening(); // one look-up for all who send meanwhile: those that hang take up threads of Node's
      const via = latest;
      try {
        waiting++;
        const line = await unlessAborted(via, call.signal).finally(() => waiting--);
        if (line.lateRefusal) call.warn(`${address} refused an earlier datagram: ${line.lateRefusal.code}`);
        line.lateRefusal = undefined;
        await line.send(datagram);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'EMSGSIZE') {
          const size = `a datagram of ${datagram.byteLength} bytes is too large`;
          throw new ExportError('too-large', `${address}: ${size}`, { cause: error });
        }
        if (!call.signal.aborted) leave(via);
        throw new ExportError('unavailable', `${address} failed: ${code ?? message}`, { cause: error });
      }
    },

    close(): void {
      leave(latest);
    },
  };
}

/** An open socket with one peer, which is how the system tells of refusals. */
interface Line {
  send(datagram: Uint8Array): Promise<void>;
  /** A refusal that came when nobody waited for it any more. */
  lateRefusal: NodeJS.ErrnoException | undefined;
  close(): void;
}

function unlessAborted(line: Promise<Line>, signal: AbortSignal): Promise<Line> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    line.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Opens a line if it is still wanted when the name has been looked up. */
async function opened(host: string, port: number, turn: number, isWanted: () => boolean): Promise<Line> {
  const [{ lookup }, { createSocket }] = await Promise.all([import('node:dns/promises'), import('node:dgram')]);
  const found = await lookup(host, { all: true });
  if (!isWanted()) throw new Error('nobody waits');
  const { address, family } = found[turn % found.length] ?? { address: host, family: 4 };
  const socket: Socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  socket.unref();
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, address, resolve);
  });
  socket.removeAllListeners('error');
  const waiting = new Set<(error: NodeJS.ErrnoException) => void>();

  const line: Line = {
    lateRefusal: undefined,
    send: (datagram) =>
      new Promise((resolve, reject) => {
        const settle = (error?: NodeJS.ErrnoException | null): void => {
          waiting.delete(settle);
          if (error) reject(error);
          else resolve();
        };
        waiting.add(settle);
        socket.send(datagram, (error) => {
          if (error) settle(error);
          // A refusal of this machine is there already and shows in the next two turns of the event loop.
          else setImmediate(() => setImmediate(settle, null));
        });
      }),
    close: () => socket.close(),
  };
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (waiting.size === 0) line.lateRefusal = error;
    for (const refuse of waiting) refuse(error);
  });
  return line;
}
