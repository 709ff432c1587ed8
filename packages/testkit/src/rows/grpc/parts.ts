import type { GrpcBackend } from '../../backends.ts';
import { holds, same } from '../../claim.ts';
import type { Item } from '../../receiver.ts';
import { answered, type Need, needing, type Row } from '../../row.ts';
import type { GrpcAnswer } from '../../servers/grpc.ts';
import { firstMeets } from './meeting.ts';

const BATCH = 512;

const saying = (what: 'poisoned' | 'partial', reason: string): Need => {
  return ({ receiver }) => (receiver.transport === 'grpc' && receiver[what] !== undefined) || reason;
};

/** Ends calls that hold an item of one of the kinds with a status; takes anything else. */
function refusing(
  { grpc, accepting }: GrpcBackend,
  answer: GrpcAnswer,
  isBad: (items: readonly Item[]) => boolean,
): void {
  grpc.behave = { act: (arrival) => (isBad(arrival.items) ? arrival.end(answer) : accepting.act(arrival)) };
}

/** Refusals that are about a part of a call. */
export const GRPC_PARTS: readonly Row[] = [
  {
    id: 'B3',
    transport: 'grpc',
    title:
      'a message that is too large: split in halves until it fits; an item that is too large alone: dropped and named',
    signals: 'each',
    applies: needing(answered),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.grpc();
      const isGiant = (items: readonly Item[]): boolean => lab.namesIn(items).some((name) => name.startsWith('giant'));
      refusing(backend, backend.answers.tooLarge, (items) => items.length > 2 || isGiant(items));
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
        'what fits and has not arrived',
        fit.filter((id) => !backend.took.has(id)),
        [],
      );
      same('losses of the giant', Object.keys(second.account().dropped), ['too-large']);
      const name = lab.signal === 'spans' ? 'giant0' : giant;
      holds('the report names it', second.messages.join().includes(name), second.messages);
    },
  },
  {
    id: 'B4',
    transport: 'grpc',
    title: 'a poison item in 512: found and dropped, the others arrive, in at most 64 calls',
    signals: 'spans',
    applies: needing(answered, saying('poisoned', 'its backend does not refuse a whole call for one item')),
    async run(lab) {
      lab.stopTime();
      const backend = await lab.grpc();
      const { poisoned = { status: 3 } } = lab.calling;
      refusing(backend, poisoned, (items) => items.some(({ name }) => name.startsWith('poison')));
      const subject = lab.open(backend, { delivery: { batchItems: BATCH, maxInFlight: 1 } });
      const before = subject.send(300, { prefix: 'a' });
      subject.send(1, { prefix: 'poison' });
      const after = subject.send(211, { prefix: 'b' });
      await lab.settled(subject);
      lab.accountIs(subject, BATCH - 1, { rejected: 1 });
      lab.tookOnce(backend, [...before, ...after]);
      holds('to find it costs at most 64 calls', subject.calls.length <= 64, subject.calls.length);
    },
  },
  {
    id: 'B7',
    transport: 'grpc',
    title: 'a part was refused for good: counted and told, the rest is delivered, nothing is sent again',
    signals: 'each',
    applies: needing(answered, saying('partial', 'its backend takes all of a call or nothing')),
    async run(lab) {
      lab.stopTime();
      const { subject, backend, ids } = await firstMeets(
        lab,
        () => ({
          act(arrival) {
            const [a, b, ...accepted] = arrival.items;
            const rejected = [a, b].filter((item) => item !== undefined);
            arrival.take(accepted.map(({ id }) => id));
            arrival.accept(lab.calling.partial?.({ accepted, rejected, retryable: [] }));
          },
        }),
        10,
      );
      lab.accountIs(subject, ids.length - 2, { rejected: 2 });
      same('how often each was taken', [...backend.took.values()], Array(8).fill(1));
      same('calls', subject.calls.length, 1);
      holds('it is told', subject.messages.length > 0);
    },
  },
];
