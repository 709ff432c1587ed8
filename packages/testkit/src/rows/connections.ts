import { holds, same } from '../claim.ts';
import type { HttpBackend } from '../http-backend.ts';
import type { Lab } from '../lab.ts';
import { needing, overHttp, type Row } from '../row.ts';
import { reset } from '../servers/http.ts';
import { bytesOf } from '../servers/http-bytes.ts';
import type { Subject } from '../subject.ts';

/** What is claimed of a lost request: sent again, or, where it must not be, counted. */
export async function arrivesOrIsUnconfirmed(
  lab: Lab,
  subject: Subject,
  backend: HttpBackend,
  ids: readonly string[],
): Promise<void> {
  await lab.settled(subject);
  if (lab.isOnce) lab.accountIs(subject, 0, { unconfirmed: ids.length });
  else {
    lab.accountIs(subject, ids.length);
    lab.tookOnce(backend, ids);
  }
}

/** Connections that are refused, reset or dropped. */
export const CONNECTIONS: readonly Row[] = [
  {
    id: 'N1',
    title: 'connection refused for 20 s, then up: all accepted items arrive, with few attempts between',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      const clock = lab.stopTime();
      const backend = await lab.http();
      await backend.server.tcp.close();
      const subject = lab.open(backend);
      const ids = subject.send(5);
      await lab.pass(20_000);
      lab.accountIs(subject, 0);
      const starts = subject.calls.map(({ at }) => at);
      const waits = starts.slice(1).map((at, i) => at - (subject.calls[i]?.endedAt ?? 0));
      holds('it is tried again, at most 80 times in 20 s', starts.length >= 4 && starts.length <= 80, starts.length);
      holds(
        'no attempt follows another within 250 ms',
        waits.every((ms) => ms >= 250),
        waits,
      );
      holds('nothing is busy between attempts', clock.timersSet <= 20 + 10 * starts.length, clock.timersSet);
      await backend.server.tcp.listen();
      await lab.settled(subject);
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);
    },
  },
  {
    id: 'N2',
    title: 'reset after the head, amid the body: sent again; after the head of a 2xx answer: not sent again',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      for (const at of ['head', 'middle'] as const) {
        const backend = await lab.http();
        backend.server.next({ at, act: reset.act });
        const subject = lab.open(backend);
        const ids = subject.send(40, { padding: 8_000 });
        await arrivesOrIsUnconfirmed(lab, subject, backend, ids);
      }
      const backend = await lab.http();
      backend.server.next({
        act(arrival) {
          arrival.take();
          arrival.write(bytesOf({ ...lab.receiver.accepted, status: 200, body: 'x'.repeat(100) }).subarray(0, -50));
          setTimeout(() => arrival.reset(), 50); // when the client has read the head
        },
      });
      const subject = lab.open(backend);
      const ids = subject.send(5);
      await lab.settled(subject);
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);
      same('requests', backend.server.arrivals.length, 1);
    },
  },
  {
    id: 'N7',
    title: 'a kept-alive socket that the backend has dropped: sent again over a fresh one, delivered once',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.http();
      const subject = lab.open(backend);
      const first = subject.send(2, { prefix: 'a' });
      await lab.settled(subject);
      const [{ socket } = { socket: undefined }] = backend.server.arrivals;
      // What comes over the socket of the first request meets an end, as when both sides act at the same time.
      backend.server.next({
        at: 'head',
        act: ({ socket: used }) => void (used === socket ? used.destroy() : undefined),
      });
      const second = subject.send(2, { prefix: 'b' });
      await lab.settled(subject);
      const { accepted, dropped } = subject.account();
      if (lab.isOnce) {
        // A collection has the rows of the first one too.
        const lost = dropped.unconfirmed ?? 0;
        holds('the call whose answer was lost is not sent again', lost >= second.length, dropped);
        lab.accountIs(subject, accepted - lost, { unconfirmed: lost });
      } else {
        lab.accountIs(subject, accepted);
        same(
          'the second pair has arrived',
          second.filter((id) => !backend.took.has(id)),
          [],
        );
      }
      if (lab.signal === 'spans') lab.tookOnce(backend, [...first, ...second]);
    },
  },
];
