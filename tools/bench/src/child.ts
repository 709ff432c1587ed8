// Runs one workload with one library in a process of its own, and prints its figure as a line of JSON.
import { pathToFileURL } from 'node:url';
import { bytesPerOperation, nsPerEncodedSpan, nsPerOperation } from './measure.ts';
import { folderOf } from './peers.ts';
import { sample } from './sample.ts';
import type { Library } from './task.ts';

const [workload = '', name = '', mode = ''] = process.argv.slice(2);
const quick = mode === 'quick';
const budgetMs = quick ? 20 : 1_000;

async function library(): Promise<Required<Library>> {
  if (name === 'ours') return import('./ours.ts');
  return import(pathToFileURL(`${folderOf(name)}/workloads.mjs`).href);
}

const FIGURES: Record<string, () => Promise<number>> = {
  W1: async () => nsPerOperation((await library()).sampledTrace(), 2, budgetMs),
  'W1-context': async () => nsPerOperation((await library()).activeTrace(), 2, budgetMs),
  'W1-bytes': async () => bytesPerOperation((await library()).sampledTrace(), 2, quick),
  W2: async () => nsPerOperation((await library()).unsampledSpan(), 0, budgetMs),
  'W2-bytes': async () => bytesPerOperation((await library()).unsampledSpan(), 0, quick),
  W4: async () => nsPerEncodedSpan((await library()).zipkinJson(sample), budgetMs),
};

const figure = FIGURES[workload];
if (!figure) throw new Error(`no workload '${workload}'`);
const value = await figure();
// A library may hold timers or write to standard output itself: the last line counts, and nothing is waited for.
process.stdout.write(`\n${JSON.stringify({ workload, library: name, value })}\n`, () => process.exit());
