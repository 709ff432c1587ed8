import { createRequire } from 'node:module';
import { join } from 'node:path';
import { holds } from '../../claim.ts';
import { wordOf } from '../../program.ts';
import type { Row } from '../../row.ts';
import { READER } from '../../servers/reader.ts';
import { bundler } from '../surroundings.ts';
import { ended, LISTEN, OPEN, run, shows } from './program.ts';

/** What ends by itself ends sooner, on a machine that is busy as well; readers that stay are left after 5 s. */
const HELD_MS = 3_000;

/** The life of a process that is read. */
export const PULL_LIFE: readonly Row[] = [
  {
    id: 'L1',
    transport: 'pull',
    title: 'a natural end is held neither by the port nor by readers that keep their connections',
    signals: 'first',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const outcome = await run(
        lab,
        `${OPEN} const oc = open({ exporter }); record(oc, 3); ${LISTEN}
         const read = await get(at, path);
         await keep(at, path);
         say(read);`,
      );
      ended(outcome);
      shows(lab, 'before the end', wordOf(outcome), 3);
      holds('nothing holds the process', outcome.afterWordMs < HELD_MS, outcome.afterWordMs);

      const unread = await run(lab, `${OPEN} const oc = open({ exporter, flushOn: [] }); ${LISTEN} say(at.port > 0);`);
      ended(unread);
      holds('nor where nobody reads', unread.afterWordMs < HELD_MS, unread.afterWordMs);
    },
  },
  {
    id: 'L11',
    transport: 'pull',
    title: 'two copies of core in one process: the exporter shows what either has',
    signals: 'first',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const dist = join(createRequire(join(process.cwd(), 'x.js')).resolve('@oc/core'), '..');
      const outcome = await run(
        lab,
        `import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
         ${OPEN}
         const copy = new URL('copy/', import.meta.url);
         mkdirSync(copy);
         writeFileSync(new URL('package.json', copy), '{"type":"module"}');
         cpSync(${JSON.stringify(dist)}, new URL('dist/', copy), { recursive: true });
         const other = await import(new URL('dist/index.js', copy));
         const oc = open({
           exporter,
           start: (options) => other.telemetry({ ...options, views: options.views.map((each) => other.view({
             ...each,
             measure: other.measure({ name: each.measure.name }),
             aggregation: other.sum(),
           })) }),
         });
         record(oc, 4);
         ${LISTEN}
         say(await get(at, path));`,
      );
      ended(outcome);
      shows(lab, 'with another copy', wordOf(outcome), 4);
    },
  },
  {
    id: 'L12',
    transport: 'pull',
    title: 'imported, with frozen intrinsics and under the permission model without files: loads and serves',
    signals: 'first',
    inChildren: true,
    applies: () => true,
    async run(lab) {
      const program = `${OPEN} const oc = open({ exporter }); record(oc, 3); ${LISTEN} say(await get(at, path));`;
      const permission = process.allowedNodeEnvironmentFlags.has('--permission')
        ? '--permission'
        : '--experimental-permission';
      const ways: Readonly<Record<string, readonly string[]>> = {
        imported: [],
        'with frozen intrinsics': ['--frozen-intrinsics', '--no-warnings'],
        'without files': [permission, '--no-warnings', '--allow-fs-read=*'],
      };
      await Promise.all(
        Object.entries(ways).map(async ([way, flags]) => {
          const outcome = await run(lab, program, { flags });
          ended(outcome);
          shows(lab, way, wordOf(outcome), 3);
        }),
      );
    },
  },
  {
    id: 'L12-bundled',
    transport: 'pull',
    title: 'put into one file by a bundler: loads and serves',
    signals: 'first',
    inChildren: true,
    applies: () => bundler() !== undefined || 'esbuild is not installed',
    async run(lab) {
      const program = `import { make, open, record, say, target, targets } from './harness.mjs';
        ${OPEN} const oc = open({ exporter }); record(oc, 3); ${LISTEN} say(await get(at, path));`;
      lab.file('reader.mjs', READER);
      const entryPoint = lab.file('bundled.mjs', program);
      const outfile = join(entryPoint, '../bundle/bundle.mjs');
      // What CommonJS packages among the dependencies ask for at run time.
      const banner = {
        js: 'import { createRequire as createBundled } from "node:module"; const require = createBundled(import.meta.url);',
      };
      const options = { entryPoints: [entryPoint], outfile, banner, bundle: true, platform: 'node', format: 'esm' };
      await bundler()?.build({ ...options, logLevel: 'silent' });
      const outcome = await run(lab, `await import(${JSON.stringify(outfile)});`);
      ended(outcome);
      shows(lab, 'bundled', wordOf(outcome), 3);
    },
  },
];
