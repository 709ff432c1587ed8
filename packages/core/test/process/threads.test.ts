import { describe, expect, it } from 'vitest';
import { accept, hang, linesOf, names, programs } from './program.ts';

const { run } = programs();

describe.concurrent('worker threads', () => {
  it('a worker that awaits a flush as its last statement is answered', async () => {
    const { code, stderr, stdout } = await run(`
      const { isMainThread, Worker } = await import('node:worker_threads');
      if (isMainThread) {
        new Worker(new URL(import.meta.url)).on('exit', (code) => console.log('worker ended with', code));
      } else {
        const oc = telemetry({ exporters: [backend()], flushOn: [] });
        record(oc, 5);
        const [{ spans, unsettled }] = await oc.flush();
        console.log(JSON.stringify({ delivered: spans.delivered, unsettled }));
      }
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(linesOf(stdout)).toEqual(['{"delivered":5,"unsettled":0}', 'worker ended with 0']);
  });

  it('process.exit() in a worker keeps its code, ends only the worker, and tells what was held', async () => {
    const { code, stderr, stdout, spans } = await run(`
      const { isMainThread, Worker } = await import('node:worker_threads');
      const oc = telemetry({ exporters: [backend()] });
      if (isMainThread) {
        new Worker(new URL(import.meta.url)).on('exit', (code) => {
          console.log('worker ended with', code);
          record(oc, 3);
        });
      } else {
        record(oc, 100);
        process.exit(9);
      }
    `);
    expect({ code, stdout, spans }).toEqual({ code: 0, stdout: 'worker ended with 9\n', spans: names(3) });
    expect(linesOf(stderr)).toEqual([expect.stringContaining('100 spans')]);
  });

  it('a worker that is terminated in the middle of a call takes nothing else with it', async () => {
    const { code, stderr, stdout, spans } = await run(
      `
      const { isMainThread, parentPort, Worker } = await import('node:worker_threads');
      const oc = telemetry({ exporters: [[backend(), { batchDelayMs: 0 }]] });
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url));
        worker.once('message', async () => {
          console.log('worker ended with', await worker.terminate());
          record(oc, 3);
        });
      } else {
        record(oc, 100);
        setTimeout(() => parentPort.postMessage('sending'), 300);
        setInterval(() => {}, 1_000);
      }
    `,
      { answer: (response, _, { spans }) => (spans.length === 100 ? hang() : accept(response)) },
    );
    expect({ code, stderr, stdout, spans }).toEqual({
      code: 0,
      stderr: '',
      stdout: 'worker ended with 1\n',
      spans: names(3),
    });
  });

  it('a worker can ask for signals, which only the main thread hears', async () => {
    const { code, stderr, spans } = await run(`
      const { isMainThread, Worker } = await import('node:worker_threads');
      if (isMainThread) new Worker(new URL(import.meta.url));
      else record(telemetry({ exporters: [backend()], flushOn: ['beforeExit', 'SIGTERM', 'SIGINT'] }), 5);
    `);
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: names(5) });
  });
});

describe.concurrent('processes that make processes', () => {
  it("a cluster's workers, whose config is the primary's, do the same", async () => {
    const { code, stderr, spans, calls } = await run(`
      const { default: cluster } = await import('node:cluster');
      const oc = telemetry({ exporters: [backend()], flushOn: ['beforeExit', 'SIGTERM'] });
      record(oc, 10);
      if (cluster.isPrimary) for (let at = 0; at < 2; at++) cluster.fork();
      else cluster.worker.disconnect();
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(spans).toEqual([...Array(3)].flatMap(() => names(10)).sort());
    expect(new Set(calls.map(({ instance }) => instance)).size).toBe(3);
  });
});
