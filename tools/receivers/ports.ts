import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that the system gives out by itself (from 32768 on Linux), so that no other socket takes one of
// these between its choice and its use.
const FIRST = 12_000;
const COUNT = 20_000;

/** Ports of 127.0.0.1 that are free for TCP and UDP, each another one. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const socket = createSocket('udp4');
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
    socket.close();
  }
}

/** Starts on free ports; once more, on others, when somebody took one of them first. */
export async function onFreePorts<T>(count: number, start: (ports: readonly number[]) => Promise<T>): Promise<T> {
  try {
    return await start(await freePorts(count));
  } catch (error) {
    if (!/address already in use/i.test(`${error}`)) throw error;
    return await start(await freePorts(count));
  }
}
