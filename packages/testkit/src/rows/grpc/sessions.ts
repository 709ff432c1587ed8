import { constants } from 'node:http2';
import { type GrpcBackend, meaningOf } from '../../backends.ts';
import { holds, same } from '../../claim.ts';
import type { Lab } from '../../lab.ts';
import { answered, needing, type Row } from '../../row.ts';
import type { GrpcArrival } from '../../servers/grpc.ts';
import { openRelay } from '../../servers/proxy.ts';
import type { Subject } from '../../subject.ts';
import { arrivesOrIsUnconfirmed } from './meeting.ts';

const ATTEMPT_MS = 400;
/** How long a client may take to find out that its connection is dead, and to make another. */
const LONGEST_RECOVERY_MS = 15_000;

/** In real time, and longer than others may take: clients of gRPC have waits of their own. */
export async function comes(lab: Lab, what: string, condition: () => boolean, subject: Subject): Promise<void> {
  const held = await lab.changes.until(condition, LONGEST_RECOVERY_MS);
  holds(`${what}: it did not happen`, held, { ...subject.figures(), calls: subject.calls.slice(-5) });
}

/** Sends before and after something happens to the connection; claims that what comes after it arrives as well. */
async function survives(
  lab: Lab,
  what: string,
  happens: (first: GrpcArrival, backend: GrpcBackend) => unknown,
): Promise<void> {
  const backend = await lab.grpc();
  const subject = lab.open(backend);
  const ids = [...subject.send(2, { prefix: 'a' })];
  await lab.settled(subject);
  await lab.arrived();
  await happens(backend.grpc.arrivals[0] as GrpcArrival, backend);
  // What is written to a connection that has just ended may be lost where nothing is answered or sent twice; more is not.
  const rounds = lab.calling.accepted === 'written' || lab.isOnce ? 4 : 1;
  let last: readonly string[] = [];
  for (let round = 0; round < rounds; round++) {
    last = subject.send(2, { prefix: `b${round}` });
    ids.push(...last);
    await lab.settled(subject);
    await lab.arrived();
  }
  same(
    `${what}: what was sent after it and has not arrived`,
    last.filter((id) => !backend.took.has(id)),
    [],
  );
  const { accepted, dropped } = subject.account();
  const { unconfirmed = 0 } = lab.isOnce ? dropped : {};
  lab.accountIs(subject, accepted - unconfirmed, unconfirmed > 0 ? { unconfirmed } : {});
  if (rounds === 1 && lab.signal === 'spans') lab.tookOnce(backend, ids);
}

/** Has a message treated so; claims that it arrives nevertheless, once. */
async function isSentAgain(
  lab: Lab,
  act: (arrival: GrpcArrival, backend: GrpcBackend) => void,
  at?: 'head',
): Promise<void> {
  const backend = await lab.grpc();
  backend.grpc.next({ at, act: (arrival) => act(arrival, backend) });
  const subject = lab.open(backend);
  const ids = subject.send(3);
  await arrivesOrIsUnconfirmed(lab, subject, backend, ids);
}

const RESETS = {
  REFUSED_STREAM: constants.NGHTTP2_REFUSED_STREAM,
  CANCEL: constants.NGHTTP2_CANCEL,
  INTERNAL_ERROR: constants.NGHTTP2_INTERNAL_ERROR,
};
/** The status that a reset means, as the gRPC specification has it. */
const STATUS_OF_RESET = { REFUSED_STREAM: 14, CANCEL: 1, INTERNAL_ERROR: 13 };

/** Sessions that end in all the ways of HTTP/2. */
export const GRPC_SESSIONS: readonly Row[] = [
  {
    id: 'N2',
    transport: 'grpc',
    title: 'the connection is reset after the head of a call, or when its message has come: sent again, or counted',
    signals: 'each',
    applies: needing(answered),
    async run(lab) {
      lab.stopTime();
      await isSentAgain(lab, (arrival) => arrival.drop(), 'head');
      await isSentAgain(lab, (arrival) => arrival.drop());
    },
  },
  {
    id: 'N7',
    transport: 'grpc',
    title: 'the backend drops an idle connection: what comes next goes over a fresh one, once',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      lab.stopTime();
      await survives(lab, 'a reset while idle', (first) => first.drop());
      await survives(lab, 'an end while idle', (_, { grpc }) => {
        for (const socket of grpc.tcp.sockets) socket.destroy();
      });
    },
  },
  {
    id: 'N11',
    transport: 'grpc',
    title:
      'GOAWAY between calls and in one, a stream that is reset, a server that restarts: a new session, all arrives',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      lab.stopTime();
      await survives(lab, 'GOAWAY between calls', (first) => first.goAway());
      await survives(lab, 'an orderly end between calls', (first) => first.session.close());
      await survives(lab, 'a restart', async (_, { grpc }) => {
        await grpc.tcp.close();
        await grpc.tcp.listen();
      });
      if (lab.calling.accepted === 'written') return; // what a stream had written may be gone with it
      await isSentAgain(lab, (arrival, { accepting }) => {
        arrival.goAway(arrival.stream.id);
        accepting.act(arrival); // on its way out it takes what it has begun
      });
      await isSentAgain(lab, (arrival) => arrival.goAway(0)); // it has looked at nothing
      for (const [name, code] of Object.entries(RESETS)) {
        const meaning = meaningOf(STATUS_OF_RESET[name as keyof typeof RESETS], lab.calling);
        const backend = await lab.grpc();
        backend.grpc.next({ act: (arrival) => arrival.resetStream(code) });
        const subject = lab.open(backend);
        const ids = subject.send(3);
        await lab.settled(subject);
        const { dropped, delivered } = subject.account();
        const isKept = delivered === ids.length && Object.keys(dropped).length === 0;
        const mayDrop = [meaning, ...(lab.isOnce ? ['unconfirmed'] : [])].filter((each) => each !== 'unavailable');
        holds(
          `after ${name} it is sent again, or counted as its status says`,
          isKept || mayDrop.some((each) => dropped[each as 'rejected'] === ids.length),
          dropped,
        );
        const more = subject.send(1, { prefix: 'after' });
        await lab.settled(subject);
        same(
          `what comes after ${name} arrives`,
          more.filter((id) => !backend.took.has(id)),
          [],
        );
      }
    },
  },
  {
    id: 'N11-idle',
    transport: 'grpc',
    title: 'a connection that has gone dead while idle: a new one before long, no call after call to its deadline',
    signals: 'each',
    applies: needing(answered),
    async run(lab) {
      const backend = await lab.grpc();
      const relay = await openRelay(backend.grpc.tcp.port);
      lab.onEnd(() => relay.tcp.close());
      const url = `http://127.0.0.1:${relay.tcp.port}`;
      const subject = lab.open({ url }, { delivery: { attemptMs: ATTEMPT_MS } });
      subject.send(2, { prefix: 'a' });
      await lab.settled(subject);
      relay.swallow();
      let ids = subject.send(2, { prefix: 'b' });
      const isHere = (): boolean => ids.every((id) => backend.took.has(id));
      if (lab.isOnce) {
        const isCounted = (): boolean => subject.account().dropped.unconfirmed !== undefined && subject.isSettled;
        await comes(lab, 'what may have arrived is counted', isCounted, subject);
        ids = subject.send(2, { prefix: 'c' });
      }
      await comes(lab, 'it arrives over another connection', isHere, subject);
    },
  },
];
