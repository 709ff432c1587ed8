import { createServer, type Server } from 'node:net';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import {
  AT_ONCE_MS,
  accept,
  acceptAfter,
  DEADLINE_MS,
  hang,
  linesOf,
  names,
  programs,
  type RunOptions,
} from './program.ts';

const { run } = programs();

/** Nothing listens there: the port was another's a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}

describe.concurrent('a process that comes to its natural end', () => {
  it('delivers a burst of 20,000 spans made in one tick', async () => {
    const { code, stderr, spans } = await run(`
      const oc = telemetry({ exporters: [backend()] });
      record(oc, 20_000);
    `);
    expect({ code, stderr, count: new Set(spans).size }).toEqual({ code: 0, stderr: '', count: 20_000 });
    expect(spans).toHaveLength(20_000);
  });

  it('waits for a backend that takes its time', async () => {
    const { code, stderr, spans, calls } = await run('record(telemetry({ exporters: [backend()] }));', {
      answer: acceptAfter(1_500),
    });
    expect({ code, stderr, spans, calls: calls.length }).toEqual({ code: 0, stderr: '', spans: ['s0'], calls: 1 });
  });

  it('tries again what was refused for the moment', async () => {
    const { code, spans, calls } = await run('record(telemetry({ exporters: [backend()] }), 3);', {
      answer: (response, number) => (number === 1 ? response.writeHead(503).end() : accept(response)),
    });
    const statuses = calls.map(({ status }) => status);
    expect({ code, spans, statuses }).toEqual({ code: 0, spans: names(3), statuses: [503, 202] });
  });

  it('waits for an exporter that is still starting', async () => {
    const { code, stderr, spans } = await run(`
      const start = () => new Promise((resolve) => setTimeout(resolve, 500).unref());
      record(telemetry({ exporters: [{ ...backend(), start }] }), 4);
    `);
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: names(4) });
  });

  it('drains each telemetry of several, with one listener each for beforeExit and exit', async () => {
    const { code, stderr, stdout, spans } = await run(`
      const counts = () => ['beforeExit', 'exit'].map((event) => process.listenerCount(event));
      const nodesOwn = counts();
      const all = Array.from({ length: 12 }, () => telemetry({ exporters: [backend()] }));
      console.log(...counts().map((count, at) => count - nodesOwn[at]));
      for (const oc of all) record(oc);
    `);
    expect({ code, stderr, stdout, count: spans.length }).toEqual({ code: 0, stderr: '', stdout: '1 1\n', count: 12 });
  });

  it('keeps process.exitCode', async () => {
    const { code, stderr, spans } = await run('record(telemetry({ exporters: [backend()] })); process.exitCode = 3;');
    expect({ code, stderr, spans }).toEqual({ code: 3, stderr: '', spans: ['s0'] });
  });

  it('keeps the exit code of a top-level await that nothing settles, and delivers', async () => {
    const { code, spans } = await run('record(telemetry({ exporters: [backend()] })); await new Promise(() => {});');
    expect({ code, spans }).toEqual({ code: 13, spans: ['s0'] });
  });

  it('leaves a telemetry alone whose flushOn is empty, and tells what it held', async () => {
    const { code, stderr, spans, ms } = await run('record(telemetry({ exporters: [backend()], flushOn: [] }), 7);');
    expect({ code, spans, lines: linesOf(stderr).length }).toEqual({ code: 0, spans: [], lines: 1 });
    expect(stderr).toContain('7 spans');
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('does nothing with OTEL_SDK_DISABLED', async () => {
    const { code, stderr, spans } = await run(`
      process.env.OTEL_SDK_DISABLED = 'true';
      record(telemetry({ exporters: [backend()] }));
    `);
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: [] });
  });
});

describe.concurrent("beside the application's own beforeExit listener", () => {
  const ORDERS = [
    ['before ours', (ours: string, theirs: string) => `${theirs} ${ours}`],
    ['after ours', (ours: string, theirs: string) => `${ours} ${theirs}`],
  ] as const;

  it.each(ORDERS)('that schedules work (registered %s) telemetry drains once and nothing loops', async (_, order) => {
    const { code, stderr, stdout, spans, calls } = await run(`
      let count = 0;
      ${order(
        'const oc = telemetry({ exporters: [backend()] });',
        "process.on('beforeExit', () => { if (++count === 1) setTimeout(() => {}, 300); });",
      )}
      record(oc);
      process.on('exit', () => console.log(count));
    `);
    expect({ code, stderr, spans, calls: calls.length }).toEqual({ code: 0, stderr: '', spans: ['s0'], calls: 1 });
    // Node emits it again each time that there was work: for the listener's own, and at most once more for ours.
    expect(Number(stdout)).toBeGreaterThanOrEqual(2);
    expect(Number(stdout)).toBeLessThanOrEqual(3);
  });

  it.each(ORDERS)('that awaits a flush (registered %s) nothing loops', async (_, order) => {
    const { code, stderr, stdout, spans } = await run(`
      let count = 0;
      ${order(
        'const oc = telemetry({ exporters: [backend()] });',
        "process.on('beforeExit', async () => { count++; await oc.flush(); });",
      )}
      record(oc);
      process.on('exit', () => console.log(count));
    `);
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: ['s0'] });
    expect(Number(stdout)).toBeLessThanOrEqual(3);
  });

  it('a flush there does not loop with flushOn empty either: nothing to send is no work', async () => {
    const { code, stderr, stdout, spans } = await run(`
      let count = 0;
      const oc = telemetry({ exporters: [backend()], flushOn: [] });
      record(oc);
      process.on('beforeExit', async () => {
        if (++count === 20) process.exit(20);
        await oc.flush();
      });
      process.on('exit', () => console.log(count));
    `);
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: ['s0'] });
    expect(Number(stdout)).toBeLessThanOrEqual(3);
  });

  it('what it records before ours is delivered', async () => {
    const { code, stderr, spans } = await run(`
      process.once('beforeExit', () => record(oc, 2));
      const oc = telemetry({ exporters: [backend()] });
    `);
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: names(2) });
  });

  it('what it records after ours is counted and told: it came after the shutdown', async () => {
    const { code, stderr, stdout } = await run(`
      const oc = telemetry({ exporters: [backend()] });
      process.once('beforeExit', () => record(oc, 2));
      process.on('exit', () => console.log(JSON.stringify(oc.health()[0].spans.dropped)));
    `);
    expect({ code, stdout: JSON.parse(stdout) }).toEqual({ code: 0, stdout: { 'after-shutdown': 2 } });
    const told = linesOf(stderr).map((line) => Number(/(\d+) spans? dropped \(after-shutdown\)/.exec(line)?.[1]));
    expect(told.reduce((sum, count) => sum + count)).toBe(2);
  });
});

describe.concurrent('as the last statement of a script, with nothing else alive,', () => {
  it('await oc.flush() answers', async () => {
    const { code, stderr, stdout, spans } = await run(`
      const oc = telemetry({ exporters: [backend()], flushOn: [] });
      record(oc, 100);
      const [{ name, spans, unsettled }] = await oc.flush();
      console.log(JSON.stringify({ name, accepted: spans.accepted, delivered: spans.delivered, unsettled }));
    `);
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: names(100) });
    expect(JSON.parse(stdout)).toEqual({ name: 'backend', accepted: 100, delivered: 100, unsettled: 0 });
  });

  it('await oc.flush() answers at its deadline when the backend hangs', async () => {
    const { code, stdout, ms } = await run(
      `
      const oc = telemetry({ exporters: [backend()], flushOn: [], onError() {} });
      record(oc, 100);
      const [{ spans, unsettled }] = await oc.flush({ withinMs: 800 });
      console.log(JSON.stringify({ state: spans.state, delivered: spans.delivered, inFlight: spans.inFlight, unsettled }));
    `,
      { answer: hang },
    );
    expect(JSON.parse(stdout)).toEqual({ state: 'delivering', delivered: 0, inFlight: 100, unsettled: 100 });
    expect(code).toBe(0);
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('await oc.shutdown() answers', async () => {
    const { code, stderr, stdout, spans } = await run(`
      const oc = telemetry({ exporters: [backend()], flushOn: [] });
      record(oc, 100);
      const [{ spans, unsettled }] = await oc.shutdown();
      console.log(JSON.stringify({ state: spans.state, delivered: spans.delivered, dropped: spans.dropped, unsettled }));
    `);
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: names(100) });
    expect(JSON.parse(stdout)).toEqual({ state: 'closed', delivered: 100, dropped: {}, unsettled: 0 });
  });

  it('is not held by a proxy that says nothing, where Node knows proxies', async () => {
    const proxy = createServer((socket) => void socket.on('error', () => {}));
    const { code, stdout, ms } = await run(`
      process.env.HTTPS_PROXY = 'http://127.0.0.1:${await portOf(proxy)}';
      const oc = telemetry({ exporters: [backend({ url: 'https://127.0.0.1:9' })], flushOn: [], onError() {} });
      record(oc);
      const [{ spans }] = await oc.flush({ withinMs: 500 });
      console.log(spans.delivered);
    `);
    proxy.close();
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0\n' });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('await oc.shutdown() answers within its time when the backend hangs, what is left being counted', async () => {
    const { code, stderr, stdout, ms } = await run(
      `
      const oc = telemetry({ exporters: [backend()] });
      record(oc, 100);
      const began = performance.now();
      const [{ spans, unsettled }] = await oc.shutdown({ withinMs: 1_000 });
      const took = performance.now() - began;
      console.log(JSON.stringify({ state: spans.state, dropped: spans.dropped, unsettled, inTime: took < 1_300 }));
    `,
      { answer: hang },
    );
    expect(JSON.parse(stdout)).toEqual({ state: 'closed', dropped: { deadline: 100 }, unsettled: 0, inTime: true });
    expect(code).toBe(0);
    expect(linesOf(stderr)).toEqual([expect.stringContaining('100 spans')]);
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it.each(['0', '-1', 'NaN', '1e12', 'Infinity', '"soon"', 'undefined', 'null'])(
    'await oc.flush({ withinMs: %s }) answers, whatever that means',
    async (withinMs) => {
      const { code, stderr, stdout, ms } = await run(`
        const oc = telemetry({ exporters: [backend()], flushOn: [] });
        const [{ unsettled }] = await oc.flush({ withinMs: ${withinMs} });
        console.log(unsettled);
      `);
      expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: '0\n' });
      expect(ms).toBeLessThan(AT_ONCE_MS);
    },
  );

  it('await oc.shutdown({ withinMs: 0 }) answers, and counts what it had no time for', async () => {
    const { code, stderr, stdout, ms } = await run(
      `
      const oc = telemetry({ exporters: [backend()], onError() {} });
      record(oc, 5);
      const [{ spans: { accepted, delivered, dropped, queued, inFlight }, unsettled }] = await oc.shutdown({ withinMs: 0 });
      console.log(JSON.stringify({ accepted, delivered, dropped, queued, inFlight, unsettled }));
    `,
      { answer: hang },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      accepted: 5,
      delivered: 0,
      dropped: { deadline: 5 },
      queued: 0,
      inFlight: 0,
      unsettled: 0,
    });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('await oc.shutdown() answers in time whatever the exporter does in its call and in close', async () => {
    const { code, stderr, stdout, ms } = await run(`
      const stubborn = { name: 'stubborn', exportSpans: () => new Promise(() => {}), close: () => new Promise(() => {}) };
      const oc = telemetry({ exporters: [stubborn], onError() {} });
      record(oc, 5);
      const [{ spans: { state, dropped }, unsettled }] = await oc.shutdown({ withinMs: 1_000 });
      console.log(JSON.stringify({ state, dropped, unsettled }));
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ state: 'closed', dropped: { deadline: 5 }, unsettled: 0 });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('both answer without exporters, and ready does too', async () => {
    const { code, stderr, stdout } = await run(`
      const oc = telemetry({});
      console.log(JSON.stringify([await oc.ready, await oc.flush(), await oc.shutdown(), await oc.flush()]));
    `);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: '[[],[],[],[]]\n' });
  });

  it('a second shutdown gives the same promise, a flush after it answers, and later spans are counted', async () => {
    const { code, stdout, spans } = await run(`
      const oc = telemetry({ exporters: [backend()], onError: ({ message }) => console.log(message) });
      record(oc);
      const same = oc.shutdown() === oc.shutdown({ withinMs: 1 });
      await oc.shutdown();
      record(oc, 2);
      const [{ spans: { delivered, dropped }, unsettled }] = await oc.flush();
      console.log(JSON.stringify({ same, delivered, dropped, unsettled }));
    `);
    const lines = linesOf(stdout);
    expect({ code, spans }).toEqual({ code: 0, spans: ['s0'] });
    expect(JSON.parse(lines.pop() ?? '')).toEqual({
      same: true,
      delivered: 1,
      dropped: { 'after-shutdown': 2 },
      unsettled: 0,
    });
    expect(lines).toEqual([expect.stringContaining('after-shutdown')]);
  });

  it('await using delivers before the statement after its block, whatever the block throws', async () => {
    const program = ts.transpile(
      `
      async function main() {
        await using oc = telemetry({ exporters: [backend()], flushOn: [] });
        record(oc, 5);
        process.on('exit', () => console.log(oc.health()[0].spans.state));
        throw new Error('of the block');
      }
      await main().catch((error) => console.log(error.message));
      process.exit();
    `,
      { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    );
    const { code, stderr, stdout, spans } = await run(program);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: 'of the block\nclosed\n' });
    expect(spans).toEqual(names(5));
  });
});

describe.concurrent('at the natural end, a backend', () => {
  it('that hangs does not hold the process beyond the default deadline of 5 s; the loss is told', async () => {
    const { code, stderr, ms } = await run('record(telemetry({ exporters: [backend()] }), 100);', { answer: hang });
    expect(code).toBe(0);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/100 spans.*deadline/)]);
    expect(ms).toBeGreaterThan(DEADLINE_MS.least);
    expect(ms).toBeLessThan(DEADLINE_MS.most);
  });

  it('that refuses connections is tried until the deadline; the loss is told', async () => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    const { code, stderr, ms } = await run('record(telemetry({ exporters: [backend()] }), 100);', { url });
    expect(code).toBe(0);
    expect(linesOf(stderr).filter((line) => /100 spans.*deadline/.test(line))).toHaveLength(1);
    expect(ms).toBeGreaterThan(DEADLINE_MS.least);
    expect(ms).toBeLessThan(DEADLINE_MS.most);
  });

  it('that says the address is wrong is asked once more and not waited for', async () => {
    const { code, stderr, ms } = await run('record(telemetry({ exporters: [backend()] }), 100);', {
      answer: (response) => response.writeHead(404).end(),
    });
    expect(code).toBe(0);
    expect(linesOf(stderr).filter((line) => /100 spans.*misconfigured/.test(line))).toHaveLength(1);
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('that is given less time than the first request needs to begin does no harm to the process', async () => {
    const { code, stderr, stdout } = await run(`
      const oc = telemetry({ exporters: [[backend(), { attemptMs: 1, batchDelayMs: 0 }]], onError() {} });
      record(oc);
      setTimeout(() => oc.shutdown({ withinMs: 100 }), 300);
      process.on('exit', () => console.log(oc.health()[0].spans.state));
    `);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: 'closed\n' });
  });

  it("that hangs is in nobody else's way", async () => {
    const { code, calls, ms } = await run(
      `
      const oc = telemetry({
        exporters: [backend({ name: 'hangs', url: process.env.BACKEND + '?' }), backend({ name: 'works' })],
        onError({ exporter, message }) { console.log(exporter, message); },
      });
      record(oc, 100);
    `,
    );
    // A path that the test's backend does not know is not answered.
    expect({ code, calls: calls.map(({ spans }) => spans.length) }).toEqual({ code: 0, calls: [100] });
    expect(ms).toBeGreaterThan(DEADLINE_MS.least);
    expect(ms).toBeLessThan(DEADLINE_MS.most);
  });
});

describe.concurrent('with flushOn empty, a process is not held by', () => {
  const SENDS = `
    const oc = telemetry({ exporters: [[backend(), { batchDelayMs: 0 }]], flushOn: [], onError() {} });
    record(oc);
    setTimeout(() => console.log(oc.health()[0].spans.state), 600);
  `;

  it.each<[string, RunOptions]>([
    ['a request that is not answered', { answer: hang }],
    ['an answer whose body does not end', { answer: (response) => response.writeHead(202).write('{') }],
    ['an answer that drips', { answer: (response) => drip(response.writeHead(200)) }],
  ])('%s', async (_, options) => {
    const { code, stdout, ms } = await run(SENDS, options);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'delivering\n' });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it.each(['http', 'https'])('a socket of %s that hears nothing after it has connected', async (protocol) => {
    const silent = createServer((socket) => socket.on('error', () => {}));
    const url = `${protocol}://127.0.0.1:${await portOf(silent)}`;
    const { code, stdout, ms } = await run(SENDS, { url });
    silent.close();
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'delivering\n' });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it.each(['http', 'https'])('a socket of %s whose host has several addresses, the first refused', async (protocol) => {
    const silent = createServer((socket) => socket.on('error', () => {}));
    const port = await portOf(silent);
    // The address of the loopback that the server does not listen on refuses; Node then opens a second handle.
    const { code, stdout, ms } = await run(
      `
      const { Agent } = await import('node:${protocol}');
      const addresses = [{ address: '127.0.0.2', family: 4 }, { address: '127.0.0.1', family: 4 }];
      const lookup = (host, { all }, found) => (all ? found(null, addresses) : found(null, '127.0.0.1', 4));
      const agent = new Agent({ keepAlive: true, autoSelectFamily: true, lookup });
      const url = '${protocol}://two.test:${port}';
      const oc = telemetry({ exporters: [[backend({ agent, url }), { batchDelayMs: 0 }]], flushOn: [], onError() {} });
      record(oc);
      setTimeout(() => console.log(oc.health()[0].spans.state), 600);
    `,
    );
    silent.close();
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'delivering\n' });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('telemetry that was never used, with a view and the interval of metrics armed', async () => {
    const { code, stderr, stdout, ms } = await run(`
      const { measure, sum, view } = await import('@oc/core');
      const bytes = measure({ name: 'bytes' });
      const oc = telemetry({ exporters: [backend()], flushOn: [], views: [view({ measure: bytes, aggregation: sum() })] });
      oc.stats.record([[bytes, 1]]);
      oc.install();
      console.log((await oc.ready)[0].metrics.state);
    `);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: 'idle\n' });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('kept-alive sockets, one that was used again included', async () => {
    const { code, stderr, spans, calls, ms } = await run(`
      const oc = telemetry({ exporters: [backend()], flushOn: [] });
      for (let at = 0; at < 3; at++) {
        record(oc);
        await oc.flush();
      }
    `);
    expect({ code, stderr, spans: spans.length }).toEqual({ code: 0, stderr: '', spans: 3 });
    expect(new Set(calls.map(({ port }) => port)).size).toBe(1);
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('a used socket on which the next request is not answered', async () => {
    const { code, calls, ms } = await run(
      `
      const oc = telemetry({ exporters: [backend()], flushOn: [], onError() {} });
      record(oc);
      await oc.flush();
      record(oc);
      await oc.flush({ withinMs: 300 });
    `,
      { answer: (response, number) => (number === 1 ? accept(response) : hang()) },
    );
    expect({ code, ports: new Set(calls.map(({ port }) => port)).size, calls: calls.length }).toEqual({
      code: 0,
      ports: 1,
      calls: 2,
    });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it.each([
    ['backoff', 503],
    ['a pause', 404],
  ])('%s, nor by the time of its next report', async (_, status) => {
    const { code, stdout, ms } = await run(
      `
      const oc = telemetry({ exporters: [backend()], flushOn: [], onError() {} });
      record(oc);
      await oc.flush({ withinMs: 1_000 });
      console.log(oc.health()[0].spans.state);
    `,
      { answer: (response) => response.writeHead(status, { 'retry-after': '60' }).end() },
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: status === 503 ? 'retrying\n' : 'paused\n' });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('losses that are to be reported in a minute', async () => {
    const { code, stdout, ms } = await run(`
      const oc = telemetry({ exporters: [[backend(), { queueItems: 1 }]], flushOn: [], onError() {} });
      record(oc, 5);
      await oc.flush();
      record(oc, 5);
      await oc.flush();
      console.log(JSON.stringify(oc.health()[0].spans.dropped));
    `);
    expect({ code, stdout: JSON.parse(stdout) }).toEqual({ code: 0, stdout: { 'queue-full': 8 } });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('a reading that never comes, nor an exporter that never starts', async () => {
    const { code, ms } = await run(`
      const { lastValue, measure, view } = await import('@oc/core');
      const heap = measure({ name: 'heap' });
      const unready = { ...backend({ name: 'unready' }), start: () => new Promise(() => {}) };
      const oc = telemetry({
        exporters: [backend(), unready],
        flushOn: [],
        views: [view({ measure: heap, aggregation: lastValue() })],
        onError() {},
      });
      oc.stats.observe(heap, () => new Promise(() => {}));
      record(oc);
      await oc.flush({ withinMs: 300 });
    `);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });
});

function drip(response: { write(text: string): unknown; readonly destroyed: boolean }): void {
  response.write(' ');
  setTimeout(() => {
    if (!response.destroyed) drip(response);
  }, 100);
}
