import type { Backend } from '../backends.ts';
import { holds, same } from '../claim.ts';
import type { HttpBackend } from '../http-backend.ts';
import type { Lab } from '../lab.ts';
import { socketsTo } from '../probe.ts';
import { wordOf } from '../program.ts';
import { needing, overHttp, type Row } from '../row.ts';
import { openBlackHole } from '../servers/blackhole.ts';
import { bytesOf } from '../servers/http-bytes.ts';
import type { Subject } from '../subject.ts';
import { arrivesOrIsUnconfirmed } from './connections.ts';

const ATTEMPT_MS = 400;
/** What an exporter may take to notice that its time is up, on a machine that is busy. */
const SLACK_MS = 1_000;

/** Claims that a call was ended by its deadline and that core will try again. */
async function endsAtDeadline(lab: Lab, subject: Subject): Promise<void> {
  await lab.until('the call ends at its deadline', () => subject.calls[0]?.endedAt !== undefined);
  const { at = 0, endedAt = 0, outcome } = subject.calls[0] ?? {};
  const took = endedAt - at;
  holds(`the call takes ${ATTEMPT_MS} ms`, took > ATTEMPT_MS - 50 && took < ATTEMPT_MS + SLACK_MS, took);
  same('the call failed as', outcome, lab.isOnce && outcome === 'unconfirmed' ? 'unconfirmed' : 'unavailable');
}

/** Opens a healthy backend and another exporter of the same kind that sends there. Returns the claim that all is well with it. */
async function neighbour(lab: Lab): Promise<() => Promise<void>> {
  const backend = await lab.backend();
  const subject = lab.open(backend);
  const ids = subject.send(3);
  return async () => {
    await lab.until('another exporter delivers meanwhile', () => ids.every((id) => backend.took.has(id)));
  };
}

/** Claims that a program whose requests nobody reads goes on at each deadline, and holds no more and no more of them. */
export async function holdsLittleUnread(lab: Lab, { target }: Backend): Promise<void> {
  const outcome = await lab.run(
    // The second collection frees what the first one's finalizers let go: the buffers of requests that were aborted.
    `const held = () => { gc(); gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };
     let calls = 0;
     const oc = open({
       exporter: watched(() => calls++),
       onError() {},
       delivery: { attemptMs: 100, batchItems: 50, batchDelayMs: 1, maxInFlight: 1 },
     });
     record(oc, signal === 'spans' ? 1_000 : 50, 's', 8_000);
     const attempts = async (count) => { while (calls < count) await oc.flush({ withinMs: 130 }); };
     await attempts(15); // what is compiled by then is no part of what requests leave behind
     const before = held();
     await attempts(39);
     say({ grown: held() - before, ...figures(oc) });
     await oc.shutdown({ withinMs: 20 });`,
    { target, flags: ['--expose-gc'] },
  );
  const { code, stderr } = outcome;
  same('the deadline fires, and it is tried again, 38 times', { code, stderr }, { code: 0, stderr: '' });
  const { grown, delivered } = wordOf<{ grown: number; delivered: number }>(outcome);
  if (!lab.isOnce) same('delivered', delivered, 0);
  holds('24 more attempts, each of 0.4 MB, hold no more than some of them', grown < 1_000_000, grown);
}

/** Connections on which nothing moves, or too little. */
export const DEADLINES: readonly Row[] = [
  {
    id: 'N3',
    title: 'no answer to connect: the attempt ends at its deadline, its socket is gone, others are unaffected',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      const hole = await openBlackHole();
      lab.onEnd(() => hole.close());
      const isWell = await neighbour(lab);
      const subject = lab.open({ url: `http://127.0.0.1:${hole.port}` }, { delivery: { attemptMs: ATTEMPT_MS } });
      subject.send(3);
      await isWell();
      await endsAtDeadline(lab, subject);
      same(
        'sockets that still try to connect',
        (socketsTo(hole.port) ?? []).filter((state) => state === 'connecting'),
        [],
      );
      same('losses', subject.account().dropped, {});
    },
  },
  {
    id: 'N4',
    title: 'the backend accepts and says nothing: the attempt ends at its deadline, others are unaffected',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      const backend = await lab.backend();
      backend.stall();
      const isWell = await neighbour(lab);
      const subject = lab.open(backend, { delivery: { attemptMs: ATTEMPT_MS } });
      const ids = subject.send(3);
      await isWell();
      await lab.until('the call ends at its deadline', () => subject.calls[0]?.endedAt !== undefined);
      const { at = 0, endedAt = 0, outcome } = subject.calls[0] ?? {};
      holds(`the call takes ${ATTEMPT_MS} ms`, Math.abs(endedAt - at - ATTEMPT_MS) < SLACK_MS, endedAt - at);
      backend.accept();
      await lab.settled(subject);
      // Where what is on its way cannot be taken back it is counted, else sent again.
      const isUnconfirmed = outcome === 'unconfirmed';
      holds(
        'the call failed as what core tries again',
        outcome === 'unavailable' || lab.isOnce || !('server' in backend),
        outcome,
      );
      if (isUnconfirmed) lab.accountIs(subject, 0, { unconfirmed: ids.length });
      else lab.accountIs(subject, ids.length);
      if ('server' in backend) {
        const { arrivals } = (backend as HttpBackend).server;
        await lab.until('the socket of the first attempt is gone', () => arrivals[0]?.socket.destroyed === true);
      }
    },
  },
  {
    id: 'N5',
    title: 'an answer that drips: one deadline for all of it; with a 2xx head it counts as taken',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      const drip = async (
        arrival: { socket: { destroyed: boolean }; write(bytes: string): void },
        text: string,
      ): Promise<void> => {
        for (const character of text) {
          if (arrival.socket.destroyed) return;
          arrival.write(character);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };
      const head = bytesOf({ ...lab.receiver.accepted, status: 200, body: 'x'.repeat(1_000) })
        .subarray(0, -1_000)
        .toString('latin1');
      const ofHead = await lab.http();
      ofHead.server.next({ act: (arrival) => void drip(arrival, head) });
      const first = lab.open(ofHead, { delivery: { attemptMs: ATTEMPT_MS } });
      const firstIds = first.send(3);

      const ofBody = await lab.http();
      ofBody.server.next({
        act(arrival) {
          arrival.take();
          arrival.write(head);
          void drip(arrival, 'x'.repeat(1_000));
        },
      });
      const second = lab.open(ofBody, { delivery: { attemptMs: 2 * ATTEMPT_MS } });
      const secondIds = second.send(3);

      await endsAtDeadline(lab, first);
      await arrivesOrIsUnconfirmed(lab, first, ofHead, firstIds);
      await lab.settled(second);
      const [{ at, endedAt = 0 } = { at: 0 }] = second.calls;
      holds('a dripping body does not outlast the deadline', endedAt - at < 2 * ATTEMPT_MS + SLACK_MS, endedAt - at);
      lab.accountIs(second, secondIds.length);
      lab.tookOnce(ofBody, secondIds);
      for (const { server } of [ofHead, ofBody])
        await lab.until('its socket is gone', () => server.arrivals[0]?.socket.destroyed === true);
    },
  },
  {
    id: 'N6',
    title: 'the backend reads no byte of the request: the deadline fires, memory stays bounded',
    signals: 'each',
    inChildren: true,
    applies: needing(overHttp),
    async run(lab) {
      const backend = await lab.http();
      backend.server.behave = { at: 'head', act: ({ socket }) => void socket.pause() };
      await holdsLittleUnread(lab, backend);
      holds('the backend has met requests', backend.server.arrivals.length > 0);
    },
  },
];
