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
