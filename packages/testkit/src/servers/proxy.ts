import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { TcpServer } from './tcp.ts';

/** What a bad line does to each piece of bytes. */
export interface BadLine {
  /** How late a piece is, in milliseconds. */
  delayMs(): number;
  /** The share of pieces that are lost: these come later by the time in which TCP notices and sends again. */
  readonly lossShare: number;
}

const RESEND_MS = 300;

/** A server that passes bytes on to a port of 127.0.0.1, and back, as over a bad line. */
export function openBadLine(port: number, { delayMs, lossShare }: BadLine, random: () => number): Promise<TcpServer> {
  return TcpServer.open((near) => {
    const far = connect(port, '127.0.0.1').on('error', () => {});
    const pass = (from: Socket, to: Socket): void => {
      // In order, as TCP has it: what was late holds up what follows.
      let last: Promise<unknown> = Promise.resolve();
      const later = (act: () => void): void => {
        let ms = delayMs();
        while (random() < lossShare) ms += RESEND_MS;
        const arrived = new Promise((resolve) => setTimeout(resolve, ms));
        last = last.then(() => arrived).then(act);
      };
      from.on('data', (chunk) => later(() => to.write(chunk)));
      from.on('end', () => later(() => to.end()));
      from.on('close', () => later(() => to.destroy()));
    };
    pass(near, far);
    pass(far, near);
  });
}

/** A server that passes bytes on until it is told to swallow them. */
export interface Relay {
  readonly tcp: TcpServer;
  /** What comes over connections that are open now is swallowed, and nothing tells either side; new ones are passed on. */
  swallow(): void;
}

/** A relay to a port of 127.0.0.1, whose connections can go dead as those behind a firewall that has forgotten them. */
export async function openRelay(port: number): Promise<Relay> {
  const dead = new Set<Socket>();
  const open = new Set<Socket>();
  const tcp = await TcpServer.open((near) => {
    const far = connect(port, '127.0.0.1').on('error', () => {});
    open.add(near);
    const pass = (from: Socket, to: Socket): void => {
      from.on('data', (chunk) => {
        if (!dead.has(near)) to.write(chunk);
      });
      from.on('close', () => to.destroy());
    };
    pass(near, far);
    pass(far, near);
    near.once('close', () => open.delete(near));
  });
  return {
    tcp,
    swallow() {
      for (const socket of open) dead.add(socket);
    },
  };
}

/** What a proxy was asked for: 'host:port', and the credentials in plain text. */
export interface Asked {
  readonly to: string;
  readonly as: string | undefined;
}

/** A proxy that makes tunnels for CONNECT. */
export interface Tunnels {
  readonly tcp: TcpServer;
  readonly asked: readonly Asked[];
  /** The status of its answer when it makes no tunnel; undefined while it makes them. */
  refusal: number | undefined;
}

/** Opens a proxy that makes tunnels. */
export async function openTunnels(): Promise<Tunnels> {
  const asked: Asked[] = [];
  const http = createServer();
  const tcp = await TcpServer.open((socket) => http.emit('connection', socket));
  const tunnels: Tunnels = { tcp, asked, refusal: undefined };
  http.on('connect', ({ url = '', headers }, near: Socket) => {
    const [, credentials] = /^Basic (.*)/.exec(headers['proxy-authorization'] ?? '') ?? [];
    asked.push({ to: url, as: credentials && Buffer.from(credentials, 'base64').toString() });
    if (tunnels.refusal !== undefined) {
      near.end(`HTTP/1.1 ${tunnels.refusal} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${url}`);
    const far = connect(Number(port), hostname).on('error', () => near.destroy());
    near.write('HTTP/1.1 200 OK\r\n\r\n');
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
  });
  return tunnels;
}
