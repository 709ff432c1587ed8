import { holds, same } from '../claim.ts';
import { wordOf } from '../program.ts';
import { answered, needing, type Row } from '../row.ts';
import { amount, ended, HELD, names, ran, toldOnce } from './ran.ts';

/** What ends by itself ends sooner, on a machine that is busy as well; sockets that are kept alive stay for longer. */
const HELD_MS = 3_000;

/** How processes and telemetries end. */
export const ENDS: readonly Row[] = [
  {
    id: 'L1',
    title: 'a natural end delivers all, once; nothing else keeps the process alive',
    signals: 'each',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const first = await ran(lab, 'record(open(), 100);');
      ended(first, { code: 0 });
      same('what arrived', first.arrived, names(100));

      // A socket that is kept alive, a timer for the next collection and one for a batch do not hold it.
      const idle = await ran(
        lab,
        'const oc = open({ flushOn: [] }); record(oc, 3); await oc.flush(); record(oc, 2, "late"); say();',
      );
      same(
        'what arrived before',
        idle.arrived.filter((name) => !name.startsWith('late')),
        names(3),
      );
      same('the exit code', idle.code, 0);
      holds('nothing holds the process', idle.afterWordMs < HELD_MS, idle.afterWordMs);
    },
  },
  {
    id: 'L2',
    title: 'SIGTERM: delivers and ends as ever when asked to, leaves the host handler alone, does nothing unasked',
    signals: 'each',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const at = { recorded: (child: { kill(signal: NodeJS.Signals): boolean }) => child.kill('SIGTERM') };
      const runs = 'record(oc, 20); setInterval(() => {}, 1_000); point("recorded");';
      const [asked, hosted, unasked] = await Promise.all([
        ran(lab, `const oc = open({ flushOn: ['SIGTERM'] }); ${runs}`, { at }),
        ran(
          lab,
          `const oc = open({ flushOn: ['SIGTERM'] });
           process.on('SIGTERM', () => {
             say('heard');
             setTimeout(() => { say(process.listenerCount('SIGTERM')); process.exit(7); }, 1_500);
           });
           ${runs}`,
          { at },
        ),
        ran(lab, `const oc = open({ onError() {} }); ${runs}`, { at }),
      ]);
      ended(asked, { code: null, signal: 'SIGTERM' });
      same('what arrived', asked.arrived, names(20));
      same("the exit code is the host's", hosted.code, 7);
      same("the host's handler was called, and is there", hosted.said, ['heard', 1]);
      same('what arrived beside it', hosted.arrived, names(20));
      same('unasked, the signal ends the process', unasked.signal, 'SIGTERM');
      same('unasked, nothing arrives', unasked.arrived, []);
    },
  },
  {
    id: 'L3',
    title: 'process.exit() with items held: the code is kept, one line tells what was lost',
    signals: 'each',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const backend = answered(lab.check) === true ? await lab.backend() : undefined;
      backend?.stall();
      const isLost = lab.signal === 'spans' || backend !== undefined;
      const outcome = await ran(lab, `${HELD} const oc = open(); record(oc, 12); await held(oc); process.exit(3);`, {
        ...(backend && { backend }),
      });
      same('the exit code', outcome.code, 3);
      if (isLost) toldOnce(outcome, amount(lab, 12), lab.check.name);
    },
  },
  {
    id: 'L4',
    title: 'an exception or rejection that nobody catches ends the process as ever; what was held is told',
    signals: 'spans',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const throwing = ["throw new Error('of the application')", "Promise.reject(new Error('of the application'))"];
      await Promise.all(
        throwing.map(async (act) => {
          const outcome = await ran(lab, `const oc = open(); record(oc, 12); setTimeout(() => { ${act}; }, 1);`);
          same('how the program ended', [outcome.code, outcome.signal], [1, null]);
          holds('the error is shown as ever', outcome.stderr.includes('Error: of the application'), outcome.stderr);
          toldOnce(outcome, amount(lab, 12), lab.check.name);
        }),
      );
    },
  },
  {
    id: 'L9',
    title: 'shutdown twice, flush and items after it: the same promise, an answer, and a count',
    signals: 'spans',
    applies: () => true,
    async run(lab) {
      const backend = await lab.backend();
      const subject = lab.open(backend);
      const ids = subject.send(3);
      const first = subject.oc.shutdown({ withinMs: 3_000 });
      const second = subject.oc.shutdown({ withinMs: 1 });
      holds('a second shutdown gives the same promise', first === second);
      await first;
      await lab.arrived();
      same('how the signal is after it', subject.account().state, 'closed');
      lab.tookOnce(backend, ids);
      subject.send(2, { prefix: 'late' });
      const [answer] = await subject.oc.flush({ withinMs: 100 });
      same('what a flush leaves unsettled', answer?.unsettled, 0);
      lab.accountIs(subject, 3, { 'after-shutdown': 2 });
      await lab.arrived();
      lab.tookOnce(backend, ids);
    },
  },
  {
    id: 'L10',
    title: 'shutdown with a backend that is down or hangs: ends at its deadline, counts the rest, holds nothing',
    signals: 'each',
    inChildren: true,
    applies: needing(answered),
    async run(lab) {
      // What is loaded at the first send is loaded before time is taken.
      const program = `
        const first = open({ onError() {} });
        record(first);
        await first.shutdown({ withinMs: 300 });
        const oc = open({ onError() {} });
        record(oc, 12);
        const began = performance.now();
        await oc.shutdown({ withinMs: 1_000 });
        say({ tookMs: performance.now() - began, ...figures(oc) });`;
      await Promise.all(
        ['down', 'hanging'].map(async (kind) => {
          const backend = await lab.backend();
          if (kind === 'down') await backend.close?.();
          else backend.stall();
          const outcome = await ran(lab, program, { backend });
          ended(outcome, { code: 0 });
          const { tookMs, ...figures } = wordOf<{ tookMs: number; dropped: Record<string, number> }>(outcome);
          const { dropped, ...rest } = figures;
          const settled = { state: 'closed', accepted: 12, delivered: 0, queued: 0, inFlight: 0 };
          same(`what became of it, ${kind}`, rest, settled as never);
          // A machine that is busy may not have got as far as a connection.
          const reasons = lab.isOnce && kind === 'hanging' ? ['unconfirmed', 'deadline'] : ['deadline'];
          const isCounted = reasons.some((reason) => dropped[reason] === 12);
          holds(`all of it is counted as ${reasons.join(' or ')}, ${kind}`, isCounted, dropped);
          holds('it ends at its deadline', tookMs < 1_400, tookMs);
          holds('nothing holds the process after it', outcome.afterWordMs < HELD_MS, outcome.afterWordMs);
        }),
      );
    },
  },
];
