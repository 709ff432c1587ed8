import { describe, expect, it } from 'vitest';
import { AT_ONCE_MS, hang, linesOf, names, programs } from './program.ts';

const { run } = programs();

describe.concurrent('process.exit()', () => {
  it('with nothing held says nothing', async () => {
    const { code, stderr } = await run('telemetry({ exporters: [backend()] }); process.exit(3);');
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
  });

  it.each(['flush', 'shutdown'])('after a %s says nothing', async (drain) => {
    const { code, stderr, spans } = await run(`
      const oc = telemetry({ exporters: [backend()] });
      record(oc, 10);
      await oc.${drain}();
      process.exit(4);
    `);
    expect({ code, stderr, spans }).toEqual({ code: 4, stderr: '', spans: names(10) });
  });

  it('without a code keeps process.exitCode', async () => {
    const { code, stderr } = await run(`
      const oc = telemetry({ exporters: [backend()] });
      record(oc);
      process.exitCode = 5;
      process.exit();
    `);
    expect({ code, lines: linesOf(stderr).length }).toEqual({ code: 5, lines: 1 });
  });

  it('with spans in flight says how many, in one line', async () => {
    const { code, stderr, ms } = await run(
      `
      const oc = telemetry({ exporters: [[backend(), { batchItems: 10, batchDelayMs: 0, maxInFlight: 2 }]] });
      record(oc, 50);
      setTimeout(() => process.exit(6), 300);
    `,
      { answer: hang },
    );
    expect(code).toBe(6);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/\b50 spans/)]);
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('with metrics in flight says how many, in the same line', async () => {
    const { code, stderr } = await run(
      `
      const { count, measure, view } = await import('@oc/core');
      const made = measure({ name: 'made' });
      const views = [view({ measure: made, aggregation: count(), tagKeys: ['of'] })];
      const oc = telemetry({ exporters: [backend()], views });
      oc.stats.record([[made, 1]], { of: 'one' });
      oc.stats.record([[made, 1]], { of: 'two' });
      record(oc, 3);
      await oc.flush({ withinMs: 300 });
      process.exit(8);
    `,
      { answer: hang },
    );
    expect(code).toBe(8);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/\b3 spans\b.*\b2 time series\b/)]);
  });

  it('during a shutdown says what that has not saved yet', async () => {
    const { code, stderr, ms } = await run(
      `
      const oc = telemetry({ exporters: [backend()] });
      record(oc, 50);
      oc.shutdown();
      setTimeout(() => process.exit(6), 300);
    `,
      { answer: hang },
    );
    expect(code).toBe(6);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/\b50 spans/)]);
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('tells onError once, as an error that names each exporter with what it held', async () => {
    const { code, stderr, stdout } = await run(`
      const oc = telemetry({
        exporters: [backend(), backend(), [backend({ name: 'idle' }), { signals: ['metrics'] }]],
        onError: (problem) => console.log(JSON.stringify(problem)),
      });
      record(oc, 7);
      process.exit();
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(linesOf(stdout).map((line) => JSON.parse(line))).toEqual([
      { severity: 'error', message: expect.stringMatching(/backend\b.*\b7 spans.*backend-2\b.*\b7 spans/) },
    ]);
    expect(stdout).not.toContain('idle');
  });

  it('counts what was held: the account stays even', async () => {
    const { stdout } = await run(`
      const oc = telemetry({ exporters: [backend()], onError() {} });
      record(oc, 3);
      await oc.flush();
      record(oc, 100);
      process.on('exit', () => console.log(JSON.stringify(oc.health()[0].spans)));
      process.exit();
    `);
    const { accepted, delivered, dropped, queued, inFlight } = JSON.parse(stdout);
    expect({ accepted, delivered, dropped: Object.values(dropped), queued, inFlight }).toEqual({
      accepted: 103,
      delivered: 3,
      dropped: [100],
      queued: 0,
      inFlight: 0,
    });
  });

  it('tells the losses that still waited for their report, too', async () => {
    const { code, stdout } = await run(`
      const oc = telemetry({
        exporters: [[backend(), { queueItems: 3 }]],
        onError: ({ message }) => console.log(message),
      });
      record(oc, 10);
      process.exit();
    `);
    const told = [...stdout.matchAll(/(\d+) spans?\b/g)].map(([, count]) => Number(count));
    expect(code).toBe(0);
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(10);
  });

  it('keeps the exit code when onError throws', async () => {
    const { code, stderr } = await run(`
      const oc = telemetry({ exporters: [backend()], onError() { throw new Error('of onError'); } });
      record(oc);
      process.exit(7);
    `);
    expect({ code, stderr }).toEqual({ code: 7, stderr: '' });
  });
});

describe.concurrent('an error that nobody catches', () => {
  it('in a top-level await ends the process with code 1 as ever; what was held is told in one line', async () => {
    const { code, signal, stderr } = await run(`
      const oc = telemetry({ exporters: [backend()] });
      record(oc, 100);
      await Promise.reject(new Error('of the application'));
    `);
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stderr).toContain('Error: of the application');
    expect(linesOf(stderr).filter((line) => line.includes('100 spans'))).toHaveLength(1);
    expect(linesOf(stderr).filter((line) => line.startsWith('[oc]'))).toHaveLength(1);
  });

  it("is still the application's own to catch, and telemetry goes on", async () => {
    const { code, stderr, stdout, spans } = await run(`
      process.on('uncaughtException', ({ message }) => console.log('caught', message));
      process.on('unhandledRejection', ({ message }) => console.log('caught', message));
      const oc = telemetry({ exporters: [backend()] });
      record(oc, 5);
      setTimeout(() => { throw new Error('one'); }, 10);
      setTimeout(() => Promise.reject(new Error('two')), 20);
    `);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: 'caught one\ncaught two\n' });
    expect(spans).toEqual(names(5));
  });

  it('meets no listener of ours that would change what Node does', async () => {
    const { stdout } = await run(`
      telemetry({ exporters: [backend()], flushOn: ['beforeExit', 'SIGTERM', 'SIGINT'] }).install();
      console.log(process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection'));
    `);
    expect(stdout).toBe('0 0\n');
  });
});
