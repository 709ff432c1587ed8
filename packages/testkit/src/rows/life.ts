import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Outcome, ProgramOptions } from '../child.ts';
import { holds, same } from '../claim.ts';
import type { HttpBackend, Lab } from '../lab.ts';
import type { Item } from '../receiver.ts';
import { needing, overHttp, type Row } from '../row.ts';
import { answering } from '../servers/http.ts';

/** Runs a program; gives the names of what arrived. */
async function ran(
  lab: Lab,
  program: string,
  options: ProgramOptions & { readonly backend?: HttpBackend } = {},
): Promise<Outcome & { readonly arrived: readonly string[] }> {
  const { receiver } = lab.check;
  if (receiver.transport === 'stream') {
    const outcome = await lab.run(program, options);
    return { ...outcome, arrived: lab.namesIn(receiver.items(outcome.stdout)) };
  }
  const backend = options.backend ?? (await lab.http());
  const outcome = await lab.run(program, { ...options, target: backend.target });
  const byId = new Map(backend.items.map((item) => [item.id, item]));
  const taken = [...backend.took].flatMap(([id, times]) => Array.from({ length: times }, () => byId.get(id) as Item));
  return { ...outcome, arrived: lab.namesIn(taken) };
}

/** The names of so many items, `times` over, sorted. */
function names(count: number, times = 1): readonly string[] {
  const one = Array.from({ length: count }, (_, at) => `s${at}`);
  return Array.from({ length: times }, () => one)
    .flat()
    .sort();
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** Claims how a program ended. */
function ended(outcome: Outcome, expected: { code: number | null; signal?: NodeJS.Signals; stderr?: string }): void {
  const { code, signal, stderr } = outcome;
  same('how the program ended', { code, signal, stderr }, { signal: null, stderr: '', ...expected });
}

/** Claims that one line of ours told what was lost. */
function toldOnce(outcome: Outcome, amount: string, exporter: string): void {
  const ours = lines(outcome.stderr).filter((line) => line.startsWith('[oc]'));
  same('lines that telemetry wrote', ours.length, 1);
  holds('the line names exporter and amount', ours[0]?.includes(amount) === true && ours[0].includes(exporter), ours);
}

const amount = (lab: Lab, count: number): string => `${count} ${lab.signal === 'spans' ? 'spans' : 'time series'}`;

// Metrics are held, too, once they are collected: `held` has a collection under way when the program goes on.
const HELD = 'const held = async (oc) => { if (signal === "metrics") await oc.flush({ withinMs: 200 }); };';

export const LIFE: readonly Row[] = [
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
      holds('nothing holds the process', idle.afterWordMs < 1_500, idle.afterWordMs);
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
      const backend = lab.check.receiver.transport === 'http' ? await lab.http() : undefined;
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
    id: 'L6',
    title:
      'worker threads beside the main one: each delivers its own, under an id of its own; a closed port is no crash',
    signals: 'each',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const outcome = await ran(
        lab,
        `import { isMainThread, parentPort, Worker } from 'node:worker_threads';
         const oc = open({ exporter: watched((id) => say(id)) });
         record(oc, 10, isMainThread ? 's' : 'w' + Math.random() + '-');
         if (isMainThread) for (let at = 0; at < 3; at++) new Worker(new URL(import.meta.url)).postMessage('x');
         else parentPort.once('message', () => parentPort.close());`,
      );
      ended(outcome, { code: 0 });
      same('how many arrived', new Set(outcome.arrived).size, 40);
      same('how often each arrived', outcome.arrived.length, 40);
      same('instance ids', new Set(outcome.said).size, 4);
    },
  },
  {
    id: 'L7',
    title: 'forked processes that inherit their configuration: their own ids and sockets, no item twice',
    signals: 'each',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const backend = lab.check.receiver.transport === 'http' ? await lab.http() : undefined;
      const outcome = await ran(
        lab,
        `import { fork } from 'node:child_process';
         import { fileURLToPath } from 'node:url';
         const isChild = process.send !== undefined;
         const oc = open({ exporter: watched((id) => say(id)) });
         record(oc, 10, isChild ? process.pid + '-' : 's');
         if (isChild) process.disconnect();
         else for (let at = 0; at < 2; at++) fork(fileURLToPath(import.meta.url), { stdio: ['ignore', 1, 2, 3, 'ipc'] });`,
        { ...(backend && { backend }) },
      );
      ended(outcome, { code: 0 });
      same('how many arrived', new Set(outcome.arrived).size, 30);
      same('how often each arrived', outcome.arrived.length, 30);
      same('instance ids', new Set(outcome.said).size, 3);
      if (backend) same('sockets', backend.server.tcp.accepted, 3);
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
      same('how the signal is after it', subject.account().state, 'closed');
      lab.tookOnce(backend, ids);
      subject.send(2, { prefix: 'late' });
      const [answer] = await subject.oc.flush({ withinMs: 100 });
      same('what a flush leaves unsettled', answer?.unsettled, 0);
      lab.accountIs(subject, 3, { 'after-shutdown': 2 });
      lab.tookOnce(backend, ids);
    },
  },
  {
    id: 'L10',
    title: 'shutdown with a backend that is down or hangs: ends at its deadline, counts the rest, holds nothing',
    signals: 'each',
    inChildren: true,
    applies: needing(overHttp),
    async run(lab) {
      const program = `
        const oc = open({ onError() {} });
        record(oc, 12);
        const began = performance.now();
        await oc.shutdown({ withinMs: 1_000 });
        say({ tookMs: performance.now() - began, ...figures(oc) });`;
      await Promise.all(
        ['down', 'hanging'].map(async (kind) => {
          const backend = await lab.http();
          if (kind === 'down') await backend.server.tcp.close();
          else backend.stall();
          const outcome = await ran(lab, program, { backend });
          ended(outcome, { code: 0 });
          const [{ tookMs, ...figures }] = outcome.said as [{ tookMs: number; dropped: Record<string, number> }];
          const lost = lab.isOnce && kind === 'hanging' ? 'unconfirmed' : 'deadline';
          const rest = { accepted: 12, delivered: 0, queued: 0, inFlight: 0 };
          same(`what became of it, ${kind}`, figures, { state: 'closed', ...rest, dropped: { [lost]: 12 } } as never);
          holds('it ends at its deadline', tookMs < 1_400, tookMs);
          holds('nothing holds the process after it', outcome.afterWordMs < 1_500, outcome.afterWordMs);
        }),
      );
    },
  },
  {
    id: 'L11',
    title: 'two copies of core in one process: the exporter works with either, its failures are understood',
    signals: 'each',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const backend = lab.check.receiver.transport === 'http' ? await lab.http() : undefined;
      backend?.server.next(answering(lab.answers.tooLarge));
      const dist = join(createRequire(join(process.cwd(), 'x.js')).resolve('@oc/core'), '..');
      const outcome = await ran(
        lab,
        `import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
         const copy = new URL('copy/', import.meta.url);
         mkdirSync(copy);
         writeFileSync(new URL('package.json', copy), '{"type":"module"}');
         cpSync(${JSON.stringify(dist)}, new URL('dist/', copy), { recursive: true });
         const other = await import(new URL('dist/index.js', copy));
         const oc = open({
           start: (options) => other.telemetry({ ...options, views: options.views.map((each) => other.view({
             ...each,
             measure: other.measure({ name: each.measure.name }),
             aggregation: other.sum(),
           })) }),
         });
         record(oc, 4);`,
        { ...(backend && { backend }) },
      );
      ended(outcome, { code: 0 });
      same('what arrived', outcome.arrived, names(4));
    },
  },
  {
    id: 'L12',
    title:
      'imported, required, with frozen intrinsics and under the permission model without files: loads and delivers',
    signals: 'first',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const program = 'const oc = open(); record(oc, 3);';
      const permission = process.allowedNodeEnvironmentFlags.has('--permission')
        ? '--permission'
        : '--experimental-permission';
      const ways: readonly (readonly [string, ProgramOptions])[] = [
        ['imported', {}],
        ['required', { extension: '.cjs' }],
        ['with frozen intrinsics', { flags: ['--frozen-intrinsics', '--no-warnings'] }],
        // Only what is below the folders of packages may be read, and nothing may be written.
        ['without files', { flags: [permission, '--no-warnings', '--allow-fs-read=*'] }],
      ];
      await Promise.all(
        ways.map(async ([way, options]) => {
          const { code, stderr, arrived } = await ran(lab, program, options);
          same(`${way} it delivers`, { code, stderr, arrived }, { code: 0, stderr: '', arrived: names(3) });
        }),
      );
    },
  },
  {
    id: 'L12-bundled',
    title: 'put into one file by a bundler: loads and delivers',
    signals: 'first',
    inChildren: true,
    applies: () => bundler() !== undefined || 'esbuild is not installed',
    async run(lab) {
      const entryPoint = lab.file('bundled.mjs', 'import { open, record } from "./harness.mjs"; record(open(), 3);');
      const outfile = join(entryPoint, '../bundle/bundle.mjs');
      // What CommonJS packages among the dependencies ask for at run time.
      const banner = {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      };
      const options = { entryPoints: [entryPoint], outfile, banner, bundle: true, platform: 'node', format: 'esm' };
      await bundler()?.build({ ...options, logLevel: 'silent' });
      const { code, stderr, arrived } = await ran(lab, `await import(${JSON.stringify(outfile)});`);
      same('it delivers', { code, stderr, arrived }, { code: 0, stderr: '', arrived: names(3) });
    },
  },
];

/** What the project bundles with, if it is there. */
function bundler(): { build(options: object): Promise<unknown> } | undefined {
  try {
    return createRequire(join(process.cwd(), 'x.js'))('esbuild') as { build(options: object): Promise<unknown> };
  } catch {
    return undefined;
  }
}
