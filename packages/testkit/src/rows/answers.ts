import { holds, same } from '../claim.ts';
import { needing, overHttp, type Row, taking } from '../row.ts';
import { answering, takeAndReset } from '../servers/http.ts';
import { firstMeets } from './meeting.ts';

/** Yes, elsewhere, no answer, and answers to others. */
export const ANSWERS: readonly Row[] = [
  {
    id: 'B9',
    title: '200, 201, 202, 204, 206 as the backend means them; 100 and 103 before them are passed over',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const { meanings = {}, accepted } = lab.receiver;
      for (const status of [200, 201, 202, 204, 206]) {
        const meaning = meanings[status];
        const { subject, ids } = await firstMeets(lab, answering({ ...accepted, status }));
        const [first] = subject.calls;
        same(`a ${status} means`, first?.outcome, meaning ?? 'ok');
        if (meaning === undefined) lab.accountIs(subject, ids.length);
      }
      const { backend, subject, ids } = await firstMeets(lab, {
        act(arrival) {
          arrival.take();
          const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n';
          arrival.write(`HTTP/1.1 100 Continue\r\n\r\n${hints}`);
          arrival.answer(accepted);
        },
      });
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);
    },
  },
  {
    id: 'B10',
    title: '301, 302, 307, 308 to the same host, another, another scheme: never followed, and told with the host',
    signals: 'first',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const other = await lab.http();
      for (const status of [301, 302, 307, 308]) {
        for (const location of ['/elsewhere', `${other.target.url}/elsewhere`, 'https://other.test/elsewhere']) {
          const backend = await lab.http();
          backend.server.behave = answering({ status, headers: { location } });
          const subject = lab.open(backend, { delivery: { batchDelayMs: 0 } });
          subject.send(2);
          await lab.until('the call has ended', () => subject.calls[0]?.endedAt !== undefined);
          await lab.until('it is told', () => subject.messages.length > 0);
          const what = `after ${status} to ${location}`;
          same(`${what} requests`, backend.server.arrivals.length, 1);
          same(`${what} the state`, subject.account().state, 'paused');
          const host = new URL(location, backend.target.url).host;
          holds(`${what} the line names the host`, subject.messages[0]?.includes(host) === true, subject.messages);
        }
      }
      same('requests that followed', other.server.arrivals.length, 0);
    },
  },
  {
    id: 'B15',
    title: 'the answer is lost: the same items are sent again unchanged, or, where they must not be, counted',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const { backend, subject, ids } = await firstMeets(lab, takeAndReset, 5);
      const [first, second] = backend.server.arrivals;
      if (lab.isOnce) {
        lab.accountIs(subject, 0, { unconfirmed: ids.length });
        same('requests', backend.server.arrivals.length, 1);
        same('lines that tell of the loss', subject.messages.length, 1);
      } else {
        lab.accountIs(subject, ids.length);
        same('what was sent again', second?.items, first?.items);
        same(
          'how often each came',
          [...backend.took.values()],
          ids.map(() => 2),
        );
      }
    },
  },
  {
    id: 'B17',
    title: 'two exporters to one host with keys of their own: no request and no socket carries both',
    signals: 'first',
    applies: needing(overHttp, taking('secret')),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.http();
      const secrets = ['key-of-the-first', 'key-of-the-second'] as const;
      const subjects = secrets.map((secret) => lab.open({ ...backend.target, secret }));
      for (let round = 0; round < 3; round++) {
        for (const [i, subject] of subjects.entries()) subject.send(2, { prefix: `${i}-${round}-` });
        await lab.until('all arrive', () => subjects.every(({ isSettled }) => isSettled));
      }
      const seen = backend.server.arrivals.map(({ head, items, socket }) => ({
        owner: lab.namesIn(items)[0]?.slice(0, 1),
        keys: secrets.filter((secret) => head.includes(secret) || head.includes(btoa(secret))),
        socket,
      }));
      same(
        'whose key each request carries',
        seen.map(({ owner, keys }) => [owner, ...keys]),
        seen.map(({ owner }) => [owner, secrets[Number(owner)] ?? '']),
      );
      const shared = seen.filter(({ socket, owner }) =>
        seen.some((other) => other.socket === socket && other.owner !== owner),
      );
      same('sockets that both used', shared.length, 0);
    },
  },
];
