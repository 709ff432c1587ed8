// Where the programs that this process started listen and connect to, as Linux tells it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Looks at the sockets of all programs below this process again and again, until it is stopped. */
export interface SocketWatch {
  /** Every pair of addresses seen with one end beyond this machine, or open to the world: 'java 0.0.0.0:9411 ...'. */
  readonly strangers: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** Begins to look. */
export function watchSockets(everyMs = 20): SocketWatch {
  const strangers = new Set<string>();
  const over = new AbortController();
  const looking = (async () => {
    while (!over.signal.aborted) {
      look(strangers);
      await delay(everyMs);
    }
  })();
  return {
    strangers,
    async stop() {
      over.abort();
      await looking;
    },
  };
}

interface Socket {
  readonly local: string;
  readonly remote: string;
}

function look(strangers: Set<string>): void {
  const sockets = new Map<string, Socket>();
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
    for (const line of readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n').slice(1)) {
      const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/);
      sockets.set(`socket:[${inode}]`, { local: addressOf(local), remote: addressOf(remote) });
    }
  }
  for (const pid of descendants(process.pid)) {
    for (const { local, remote } of socketsOf(pid).flatMap((name) => sockets.get(name) ?? [])) {
      const program = ofProcess(() => basename(readlinkSync(`/proc/${pid}/exe`)), 'a program that ended');
      const isConnected = !remote.endsWith(':0');
      if (isOwn(local) && (!isConnected || isOwn(remote))) continue;
      strangers.add(`${program} at ${local}${isConnected ? ` to ${remote}` : ''}`);
    }
  }
}

/** The children of a process and theirs. */
function descendants(pid: number): number[] {
  const children = ofProcess(() => readdirSync(`/proc/${pid}/task`), []).flatMap((thread) =>
    ofProcess(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'), '')
      .split(' ')
      .filter((id) => id !== '')
      .map(Number),
  );
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function socketsOf(pid: number): string[] {
  return ofProcess(() => readdirSync(`/proc/${pid}/fd`), []).map((fd) =>
    ofProcess(() => readlinkSync(`/proc/${pid}/fd/${fd}`), ''),
  );
}

/** A process may end while it is looked at. */
function ofProcess<T>(read: () => T, whenGone: T): T {
  try {
    return read();
  } catch {
    return whenGone;
  }
}

/** '0100007F:1F90' is 127.0.0.1:8080; the kernel prints words of four bytes in the machine's order. */
function addressOf(text: string): string {
  const [hex = '', port = ''] = text.split(':');
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()]);
  const mapped = bytes.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255' ? bytes.slice(12) : bytes;
  const host =
    mapped.length === 4
      ? mapped.join('.')
      : Buffer.from(mapped)
          .toString('hex')
          .replace(/^0{31}1$/, '::1');
  return `${host}:${Number.parseInt(port, 16)}`;
}

function isOwn(address: string): boolean {
  return /^(127\.|::1:)/.test(address);
}
