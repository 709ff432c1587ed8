import type { ExportFailure } from '@oc/core/exporter';
import type { Changes } from './changes.ts';
import type { Target } from './conformance.ts';
import type { GrpcReceiver, Item, StreamReceiver, UdpReceiver } from './receiver.ts';
import { ending, type GrpcAnswer, type GrpcBehaviour, GrpcServer } from './servers/grpc.ts';
import { retryInfo } from './servers/rpc-status.ts';
import { FaultStream } from './servers/stream.ts';
import type { TcpOptions } from './servers/tcp.ts';
import { UdpServer } from './servers/udp.ts';

/** Where the exporter under test sends to, whatever its transport is. */
export interface Backend {
  readonly target: Target;
  /** How often each id was taken. */
  readonly took: ReadonlyMap<string, number>;
  /** All items that came, taken or not. */
  readonly items: readonly Item[];
  /** Calls that it holds without an answer. */
  readonly unanswered: number;
  /** Why what came could not be read, a reason each time. */
  readonly unreadable: readonly unknown[];
  /** From now on it takes what comes. */
  accept(): void;
  /** From now on it says nothing. */
  stall(): void;
  /** Resolves when all that the system has taken for it has come. Default: what is answered has come. */
  arrived?(): Promise<void>;
  /** Closes its port, so that whoever calls is refused. */
  close?(): Promise<void>;
  /** Says of what comes next that it is too large. Default: it never does. */
  refuseLarge?(): void;
  /** How many connections there have been. Default: it knows of none. */
  readonly connections?: number | undefined;
  /** How many datagrams were dropped on their way by this machine. Default: none. */
  readonly lost?: number | undefined;
}

/** A stream that takes what is written to it. */
export function streamBackend(receiver: StreamReceiver, changes: Changes): Backend {
  const stream = new FaultStream((text) => receiver.items(text), changes);
  return {
    target: { stream },
    took: stream.took,
    items: stream.items,
    get unanswered() {
      return stream.unanswered;
    },
    unreadable: stream.unreadable,
    accept: () => stream.flow(),
    stall() {
      stream.isStalled = true;
    },
  };
}

/** A backend that takes datagrams. */
export interface UdpBackend extends Backend {
  readonly udp: UdpServer;
}

/** Opens a backend that takes datagrams. Nobody can tell whether it does, so that it cannot hold up a call. */
export async function udpBackend(receiver: UdpReceiver, changes: Changes): Promise<UdpBackend> {
  const udp = await UdpServer.open((datagram) => receiver.items(datagram), { changes });
  return {
    udp,
    target: { udp: { host: udp.host, port: udp.port } },
    took: udp.took,
    items: udp.items,
    unanswered: 0,
    unreadable: udp.unreadable,
    accept() {},
    stall() {},
    arrived: () => udp.drained(),
    close: () => udp.close(),
    get lost() {
      return udp.lost;
    },
  };
}

/** An exporter that is read, as rows see it that look at what arrives. */
export interface PullBackend extends Backend {
  /** What was read last. */
  readonly items: Item[];
}

/** Where an exporter listens that is read: its items are those that were read last. */
export function pullBackend(): PullBackend {
  return {
    target: { listen: { host: '127.0.0.1', port: 0 } },
    took: new Map(),
    items: [],
    unanswered: 0,
    unreadable: [],
    accept() {},
    stall() {},
  };
}

/** A backend that takes gRPC. */
export interface GrpcBackend extends Backend {
  readonly grpc: GrpcServer;
  readonly answers: GrpcAnswers;
  /** Takes all of a message. */
  readonly accepting: GrpcBehaviour;
}

/** The answers of a backend, those included that its author need not define. */
export interface GrpcAnswers {
  readonly unavailable: GrpcAnswer;
  readonly tooLarge: GrpcAnswer;
  readonly throttled: (seconds: number) => GrpcAnswer;
}

const OVERLOADED = 8;
const UNAVAILABLE = 14;

/** What statuses mean that are no answer to the items: whoever sends them is down, or does not want us. */
const MEANINGS: Readonly<Record<number, ExportFailure>> = {
  1: 'unavailable',
  4: 'unavailable',
  7: 'misconfigured',
  10: 'unavailable',
  11: 'unavailable',
  12: 'misconfigured',
  14: 'unavailable',
  15: 'unavailable',
  16: 'misconfigured',
};

/** What a status means for a backend. */
export function meaningOf(status: number, { meanings = {}, poisoned }: GrpcReceiver): ExportFailure {
  if (poisoned?.status === status && meanings[status] === undefined) return 'poisoned';
  return meanings[status] ?? MEANINGS[status] ?? 'rejected';
}

/** Opens a backend that takes gRPC, and what comes. */
export async function grpcBackend(
  receiver: GrpcReceiver,
  changes: Changes,
  options: TcpOptions = {},
): Promise<GrpcBackend> {
  const grpc = await GrpcServer.open((message) => receiver.items(message), { changes, ...options });
  const accepting: GrpcBehaviour = {
    act(arrival) {
      arrival.take();
      arrival.accept(receiver.accepted instanceof Uint8Array ? receiver.accepted : undefined);
    },
  };
  const answers: GrpcAnswers = {
    unavailable: receiver.unavailable ?? { status: UNAVAILABLE },
    tooLarge: receiver.tooLarge ?? {
      status: OVERLOADED,
      message: 'grpc: received message larger than max (5000000 vs. 4194304)',
    },
    throttled:
      receiver.throttled ??
      ((seconds) => ({ status: OVERLOADED, message: 'slow down', details: retryInfo(OVERLOADED, seconds) })),
  };
  grpc.behave = accepting;
  return {
    grpc,
    answers,
    accepting,
    target: { url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${grpc.tcp.port}` },
    took: grpc.took,
    get items() {
      return grpc.items;
    },
    get unanswered() {
      return grpc.unanswered;
    },
    get unreadable() {
      return grpc.arrivals.map(({ unreadable }) => unreadable).filter((reason) => reason !== undefined);
    },
    accept() {
      grpc.behave = accepting;
    },
    stall() {
      grpc.behave = { act: () => {} };
    },
    close: () => grpc.tcp.close(),
    get connections() {
      return grpc.tcp.accepted;
    },
    ...(receiver.accepted === 'written'
      ? { arrived: () => arrivedAt(grpc, changes) }
      : { refuseLarge: () => grpc.next(ending(answers.tooLarge)) }),
  };
}

const QUIET_MS = 100;

/** What was written is on its way, and nothing tells its end: waits until nothing has come for a while. */
async function arrivedAt(grpc: GrpcServer, changes: Changes): Promise<void> {
  for (let seen = -1; seen < grpc.arrivals.length; ) {
    seen = grpc.arrivals.length;
    await changes.until(() => grpc.arrivals.length > seen, QUIET_MS);
  }
}
