// Runs one workload with one library in a process of its own, and prints its figure as a line of JSON.
import { pathToFileURL } from 'node:url';
import { type Cost, costOfFlood, cpuMsOfStream, lostInOutage } from './flood.ts';
import {
  bytesPerOperation,
  bytesPerSeries,
  costOfPage,
  nsPerEncodedSpan,
  nsPerOperation,
  nsPerRecord,
} from './measure.ts';
import { folderOf } from './peers.ts';
import { sample } from './sample.ts';
import { tagSets } from './tag-sets.ts';
import type { Library } from './task.ts';

const [workload = '', name = '', mode = ''] = process.argv.slice(2);
const quick = mode === 'quick';
const budgetMs = quick ? 20 : 1_000;

async function library(): Promise<Required<Library>> {
  if (name.startsWith('ours')) return import('./ours.ts');
  return import(pathToFileURL(`${folderOf(name)}/workloads.mjs`).href);
}

type Encoding = 'zipkinJson' | 'otlpProtobuf' | 'otlpJson' | 'jaegerThrift' | 'datadogMsgpack' | 'ocagentJson';
type Recording = 'histogram' | 'boundHistogram' | 'counter';

const encoding = (what: Encoding) => async () => nsPerEncodedSpan((await library())[what](sample), budgetMs);
const recording = (what: Recording, sets: number) => async () =>
  nsPerRecord((await library())[what](tagSets(quick ? 100 : sets)), quick ? 100 : sets, budgetMs);
const keeping = (what: Recording) => async () => {
  const sets = tagSets(quick ? 100 : 50_000);
  return bytesPerSeries((await library())[what](sets), sets.length);
};
const page = (sets: number, what: keyof Awaited<ReturnType<typeof costOfPage>>) => async () => {
  const task = await (await library()).histogramPage(tagSets(quick ? 100 : sets));
  return (await costOfPage(task, quick ? 1 : 3))[what];
};
const flood = (what: keyof Cost) => async () => {
  const { flood } = await library();
  return (await costOfFlood(flood, quick ? 1_000 : 200_000))[what];
};

const stream = async () => cpuMsOfStream((await library()).flood, 5_000, quick ? 0.4 : 20);
const outage = async () => lostInOutage((await library()).flood, 500, quick ? 2 : 60);

const FIGURES: Record<string, () => Promise<number>> = {
  W1: async () => nsPerOperation((await library()).sampledTrace(), 2, budgetMs),
  'W1-context': async () => nsPerOperation((await library()).activeTrace(), 2, budgetMs),
  'W1-bytes': async () => bytesPerOperation((await library()).sampledTrace(), 2, quick),
  W2: async () => nsPerOperation((await library()).unsampledSpan(), 0, budgetMs),
  'W2-bytes': async () => bytesPerOperation((await library()).unsampledSpan(), 0, quick),
  W3: recording('histogram', 10_000),
  'W3-100k': recording('histogram', 100_000),
  'W3-bound': recording('boundHistogram', 10_000),
  'W3-bytes': keeping('histogram'),
  'W3-bytes-counter': keeping('counter'),
  W4: encoding('zipkinJson'),
  'W4-otlp': encoding('otlpProtobuf'),
  'W4-otlp-json': encoding('otlpJson'),
  'W4-jaeger': encoding('jaegerThrift'),
  'W4-datadog': encoding('datadogMsgpack'),
  'W4-ocagent': encoding('ocagentJson'),
  'W5-10k': page(10_000, 'ms'),
  'W5-100k': page(100_000, 'ms'),
  'W5-block': page(100_000, 'blockMs'),
  'W5-heap': page(100_000, 'heapMb'),
  'W6-cpu': flood('cpuMs'),
  'W6-rss': flood('rssMb'),
  'W6-lost': flood('lost'),
  'W6-stream': stream,
  W8: outage,
};

const figure = FIGURES[workload];
if (!figure) throw new Error(`no workload '${workload}'`);
const value = await figure();
// A library may hold timers or write to standard output itself: the last line counts, and nothing is waited for.
process.stdout.write(`\n${JSON.stringify({ workload, library: name, value })}\n`, () => process.exit());
