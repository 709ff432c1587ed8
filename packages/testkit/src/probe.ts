import { readFileSync } from 'node:fs';

/** What the operating system says of a socket. */
export type SocketState = 'connecting' | 'established' | 'other';

const STATES: Readonly<Record<string, SocketState>> = { '01': 'established', '02': 'connecting' };

/**
 * The states of this machine's TCP sockets whose far end is `port` on 127.0.0.1; undefined where the system does not tell
 * (it does on Linux).
 */
export function socketsTo(port: number): readonly SocketState[] | undefined {
  const far = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  try {
    const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
    return rows.flatMap((row) => {
      const [, , remote, state = ''] = row.trim().split(/\s+/);
      return remote === far ? [STATES[state] ?? 'other'] : [];
    });
  } catch {
    return undefined;
  }
}

/** Bytes that the program holds, as text and as buffers, after garbage collection where `--expose-gc` allows it. */
export function heldBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.(); // frees what the first one's finalizers let go
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What keeps this process alive, by kind: 'TCPSocketWrap', 'Timeout', ... */
export function holding(): readonly string[] {
  return process.getActiveResourcesInfo();
}
