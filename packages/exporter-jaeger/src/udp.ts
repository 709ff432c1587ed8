import { setTimeout as delay } from 'node:timers/promises';
import { type DatagramSender, datagramSender, type ExportCall, ExportError } from '@oc/core/exporter';
import { BinaryWriter } from './binary.ts';
import { CompactWriter } from './compact.ts';
import { type Packed, pack } from './datagrams.ts';
import type { Transport } from './http.ts';

/** How spans go to an agent. */
export interface UdpOptions {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly encoding: 'compact' | 'binary' | undefined;
  readonly maxPacketSize: number;
}

// Each encoding has a port of its own, which drops what comes in the other one.
const PORT = { compact: 6831, binary: 6832 } as const;
const WRITER = { compact: CompactWriter, binary: BinaryWriter } as const;

/**
 * How fast a burst goes. A receiver's socket has room for three large datagrams (212,992 bytes on Linux), and what finds
 * none is lost without a word. A Collector on a machine whose cores were all busy read this much and little more; what
 * has to wait for it waits in core's queue, which counts what it cannot hold.
 */
const BYTES_A_MS = 5_000;

/** Where datagrams go and what is in them; what was not chosen follows from the rest. */
export function addressOf({ host = 'localhost', port, encoding }: Omit<UdpOptions, 'maxPacketSize'>): {
  readonly host: string;
  readonly port: number;
  readonly encoding: 'compact' | 'binary';
} {
  const known = encoding ?? (port === PORT.binary ? 'binary' : 'compact');
  return { host, port: port ?? PORT[known], encoding: known };
}

/** Sends spans to an agent in datagrams, as many as they fill. */
export function overUdp(options: UdpOptions): Transport {
  const { host, port, encoding } = addressOf(options);
  const sender = datagramSender({ exporter: 'jaeger', host, port });
  const steady = paced(sender);
  const writers = { spans: new WRITER[encoding](), datagrams: new WRITER[encoding]() };
  return {
    send: async (spans, process, call) => sendAll(pack(spans, process, options.maxPacketSize, writers), steady, call),
    close: () => sender.close(),
  };
}

/** A sender that gives a receiver time to read one datagram before the next goes. */
function paced(sender: DatagramSender): Pick<DatagramSender, 'send'> {
  let free: Promise<unknown> = Promise.resolve();
  let owedMs = 0;

  /** After the fact, so that a timer that is late never makes a burst. */
  async function rest(bytes: number): Promise<void> {
    owedMs += bytes / BYTES_A_MS;
    if (owedMs < 1) return;
    const ms = owedMs;
    owedMs = 0;
    await delay(ms, undefined, { ref: false });
  }

  return {
    send(datagram, call) {
      const sending = free.then(() => sender.send(datagram, call));
      free = sending.then(
        () => rest(datagram.byteLength),
        () => {}, // who sent it is told
      );
      return sending;
    },
  };
}

/** Sends one after the other, and rejects with what failed: each part with its spans. */
export async function sendAll(
  { datagrams, failures }: Packed,
  sender: Pick<DatagramSender, 'send'>,
  call: ExportCall,
): Promise<void> {
  const all = [...failures];
  for (const [at, { bytes, spans }] of datagrams.entries()) {
    try {
      await sender.send(bytes, call);
    } catch (error) {
      const { failure, message, cause } = error as ExportError;
      // The next one may be smaller; but where one is not taken for another reason, none is.
      const isLast = failure !== 'too-large';
      const items = isLast ? datagrams.slice(at).flatMap((each) => each.spans) : spans;
      all.push(new ExportError(failure, message, { items, cause }));
      if (isLast) break;
    }
  }
  if (all.length === 1) throw all[0];
  if (all.length > 1) throw new AggregateError(all, `jaeger: ${all.length} parts of a call failed`);
}
