import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** A port whose host lets every attempt to connect hang. */
export interface BlackHole {
  readonly port: number;
  close(): Promise<void>;
}

// A thread that listens and then does nothing at all: once its backlog is full, the system leaves further SYNs unanswered.
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => setImmediate(() => {
    Atomics.store(workerData, 1, 1);
    Atomics.wait(workerData, 0, 0);
    process.exit();
  }));
});
`;
const MOST_FILLERS = 64;
const HANGS_MS = 100;

/** Whether a socket connects before long. */
async function connects(socket: Socket): Promise<boolean> {
  let isConnected = false;
  const connected = new Promise<void>((resolve) => {
    socket.once('connect', () => {
      isConnected = true;
      resolve();
    });
  });
  const late = new Promise((resolve) => setTimeout(resolve, HANGS_MS));
  await Promise.race([connected, late]);
  // When the event loop was busy for that long, the event may be due only now.
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  return isConnected;
}

/** Makes a black hole on loopback. @throws where the system answers in spite of a full backlog. */
export async function openBlackHole(): Promise<BlackHole> {
  const latch = new Int32Array(new SharedArrayBuffer(8));
  const thread = new Worker(THREAD, { eval: true, workerData: latch });
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve) => thread.once('message', resolve));
  while (Atomics.load(latch, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1)); // it still accepts
  const fillers: Socket[] = [];

  async function close(): Promise<void> {
    for (const socket of fillers) socket.destroy();
    Atomics.store(latch, 0, 1);
    Atomics.notify(latch, 0);
    await ended;
  }

  for (let count = 0; count < MOST_FILLERS; count++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    fillers.push(socket);
    if (await connects(socket)) continue;
    socket.destroy();
    return { port, close };
  }
  await close();
  throw new Error('this system answers every attempt to connect, however full the backlog is');
}
