// Measures this library beside its peers: `npm run bench -- [--quick] [--ours] [--only W1] [--rounds 5]`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { folderOf, installOurs, installPeer } from './peers.ts';
import { printFigures, printFootprints } from './report.ts';
import { LIBRARIES, WORKLOADS, type Workload } from './workloads.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false }, // tiny numbers: shows that everything runs, and nothing else
    ours: { type: 'boolean', default: false }, // without peers, and so without ratios
    only: { type: 'string', default: 'W' }, // the workloads whose name begins so
    rounds: { type: 'string' },
  },
});
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 5));
const workloads = WORKLOADS.filter(({ id }) => id.startsWith(flags.only));
const withW7 = workloads.some(({ id }) => id.startsWith('W7'));
if (!(rounds >= 1) || workloads.length === 0) {
  console.error(`bench: --rounds must be 1 or more, --only one of ${WORKLOADS.map(({ id }) => id).join(', ')}`);
  process.exit(2);
}
// Settings of the machine that would change what a library does are taken away; dd-trace is kept from the network.
const environment = Object.entries(process.env).filter(([name]) => !/^(OTEL|OC|DD|JAEGER|NODE)_/.test(name));
const env = {
  ...Object.fromEntries(environment),
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
};
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
// See bytesPerOperation: room for all that is allocated between two readings.
const ROOMY = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];

/** What could not be run, by library or by workload and library, with the reason. */
const leftOut: Record<string, string> = {};

/** Those of Node that a workload's figure needs. */
function flagsOf(id: string): readonly string[] {
  if (/^W[12]-bytes/.test(id)) return ROOMY;
  return /^W[35]/.test(id) ? ['--expose-gc'] : [];
}

function figureOf({ id }: Workload, library: string): number {
  const mode = flags.quick ? 'quick' : 'full';
  const args = id.startsWith('W7')
    ? [script('import.js'), pathToFileURL(`${folderOf(library)}/setup.mjs`).href]
    : [...flagsOf(id), script('child.js'), id, library, mode];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
    env,
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status === 0) return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { value: number }).value;
  throw new Error(error?.message ?? /^\w*Error.*$/m.exec(stderr)?.[0] ?? stderr);
}

function prepare(library: string): void {
  try {
    if (!library.startsWith('ours')) installPeer(library);
    else if (withW7) installOurs(library);
  } catch (error) {
    leftOut[library.startsWith('ours') ? `W7 ${library}` : library] = (error as Error).message;
  }
}

const wanted = new Set(workloads.flatMap(({ libraries }) => libraries));
const libraries = LIBRARIES.filter((library) => wanted.has(library) && (library.startsWith('ours') || !flags.ours));
for (const library of libraries) prepare(library);

/** Figures by workload and library, one a round. */
const figures = new Map<string, Map<string, number[]>>();
for (let round = 0; round < rounds; round++) {
  for (const workload of workloads) {
    const ofWorkload = figures.get(workload.id) ?? new Map<string, number[]>();
    figures.set(workload.id, ofWorkload);
    for (const library of workload.libraries) {
      const name = `${workload.id} ${library}`;
      if (!libraries.includes(library) || leftOut[library] || leftOut[name]) continue;
      try {
        ofWorkload.set(library, [...(ofWorkload.get(library) ?? []), figureOf(workload, library)]);
      } catch (error) {
        leftOut[name] = (error as Error).message;
        ofWorkload.delete(library);
      }
    }
  }
  if (rounds > 1) console.error(`round ${round + 1} of ${rounds}`);
}

console.log(
  `Node ${process.version}, rounds: ${rounds}, ${flags.quick ? 'quick: these figures mean nothing' : 'figures: median, ratios: within a round'}`,
);
for (const workload of workloads) printFigures(workload, figures.get(workload.id) ?? new Map());
const ofW7 = new Set(workloads.filter(({ id }) => id.startsWith('W7')).flatMap(({ libraries }) => libraries));
if (withW7)
  await printFootprints(
    libraries.filter((library) => ofW7.has(library) && !leftOut[library] && !leftOut[`W7 ${library}`]),
  );
for (const [name, reason] of Object.entries(leftOut)) console.log(`left out: ${name}: ${reason}`);
if (Object.keys(leftOut).some((name) => /\bours(-otlp)?$/.test(name))) process.exitCode = 1;
