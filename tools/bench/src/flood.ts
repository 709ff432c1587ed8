import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Word } from './sink.ts';
import type { FloodTask } from './task.ts';

/** What a flood of traces cost the process that sent them. */
export interface Cost {
  readonly cpuMs: number;
  readonly rssMb: number;
  /** Spans that did not arrive. */
  readonly lost: number;
}

type Make = (origin: string) => FloodTask;

const SPANS_EACH = 2;

/** A server in another process, since what it does must not count. */
class Sink {
  readonly origin: string;
  readonly #process: ChildProcess;

  static async start(): Promise<Sink> {
    const process = fork(fileURLToPath(new URL('sink.js', import.meta.url)));
    const [{ port }] = (await once(process, 'message')) as [{ port: number }];
    return new Sink(process, `http://127.0.0.1:${port}`);
  }

  private constructor(process: ChildProcess, origin: string) {
    this.#process = process;
    this.origin = origin;
  }

  tell(word: Word): void {
    this.#process.send(word);
  }

  /** How many of the spans of so many traces did not arrive. Ends the server. */
  async lostOf(traces: number): Promise<number> {
    this.tell('count');
    const [{ spans }] = (await once(this.#process, 'message')) as [{ spans: number }];
    return traces * SPANS_EACH - spans;
  }
}

const TOGETHER = 100;

/** Sends traces as fast as possible, one turn of the event loop each 100. */
export async function costOfFlood(make: Make, traces: number): Promise<Cost> {
  const sink = await Sink.start();
  const task = make(sink.origin);
  const before = process.cpuUsage();
  for (let done = 0; done < traces; done += TOGETHER) {
    for (let i = 0; i < TOGETHER; i++) task.run();
    await nextTurn();
  }
  await task.done();
  const cpuMs = cpuMsSince(before);
  const rssMb = process.resourceUsage().maxRSS / 1_024;
  return { cpuMs, rssMb, lost: await sink.lostOf(traces) };
}

/** CPU time of sending traces at a steady pace, less that of the pace itself. */
export async function cpuMsOfStream(make: Make, perSecond: number, seconds: number): Promise<number> {
  const sink = await Sink.start();
  const idle = process.cpuUsage();
  await steadily(() => {}, perSecond, seconds / 4);
  const idleMs = 4 * cpuMsSince(idle);
  const task = make(sink.origin);
  const before = process.cpuUsage();
  const traces = await steadily(() => task.run(), perSecond, seconds);
  await task.done();
  const cpuMs = cpuMsSince(before);
  const lost = await sink.lostOf(traces);
  if (lost > 0) throw new Error(`${lost} of ${traces * SPANS_EACH} spans did not arrive`);
  return cpuMs - idleMs;
}

/** Spans lost when traces are sent at a steady pace and the server is away for the middle half of the time. */
export async function lostInOutage(make: Make, perSecond: number, seconds: number): Promise<number> {
  const sink = await Sink.start();
  const task = make(sink.origin);
  const quarter = seconds * 250;
  const outage = pause(quarter).then(async () => {
    sink.tell('down');
    await pause(2 * quarter);
    sink.tell('up');
  });
  const traces = await steadily(() => task.run(), perSecond, seconds);
  await outage;
  await task.done();
  return sink.lostOf(traces);
}

const STEP_MS = 10;

/** Calls `run` so many times each second, a few of them at once; returns how often. */
async function steadily(run: () => void, perSecond: number, seconds: number): Promise<number> {
  const start = performance.now();
  const all = perSecond * seconds;
  let done = 0;
  while (done < all) {
    const due = Math.min(all, Math.floor(((performance.now() - start) / 1_000) * perSecond));
    for (; done < due; done++) run();
    if (done < all) await pause(STEP_MS);
  }
  return done;
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
