import { holds, same } from '../claim.ts';
import type { Lab } from '../lab.ts';
import { wordOf } from '../program.ts';
import { randomFrom } from '../random.ts';
import { needing, overHttp, type Row } from '../row.ts';
import type { Behaviour } from '../servers/http.ts';
import { openBadLine } from '../servers/proxy.ts';
import type { Subject } from '../subject.ts';

/** Sends so many spans a second for `ms`, ten times a second; `look` is called each time. Returns their ids. */
async function trickle(
  subject: Subject,
  perSecond: number,
  ms: number,
  look: () => void = () => {},
): Promise<readonly string[]> {
  const ids: string[] = [];
  const endAt = performance.now() + ms;
  for (let at = 0; performance.now() < endAt; at++) {
    for (const id of subject.send(perSecond / 10, { prefix: `${at}-` })) ids.push(id);
    look();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return ids;
}

/** Flushes until all is settled: as long as it takes, within reason. */
async function drained(lab: Lab, subject: Subject): Promise<void> {
  for (let at = 0; at < 30 && !subject.isSettled; at++) await subject.oc.flush({ withinMs: 2_000 });
  await lab.settled(subject);
}

/** The rows that take minutes each. */
export function nightlyRows(minutes: number): readonly Row[] {
  const ms = minutes * 60_000;
  return [
    {
      id: 'N8',
      title: '30 % of packets lost, 500 ms ± 300 late: slower, but nothing is lost and nothing is left in the queue',
      signals: 'spans',
      applies: needing(overHttp),
      async run(lab) {
        const random = randomFrom(8);
        const backend = await lab.http();
        const line = { delayMs: () => 200 + 600 * random(), lossShare: 0.3 };
        const proxy = await openBadLine(backend.server.tcp.port, line, random);
        lab.onEnd(() => proxy.close());
        const subject = lab.open({ url: `http://127.0.0.1:${proxy.port}` });
        const ids = await trickle(subject, 50, ms);
        await drained(lab, subject);
        lab.accountIs(subject, ids.length);
        same(
          'what has not arrived',
          ids.filter((id) => !backend.took.has(id)),
          [],
        );
      },
    },
    {
      id: 'B13',
      title:
        'a backend that is ten times slower for a while: the queue keeps to its bound, all is well again without a restart',
      signals: 'spans',
      applies: needing(overHttp),
      async run(lab) {
        const backend = await lab.http();
        let answerMs = 50;
        const late: Behaviour = { act: (arrival) => void setTimeout(() => lab.accepting.act(arrival), answerMs) };
        backend.server.behave = late;
        const subject = lab.open(backend, { delivery: { queueItems: 1_000, batchItems: 50 } });
        let mostHeld = 0;
        let mostCalls = 0;
        const look = (): void => {
          const { queued, inFlight } = subject.account();
          mostHeld = Math.max(mostHeld, queued + inFlight);
          mostCalls = Math.max(mostCalls, subject.running);
        };
        for (const phase of [50, 500, 50]) {
          answerMs = phase;
          await trickle(subject, 800, ms / 3, look);
        }
        await drained(lab, subject);
        holds('the queue keeps to its bound', mostHeld <= 1_000, mostHeld);
        holds('no more than four calls at a time', mostCalls <= 4, mostCalls);
        holds(
          'what was lost was lost for want of room',
          Object.keys(subject.account().dropped).join() === 'queue-full',
          subject.figures(),
        );
        same('items that the account has lost sight of', subject.imbalance(), 0);
        const [fresh = ''] = subject.send(1, { prefix: 'fresh' });
        await lab.until('a fresh item arrives', () => backend.took.has(fresh));
      },
    },
    {
      id: 'B14',
      title: 'a backend that goes up and down each 5 s: no storm of requests, nothing is lost',
      signals: 'spans',
      applies: needing(overHttp),
      async run(lab) {
        const backend = await lab.http();
        const subject = lab.open(backend);
        let downs = 0;
        let isOver = false;
        const flapping = (async () => {
          for (; !isOver; downs++) {
            await new Promise((resolve) => setTimeout(resolve, 5_000));
            await backend.server.tcp.close();
            await new Promise((resolve) => setTimeout(resolve, 5_000));
            await backend.server.tcp.listen();
          }
        })();
        const ids = await trickle(subject, 50, ms);
        isOver = true;
        await flapping;
        await drained(lab, subject);
        const failed = subject.calls.filter(({ outcome }) => outcome !== 'ok').length;
        const passed = subject.calls.length - failed;
        lab.accountIs(subject, ids.length);
        const batches = new Set(subject.calls.map(({ ids: [first] }) => first)).size;
        holds('calls that passed', passed <= 1.2 * batches, { passed, batches });
        holds('calls that failed while it was down', failed <= 24 * downs, { failed, downs });
      },
    },
    {
      id: 'L8',
      title: 'a process that is frozen and thaws: no error, its sockets are opened again, a flush is answered in time',
      signals: 'spans',
      inChildren: true,
      applies: needing(overHttp),
      async run(lab) {
        const backend = await lab.http();
        const freeze = async (child: { kill(signal: NodeJS.Signals): boolean }): Promise<void> => {
          child.kill('SIGSTOP');
          for (const socket of backend.server.tcp.sockets) socket.destroy(); // as servers do with idle ones
          await new Promise((resolve) => setTimeout(resolve, ms));
          child.kill('SIGCONT');
        };
        const outcome = await lab.run(
          `const oc = open();
           record(oc, 5);
           await oc.flush();
           record(oc, 5, 'held');
           point('frozen');
           record(oc, 5, 'late');
           const began = performance.now();
           const [{ unsettled }] = await oc.flush({ withinMs: 3_000 });
           say({ unsettled, tookMs: performance.now() - began });`,
          { target: backend.target, at: { frozen: freeze }, longestMs: ms + 20_000 },
        );
        const { code, stderr } = outcome;
        const { unsettled, tookMs } = wordOf<{ unsettled: number; tookMs: number }>(outcome);
        same('how the program ended', { code, stderr, unsettled }, { code: 0, stderr: '', unsettled: 0 });
        holds('the flush is answered in time', tookMs < 3_200, tookMs);
        same('items that arrived', backend.took.size, 15);
      },
    },
    {
      id: 'L13',
      title: 'hours with 1 % of faults: the heap does not grow, the number of handles stays',
      signals: 'spans',
      inChildren: true,
      applies: needing(overHttp),
      async run(lab) {
        const random = randomFrom(13);
        const backend = await lab.http();
        const { accepting, answers } = lab;
        backend.server.behave = {
          act(arrival) {
            const dice = random();
            if (dice < 0.005) arrival.answer(answers.unavailable);
            else if (dice < 0.01) arrival.reset();
            else accepting.act(arrival);
            backend.server.arrivals.splice(0, backend.server.arrivals.length - 1); // the ledger must not grow either
            backend.server.taken.length = 0;
          },
        };
        const outcome = await lab.run(
          `const oc = open({ onError() {}, delivery: { batchDelayMs: 20 } });
           const look = () => {
             gc();
             gc(); // frees what the first one's finalizers let go
             const { heapUsed, external } = process.memoryUsage();
             return { bytes: heapUsed + external, handles: process.getActiveResourcesInfo().length };
           };
           const run = async (ms) => {
             for (const endAt = performance.now() + ms; performance.now() < endAt; ) {
               record(oc, 20);
               await new Promise((resolve) => setTimeout(resolve, 50));
             }
             await oc.flush();
           };
           await run(${ms / 4});
           const before = look();
           await run(${(ms * 3) / 4});
           say({ before, after: look(), ...figures(oc) });`,
          { target: backend.target, flags: ['--expose-gc'], longestMs: ms + 30_000 },
        );
        type Look = { bytes: number; handles: number };
        const { before, after, dropped } = wordOf<{ before: Look; after: Look; dropped: object }>(outcome);
        const hours = (ms * 3) / 4 / 3_600_000;
        const grown = after.bytes - before.bytes;
        holds('the heap grows less than 1 MB an hour', grown < 1e6 * (1 + hours), grown);
        holds('handles stay', after.handles <= before.handles + 1, [before.handles, after.handles]);
        same('losses', dropped, {});
      },
    },
  ];
}
