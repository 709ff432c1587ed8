import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DatagramSender, ExportError, type ExportFailure } from '@oc/core/exporter';

/** Node has no Unix datagram sockets; this package has. */
const PACKAGE = 'unix-dgram';

/** The part of `unix-dgram` that is used. */
interface UnixSockets {
  createSocket(type: 'unix_dgram'): {
    on(event: 'error', listener: (error: SystemError) => void): void;
    connect(path: string): void;
    send(datagram: Buffer, done: (error?: SystemError) => void): void;
    close(): void;
  };
}

/** Its codes are the system's numbers, -111 and the like; 1 says that the receiver's queue is full. */
type SystemError = Error & { readonly code: number };

const QUEUE_FULL = 1;
/** How many turns of the event loop a receiver is given to read what it has. */
const TURNS = 100;

const FAILURE: Readonly<Record<string, ExportFailure>> = { EMSGSIZE: 'too-large' };

/** Whether `unix-dgram` is installed. It is not loaded for that. */
export function isUnixDgramThere(): boolean {
  try {
    requireHere().resolve(PACKAGE);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes the sender of one Unix socket. Its sockets live for one datagram each: they cannot be told not to hold the
 * process, and so a receiver that was started again is found again.
 */
export function unixDatagramSender(exporter: string, path: string): DatagramSender {
  const address = `${exporter}: unix://${path}`;
  return {
    async send(datagram, call) {
      for (let turn = 0; ; turn++) {
        const code = sendOnce(path, datagram);
        if (code === undefined) return;
        if (code !== QUEUE_FULL || turn === TURNS) {
          const reason = code === QUEUE_FULL ? "the receiver's queue is full" : systemName(code);
          const failure = FAILURE[reason] ?? 'unavailable';
          throw new ExportError(
            failure,
            `${address} did not take a datagram of ${datagram.byteLength} bytes: ${reason}`,
          );
        }
        await nextTurn(undefined, { signal: call.signal });
      }
    },
    close() {},
  };

  /** The number of the system's error, if there was one; all of it happens before this returns. */
  function sendOnce(to: string, datagram: Uint8Array): number | undefined {
    const { createSocket } = loaded();
    let failure: number | undefined;
    const note = (error?: SystemError): void => {
      failure ??= error?.code;
    };
    let socket: ReturnType<UnixSockets['createSocket']> | undefined;
    try {
      socket = createSocket('unix_dgram');
      socket.on('error', note);
      socket.connect(to);
      if (failure === undefined) socket.send(Buffer.from(datagram), note);
    } catch (error) {
      note(error as SystemError);
    } finally {
      socket?.close();
    }
    return failure;
  }

  function loaded(): UnixSockets {
    try {
      return requireHere()(PACKAGE) as UnixSockets;
    } catch (cause) {
      // It is there, or building the exporter would have failed, but was not made for this Node or thread.
      throw new ExportError('misconfigured', `${address} needs the package ${PACKAGE}, which does not load`, { cause });
    }
  }
}

function requireHere(): NodeJS.Require {
  return process.getBuiltinModule('node:module').createRequire(import.meta.url);
}

function systemName(code: number): string {
  return process.getBuiltinModule('node:util').getSystemErrorName(code);
}
