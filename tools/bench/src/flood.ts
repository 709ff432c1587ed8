import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FloodTask } from './task.ts';

/** What a flood of traces cost the process that sent them. */
export interface Cost {
  readonly cpuMs: number;
  readonly rssMb: number;
  /** Spans that did not arrive. */
  readonly lost: number;
}

const TOGETHER = 100;
const SPANS_EACH = 2;

/** Sends traces as fast as possible, one turn of the event loop each 100, to a server in another process. */
export async function costOfFlood(make: (origin: string) => FloodTask, traces: number): Promise<Cost> {
  const sink = fork(fileURLToPath(new URL('sink.js', import.meta.url)));
  const [{ port }] = (await once(sink, 'message')) as [{ port: number }];
  const task = make(`http://127.0.0.1:${port}`);
  const before = process.cpuUsage();
  for (let done = 0; done < traces; done += TOGETHER) {
    for (let i = 0; i < TOGETHER; i++) task.run();
    await nextTurn();
  }
  await task.done();
  const { user, system } = process.cpuUsage(before);
  const rssMb = process.resourceUsage().maxRSS / 1_024;
  sink.send('count');
  const [{ spans }] = (await once(sink, 'message')) as [{ spans: number }];
  return { cpuMs: (user + system) / 1_000, rssMb, lost: traces * SPANS_EACH - spans };
}
