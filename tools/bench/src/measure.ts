import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EncodeTask, PageTask, RecordTask, StatsTask } from './task.ts';

const kept: { last: unknown } = { last: undefined };

/**
 * Operations between two turns of the event loop, in which batches are exported: far below every queue's bound; many
 * where nothing is queued, since a turn would weigh more than the rest.
 */
function perTurn(spansEach: number): number {
  return spansEach > 0 ? 100 : 10_000;
}

async function repeat(task: RecordTask, operations: number, together: number): Promise<void> {
  for (let done = 0; done < operations; done += together) {
    for (let i = 0; i < together; i++) kept.last = task.run();
    await nextTurn();
  }
}

async function requireAll(task: RecordTask, spans: number): Promise<void> {
  const received = await task.received();
  if (received !== spans) throw new Error(`${received} spans of ${spans} reached the exporter`);
}

/** Nanoseconds an operation, garbage collection and hand-over to the exporter included. */
export async function nsPerOperation(task: RecordTask, spansEach: number, budgetMs: number): Promise<number> {
  const block = 10 * perTurn(spansEach);
  let operations = 0;
  // By time, not by count: the libraries are up to a hundred times apart.
  const during = async (ms: number): Promise<number> => {
    const first = operations;
    const start = performance.now();
    for (;;) {
      await repeat(task, block, perTurn(spansEach));
      operations += block;
      const elapsed = performance.now() - start;
      if (elapsed >= ms) return (elapsed * 1e6) / (operations - first);
    }
  };
  await during(budgetMs / 2); // warm-up
  const ns = await during(budgetMs);
  await requireAll(task, operations * spansEach);
  return ns;
}

/**
 * Bytes of heap allocated by an operation, whether they die young or not. The process runs with a young generation of
 * hundreds of megabytes, so that nothing is collected between the two readings and growth is allocation. Buffers
 * outside the heap are not in it.
 */
export async function bytesPerOperation(task: RecordTask, spansEach: number, quick: boolean): Promise<number> {
  const together = perTurn(spansEach);
  const counted = Math.max(together, quick ? 1_000 : spansEach > 0 ? 10_000 : 50_000);
  const warmUp = quick ? counted : 5 * counted;
  await repeat(task, warmUp, together);
  global.gc?.();
  const before = process.memoryUsage().heapUsed;
  await repeat(task, counted, together);
  const bytes = (process.memoryUsage().heapUsed - before) / counted;
  await requireAll(task, (warmUp + counted) * spansEach);
  return bytes;
}

/**
 * Nanoseconds a span to bytes ready for a socket. Each batch is new, and made outside of the time: spans may compute
 * and remember parts when they are first read, and each is encoded once in life. The text becomes bytes in the end,
 * as in every client, so that a string that is not joined yet gains nothing.
 */
export async function nsPerEncodedSpan(task: EncodeTask<unknown>, budgetMs: number): Promise<number> {
  const BATCH = 512;
  const during = async (ms: number): Promise<number> => {
    let elapsed = 0;
    let spans = 0;
    while (elapsed < ms) {
      const batch = await task.spans(BATCH);
      const start = performance.now();
      const encoded = await task.encode(batch);
      const body = typeof encoded === 'string' ? Buffer.from(encoded) : encoded;
      elapsed += performance.now() - start;
      spans += batch.length;
      if (body.length < BATCH * 250) throw new Error(`${body.length} bytes are not ${BATCH} spans`);
    }
    return (elapsed * 1e6) / spans;
  };
  await during(budgetMs / 2); // warm-up
  return during(budgetMs);
}

const RECORDS = 20_000;

/** Nanoseconds to record a value, each time under the next of the tag sets. */
export async function nsPerRecord(task: StatsTask, sets: number, budgetMs: number): Promise<number> {
  const during = async (ms: number, least: number): Promise<number> => {
    let elapsed = 0;
    let records = 0;
    while (elapsed < ms || records < least) {
      const start = performance.now();
      for (let i = 0; i < RECORDS; i++) task.run();
      elapsed += performance.now() - start;
      records += RECORDS;
      await nextTurn();
    }
    return (elapsed * 1e6) / records;
  };
  await during(budgetMs / 2, sets); // warm-up, after which each series is there
  const ns = await during(budgetMs, 0);
  await requireSeries(task, sets);
  return ns;
}

/** Bytes that a library keeps for each time series, in the heap and in buffers. */
export async function bytesPerSeries(task: StatsTask, sets: number): Promise<number> {
  const held = (): number => {
    global.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = held();
  for (let i = 0; i < sets; i++) task.run();
  const bytes = (held() - before) / sets;
  await requireSeries(task, sets);
  return bytes;
}

async function requireSeries(task: StatsTask, sets: number): Promise<void> {
  const series = await task.series();
  if (series !== sets) throw new Error(`there are ${series} series of ${sets}`);
}

/** Rendering a page: how long, the longest time that the event loop stood still, and the most heap beyond the rest. */
export async function costOfPage(
  task: PageTask,
  times: number,
): Promise<{ readonly ms: number; readonly blockMs: number; readonly heapMb: number }> {
  const costs: { ms: number; blockMs: number; heapMb: number }[] = [];
  for (let i = 0; i < times; i++) {
    global.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    let [blockMs, most, isDone] = [0, 0, false];
    let last = performance.now();
    const look = (): void => {
      const now = performance.now();
      const { heapUsed: heap, arrayBuffers: buffers } = process.memoryUsage();
      most = Math.max(most, heap + buffers - heapUsed - arrayBuffers);
      blockMs = Math.max(blockMs, now - last);
      last = performance.now();
      if (!isDone) setImmediate(look);
    };
    setImmediate(look);
    await nextTurn();
    const start = performance.now();
    const bytes = await task.render();
    const ms = performance.now() - start;
    isDone = true;
    look();
    if (bytes < 1_000) throw new Error(`a page of ${bytes} bytes`);
    costs.push({ ms, blockMs, heapMb: most / 2 ** 20 });
  }
  const best = (name: 'ms' | 'blockMs' | 'heapMb'): number =>
    costs.map((cost) => cost[name]).sort((a, b) => a - b)[costs.length >> 1] as number;
  return { ms: best('ms'), blockMs: best('blockMs'), heapMb: best('heapMb') };
}
