import { holds, same } from '../claim.ts';
import { answeringWith, needing, overHttp, type Row } from '../row.ts';
import type { Answer, Arrival } from '../servers/http.ts';
import { firstMeets, refusing } from './meeting.ts';

/** A request in a half of all tests is one batch; this many items are in it. */
const BATCH = 512;

/** Answers that are about a part of a request. */
export const PARTS: readonly Row[] = [
  {
    id: 'B3',
    title: 'too large: split in halves until it fits; an item that is too large alone is dropped and named',
    signals: 'each',
    applies: needing(overHttp),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.http();
      const isLarge = ({ items }: Arrival): boolean =>
        items.length > 2 || lab.namesIn(items).some((name) => name.startsWith('giant'));
      backend.server.behave = refusing(lab, lab.answers.tooLarge, isLarge);
      const subject = lab.open(backend);
      const ids = subject.send(8);
      await lab.settled(subject);
      lab.accountIs(subject, 8);
      lab.tookOnce(backend, ids);

      const second = lab.open(backend);
      const fit = second.send(3, { prefix: 'fit' });
      const [giant = ''] = second.send(1, { prefix: 'giant' });
      await lab.settled(second);
      same(
        'what fits has arrived',
        fit.filter((id) => !backend.took.has(id)),
        [],
      );
      same('losses of the giant', second.account().dropped, { 'too-large': 1 });
      const name = lab.signal === 'spans' ? 'giant0' : giant;
      holds(
        'the report names it',
        second.messages.some((message) => message.includes(name)),
        second.messages,
      );
    },
  },
  {
    id: 'B4',
    title:
      'a poison item in 512: found and dropped, the others arrive; 512 of them cost at most 20 requests, the next batch one',
    signals: 'spans',
    applies: needing(overHttp, answeringWith('poisoned', 'its backend does not refuse a whole request for one item')),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.http();
      const { poisoned = { status: 400 } } = lab.receiver;
      backend.server.behave = refusing(lab, poisoned, ({ items }) =>
        items.some(({ name }) => name.startsWith('poison')),
      );
      const subject = lab.open(backend, { delivery: { batchItems: BATCH, maxInFlight: 1 } });
      const before = subject.send(300, { prefix: 'a' });
      subject.send(1, { prefix: 'poison' });
      const after = subject.send(211, { prefix: 'b' });
      await lab.settled(subject);
      lab.accountIs(subject, BATCH - 1, { rejected: 1 });
      lab.tookOnce(backend, [...before, ...after]);
      holds(
        'to find it costs at most 64 requests',
        backend.server.arrivals.length <= 64,
        backend.server.arrivals.length,
      );

      const requests = async (prefix: string): Promise<number> => {
        const seen = backend.server.arrivals.length;
        subject.send(BATCH, { prefix });
        await lab.settled(subject);
        return backend.server.arrivals.length - seen;
      };
      const allBad = await requests('poison');
      holds('512 bad ones cost at most 20 requests', allBad >= 2 && allBad <= 20, allBad);
      same('the next bad batch costs', await requests('poison-again'), 1);
      lab.accountIs(subject, BATCH - 1, { rejected: 1 + 2 * BATCH });
    },
  },
  {
    id: 'B7',
    title: 'a part was refused: only what may be sent again is; the rest is counted',
    signals: 'each',
    applies: needing(overHttp, answeringWith('partial', 'its backend takes all of a request or nothing')),
    async run(lab) {
      lab.stopTime();
      const { subject, backend, ids } = await firstMeets(
        lab,
        {
          act(arrival) {
            const [a, b, c, d, ...rest] = arrival.items;
            const some = (...items: (typeof a)[]): (typeof arrival.items)[number][] =>
              items.filter((item) => item !== undefined);
            const accepted = some(...rest);
            arrival.take(accepted.map(({ id }) => id));
            arrival.answer(lab.receiver.partial?.({ accepted, rejected: some(a, b), retryable: some(c, d) }) as Answer);
          },
        },
        10,
      );
      lab.accountIs(subject, 8, { rejected: 2 });
      same('how often each was taken', [...backend.took.values()], Array(8).fill(1));
      const [, again] = backend.server.arrivals;
      same('what was sent again', again?.items.length, 2);
      same(
        'items that nobody issued',
        [...backend.took.keys()].filter((id) => !ids.includes(id)),
        [],
      );
    },
  },
];
