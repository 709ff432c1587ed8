import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ProgramOptions } from '../child.ts';
import { same } from '../claim.ts';
import type { Row } from '../row.ts';
import { ended, names, ran } from './ran.ts';

/** Threads, processes, copies of core, ways of Node and of bundlers. */
export const SURROUNDINGS: readonly Row[] = [
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
      const backend = lab.check.receiver.transport === 'stream' ? undefined : await lab.backend();
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
      if (backend?.connections !== undefined) same('sockets', backend.connections, 3);
    },
  },
  {
    id: 'L11',
    title: 'two copies of core in one process: the exporter works with either, its failures are understood',
    signals: 'each',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const backend = lab.check.receiver.transport === 'stream' ? undefined : await lab.backend();
      backend?.refuseLarge?.();
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
export function bundler(): { build(options: object): Promise<unknown> } | undefined {
  try {
    return createRequire(join(process.cwd(), 'x.js'))('esbuild') as { build(options: object): Promise<unknown> };
  } catch {
    return undefined;
  }
}
