import { holds } from '../../claim.ts';
import { answered, needing, type Row } from '../../row.ts';
import { ending, type GrpcBehaviour } from '../../servers/grpc.ts';
import { firstMeets, pausesAndGoesOn, STATUS_NAMES } from './meeting.ts';

const UNAUTHENTICATED = 16;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;

/** Statuses that mean: later. */
export const GRPC_WAITS: readonly Row[] = [
  {
    id: 'B1',
    transport: 'grpc',
    title: 'RESOURCE_EXHAUSTED with a RetryInfo of 2 s, 0, -1, 10^9: waits for it, at least 250 ms, at most 5 min',
    signals: 'each',
    applies: needing(answered),
    async run(lab) {
      lab.stopTime();
      const hints = [
        { seconds: 2, least: 2_000, most: 2_600 },
        { seconds: 0, least: 250, most: 600 },
        { seconds: -1, least: 250, most: 600 },
        { seconds: 1e9, least: 300_000, most: 300_100 },
      ];
      for (const { seconds, least, most } of hints) {
        const { subject, ids } = await firstMeets(lab, ({ answers }) => ending(answers.throttled(seconds)));
        const [first, second] = subject.calls;
        const waited = (second?.at ?? 0) - (first?.endedAt ?? 0);
        holds(
          `after a RetryInfo of ${seconds} s it waits ${least} to ${most} ms`,
          waited >= least && waited <= most,
          waited,
        );
        lab.accountIs(subject, ids.length);
      }
    },
  },
  {
    id: 'B2',
    transport: 'grpc',
    title: 'UNAVAILABLE once: delivered once; for ever: the queue keeps to its bound',
    signals: 'spans',
    applies: needing(answered),
    async run(lab) {
      lab.stopTime();
      const { backend, subject, ids } = await firstMeets(lab, ({ answers }) => ending(answers.unavailable));
      lab.accountIs(subject, ids.length);
      lab.tookOnce(backend, ids);

      const down = await lab.grpc();
      down.grpc.behave = ending(down.answers.unavailable);
      const waiting = lab.open(down, { delivery: { queueItems: 20, batchItems: 10 } });
      waiting.send(25);
      await lab.pass(600_000);
      lab.accountIs(waiting, 0, { 'queue-full': 5 });
      down.accept();
      await lab.settled(waiting);
      lab.accountIs(waiting, 20, { 'queue-full': 5 });
    },
  },
  {
    id: 'B5',
    transport: 'grpc',
    title: 'UNAUTHENTICATED, PERMISSION_DENIED: pauses with one line, probes each minute',
    signals: 'each',
    applies: needing(answered),
    async run(lab) {
      lab.stopTime();
      for (const status of [UNAUTHENTICATED, PERMISSION_DENIED]) {
        await pausesAndGoesOn(lab, `status ${status}`, ending({ status, message: 'who are you?' }), [
          STATUS_NAMES[status - 1] ?? '',
        ]);
      }
    },
  },
  {
    id: 'B6',
    transport: 'grpc',
    title: 'UNIMPLEMENTED: pauses with one line that names address and method',
    signals: 'each',
    applies: needing(answered),
    async run(lab) {
      lab.stopTime();
      let path = '';
      const behaviour: GrpcBehaviour = {
        act(arrival) {
          ({ path } = arrival);
          arrival.end({ status: UNIMPLEMENTED, message: 'unknown service' });
        },
      };
      const backend = await lab.grpc();
      backend.grpc.next(behaviour);
      const subject = lab.open(backend);
      subject.send(1);
      await lab.settled(subject);
      const method = path.slice(path.lastIndexOf('/') + 1);
      await pausesAndGoesOn(lab, 'UNIMPLEMENTED', behaviour, [method, 'UNIMPLEMENTED']);
    },
  },
];
