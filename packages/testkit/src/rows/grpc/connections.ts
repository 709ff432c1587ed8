import { holds, same } from '../../claim.ts';
import type { Lab } from '../../lab.ts';
import { answered, needing, type Row } from '../../row.ts';
import { openBlackHole } from '../../servers/blackhole.ts';
import type { Subject } from '../../subject.ts';
import { holdsLittleUnread } from '../deadlines.ts';
import { arrivesOrIsUnconfirmed } from './meeting.ts';
import { comes } from './sessions.ts';

const ATTEMPT_MS = 400;
/** What an exporter may take to notice that its time is up, on a machine that is busy. */
const SLACK_MS = 1_500;

/** Claims that a call was ended by its deadline and that core will try again. */
async function endsAtDeadline(lab: Lab, subject: Subject): Promise<void> {
  await lab.until('the call ends at its deadline', () => subject.calls[0]?.endedAt !== undefined);
  const { at = 0, endedAt = 0, outcome } = subject.calls[0] ?? {};
  const took = endedAt - at;
  holds(`the call takes ${ATTEMPT_MS} ms`, took > ATTEMPT_MS - 50 && took < ATTEMPT_MS + SLACK_MS, took);
  same('the call failed as', outcome, lab.isOnce && outcome === 'unconfirmed' ? 'unconfirmed' : 'unavailable');
}

/** Connections that cannot be made, and calls that nothing answers. */
export const GRPC_CONNECTIONS: readonly Row[] = [
  {
    id: 'N1',
    transport: 'grpc',
    title: 'connection refused, then up: all accepted items arrive, with few attempts between',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      const backend = await lab.grpc();
      await backend.grpc.tcp.close();
      const subject = lab.open(backend);
      const ids = subject.send(5);
      await comes(lab, 'it is tried again', () => (subject.calls[1]?.endedAt ?? 0) > 0, subject);
      lab.accountIs(subject, 0);
      const starts = subject.calls.map(({ at }) => at);
      const waits = starts.slice(1).map((at, i) => at - (subject.calls[i]?.endedAt ?? 0));
      holds(
        'no attempt follows another within 250 ms',
        waits.every((ms) => ms >= 245),
        waits,
      );
      const told = subject.account().lastError?.message ?? '';
      holds('what is told names the port', told.includes(String(backend.grpc.tcp.port)), told);
      await backend.grpc.tcp.listen();
      await comes(lab, 'it arrives', () => subject.isSettled, subject);
      await lab.arrived();
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);
    },
  },
  {
    id: 'N3',
    transport: 'grpc',
    title: 'no answer to connect: the attempt ends at its deadline, others are unaffected',
    signals: 'each',
    applies: () => true,
    async run(lab) {
      const hole = await openBlackHole();
      lab.onEnd(() => hole.close());
      const other = await lab.grpc();
      const neighbour = lab.open(other);
      const subject = lab.open({ url: `http://127.0.0.1:${hole.port}` }, { delivery: { attemptMs: ATTEMPT_MS } });
      subject.send(3);
      const theirs = neighbour.send(3);
      await lab.until('another exporter delivers meanwhile', () => theirs.every((id) => other.took.has(id)));
      await endsAtDeadline(lab, subject);
      same('losses', subject.account().dropped, {});
    },
  },
  {
    id: 'N4',
    transport: 'grpc',
    title: 'the backend says nothing: the attempt ends at its deadline and is taken back, others are unaffected',
    signals: 'each',
    applies: needing(answered),
    async run(lab) {
      const backend = await lab.grpc();
      backend.stall();
      const other = await lab.grpc();
      const neighbour = lab.open(other);
      const subject = lab.open(backend, { delivery: { attemptMs: ATTEMPT_MS } });
      const ids = subject.send(3);
      const theirs = neighbour.send(3);
      await lab.until('another exporter delivers meanwhile', () => theirs.every((id) => other.took.has(id)));
      await endsAtDeadline(lab, subject);
      const [first] = backend.grpc.arrivals;
      await lab.until('the call is taken back', () => first?.stream.destroyed === true);
      backend.accept();
      await arrivesOrIsUnconfirmed(lab, subject, backend, ids);
    },
  },
  {
    id: 'N6',
    transport: 'grpc',
    title: 'the backend reads nothing of a call, whose window stays full: the deadline fires, memory stays bounded',
    signals: 'each',
    inChildren: true,
    applies: needing(answered),
    async run(lab) {
      const backend = await lab.grpc();
      backend.grpc.behave = { at: 'head', act: ({ stream }) => void stream.pause() };
      await holdsLittleUnread(lab, backend);
      const { arrivals } = backend.grpc;
      holds('the backend has met calls', arrivals.length > 0);
      holds(
        'no message has come as a whole',
        arrivals.every(({ message }) => message.length === 0),
      );
    },
  },
];
