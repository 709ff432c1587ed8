import { beforeEach, describe, expect, it } from 'vitest';
import { AT_ONCE_MS, acceptAfter, DEADLINE_MS, hang, linesOf, names, programs } from './program.ts';

const { run } = programs();

/** Ends of programs that would run on: each sends itself the signal. */
const runsOn = 'setInterval(() => {}, 1_000);';
const sends = (signal: string, afterMs = 50): string =>
  `setTimeout(() => process.kill(process.pid, '${signal}'), ${afterMs});`;

beforeEach((ctx) => {
  if (process.platform === 'win32') ctx.skip('Windows has no signals');
});

describe.concurrent('SIGTERM and SIGINT', () => {
  it('SIGINT in flushOn: all is delivered and the process ends by the signal', async () => {
    const { code, signal, stderr, spans } = await run(
      `
      const oc = telemetry({ exporters: [backend()], flushOn: ['SIGINT'] });
      record(oc, 100);
      ${runsOn}
      ${sends('SIGINT')}
    `,
      { answer: acceptAfter(300) },
    );
    expect({ code, signal, stderr, spans }).toEqual({ code: null, signal: 'SIGINT', stderr: '', spans: names(100) });
  });

  it('SIGINT not in flushOn does what it does by default, at once', async () => {
    const { code, signal, stdout, spans, ms } = await run(`
      const oc = telemetry({ exporters: [backend()] });
      record(oc);
      console.log(process.listenerCount('SIGINT'));
      process.kill(process.pid, 'SIGINT');
      ${runsOn}
    `);
    expect({ code, signal, stdout, spans }).toEqual({ code: null, signal: 'SIGINT', stdout: '0\n', spans: [] });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  // The application closes slower than telemetry does, then ends the process itself.
  const closes = "() => setTimeout(() => { console.log('closed'); process.exit(7); }, 600)";
  const ours = "const oc = telemetry({ exporters: [backend()], flushOn: ['SIGTERM'] });";
  it.each([
    ['on', 'before', `process.on('SIGTERM', ${closes}); ${ours}`],
    ['once', 'before', `process.once('SIGTERM', ${closes}); ${ours}`],
    ['once', 'after', `${ours} process.once('SIGTERM', ${closes});`],
    [
      'on, and off in the handler,',
      'before',
      `const close = () => { process.off('SIGTERM', close); (${closes})(); }; process.on('SIGTERM', close); ${ours}`,
    ],
  ])('does not end a process whose own handler, set by %s %s ours, is at work', async (_how, _when, handlers) => {
    const { code, signal, stdout, spans } = await run(`
      ${handlers}
      record(oc, 10);
      ${runsOn}
      ${sends('SIGTERM')}
    `);
    expect({ code, signal, stdout, spans }).toEqual({ code: 7, signal: null, stdout: 'closed\n', spans: names(10) });
  });

  it("leaves the application's handler where it is", async () => {
    const { code, signal, stdout } = await run(`
      let count = 0;
      const work = setInterval(() => {}, 1_000);
      process.on('SIGTERM', () => { if (++count === 2) clearInterval(work); });
      const oc = telemetry({ exporters: [backend()], flushOn: ['SIGTERM'] });
      record(oc);
      ${sends('SIGTERM', 50)}
      ${sends('SIGTERM', 400)}
      process.on('exit', () => console.log(count, process.listenerCount('SIGTERM')));
    `);
    expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: '2 1\n' });
  });

  it("goes together with the application's own await of shutdown and process.exit", async () => {
    const { code, signal, stderr, spans } = await run(`
      const oc = telemetry({ exporters: [backend()], flushOn: ['beforeExit', 'SIGTERM'] });
      process.on('SIGTERM', async () => { await oc.shutdown(); process.exit(0); });
      record(oc, 10);
      ${runsOn}
      ${sends('SIGTERM')}
    `);
    expect({ code, signal, stderr, spans }).toEqual({ code: 0, signal: null, stderr: '', spans: names(10) });
  });

  it('waits for a backend that hangs until the deadline, then ends by the signal; the loss is told', async () => {
    const { code, signal, stderr, ms } = await run(
      `
      const oc = telemetry({ exporters: [backend()], flushOn: ['SIGTERM'] });
      record(oc, 10);
      ${runsOn}
      ${sends('SIGTERM')}
    `,
      { answer: hang },
    );
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGTERM' });
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/10 spans.*deadline/)]);
    expect(ms).toBeGreaterThan(DEADLINE_MS.least);
    expect(ms).toBeLessThan(DEADLINE_MS.most);
  });

  it('a second Ctrl-C ends the process at once', async () => {
    const { code, signal, ms } = await run(
      `
      const oc = telemetry({ exporters: [backend()], flushOn: ['beforeExit', 'SIGTERM', 'SIGINT'] });
      record(oc, 10);
      ${runsOn}
      ${sends('SIGINT', 50)}
      ${sends('SIGINT', 400)}
    `,
      { answer: hang },
    );
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGINT' });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('waits for every telemetry of the process, the slower one too', async () => {
    const { code, signal, stderr, calls } = await run(
      `
      const flushOn = ['beforeExit', 'SIGTERM'];
      const slow = telemetry({ exporters: [backend()], flushOn });
      const empty = telemetry({ exporters: [backend()], flushOn });
      record(slow, 10);
      ${runsOn}
      ${sends('SIGTERM')}
    `,
      { answer: acceptAfter(700) },
    );
    expect({ code, signal, stderr }).toEqual({ code: null, signal: 'SIGTERM', stderr: '' });
    expect(calls.map(({ spans, status }) => [spans.length, status])).toEqual([[10, 202]]);
  });

  it('draws no warning of too many listeners, however many telemetries there are', async () => {
    const { code, stderr, stdout } = await run(`
      const flushOn = ['beforeExit', 'SIGTERM', 'SIGINT'];
      for (let at = 0; at < 30; at++) telemetry({ exporters: [backend()], flushOn });
      console.log(process.getMaxListeners());
    `);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: '10\n' });
  });

  it('end a process at once whose telemetry has shut down already', async () => {
    const { code, signal, stderr, ms } = await run(`
      const oc = telemetry({ exporters: [backend()], flushOn: ['beforeExit', 'SIGTERM', 'SIGINT'] });
      record(oc);
      await oc.shutdown();
      ${runsOn}
      ${sends('SIGTERM')}
    `);
    expect({ code, signal, stderr }).toEqual({ code: null, signal: 'SIGTERM', stderr: '' });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('are heard by the telemetry that came after one that has shut down', async () => {
    const { code, signal, stderr, spans } = await run(
      `
      const flushOn = ['SIGTERM'];
      await telemetry({ exporters: [backend()], flushOn }).shutdown();
      const oc = telemetry({ exporters: [backend()], flushOn });
      record(oc, 3);
      ${runsOn}
      ${sends('SIGTERM')}
    `,
      { answer: acceptAfter(300) },
    );
    expect({ code, signal, stderr, spans }).toEqual({ code: null, signal: 'SIGTERM', stderr: '', spans: names(3) });
  });

  it('do not hold a process, and a natural end drains only when flushOn says so', async () => {
    const { code, stderr, spans, ms } = await run(`
      record(telemetry({ exporters: [backend()], flushOn: ['SIGTERM', 'SIGINT'] }), 4);
    `);
    expect({ code, spans, lines: linesOf(stderr).length }).toEqual({ code: 0, spans: [], lines: 1 });
    expect(stderr).toContain('4 spans');
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });
});
