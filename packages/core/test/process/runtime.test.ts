import { describe, expect, it } from 'vitest';
import { linesOf, names, programs, ROOT } from './program.ts';

const { run } = programs();

const known = process.allowedNodeEnvironmentFlags;
const permission = known.has('--permission') ? '--permission' : '--experimental-permission';

describe.concurrent('Node started with', () => {
  it.each([
    ['--frozen-intrinsics'],
    [permission, `--allow-fs-read=${ROOT}*`, ...(known.has('--allow-net') ? ['--allow-net'] : [])],
    ['--disallow-code-generation-from-strings'],
    ['--disable-proto=throw'],
    ['--throw-deprecation'],
    ['--unhandled-rejections=strict'],
    ['--no-experimental-require-module'],
  ])('%s', async (flag, ...more) => {
    const { code, stderr, spans } = await run(
      `
      const oc = telemetry({ exporters: [backend()] });
      oc.tracer.span('s0', { attributes: { when: new Date(0), list: [1, 2n, 'three'] } }, (span) => {
        span.annotate('cache miss', { key: 'u42' });
      });
      try {
        oc.tracer.span('s1', () => { throw new TypeError('of the application'); });
      } catch {}
    `,
      { flags: [flag, ...more] },
    );
    const ownWords = linesOf(stderr).filter((line) => !/ExperimentalWarning|--trace-warnings/.test(line));
    expect({ code, ownWords, spans }).toEqual({ code: 0, ownWords: [], spans: names(2) });
  });
});

describe.concurrent('requests of exporters make no spans of their own,', () => {
  it('when the application traces its HTTP client with the very tracer: no feedback', async () => {
    const { code, stderr, spans } = await run(`
      const { subscribe } = await import('node:diagnostics_channel');
      const http = await import('node:http');
      const oc = telemetry({ exporters: [[backend(), { batchDelayMs: 10 }]] });
      subscribe('http.client.request.start', ({ request }) => {
        oc.tracer.startSpan('HTTP ' + request.method, { kind: 'client' }).end();
      });
      record(oc);
      await oc.flush();
      await new Promise((resolve) => http.get(process.env.BACKEND, (answer) => answer.resume().on('end', resolve)));
      for (let at = 0; at < 5; at++) {
        await oc.flush();
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    `);
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: ['HTTP GET', 's0'] });
  });

  it("when libraries' tracer is what traces, from start to close, and in callbacks of the exporter", async () => {
    const { code, stderr, stdout, spans } = await run(`
      const { tracer } = await import('@oc/core');
      const heard = [];
      const traced = (exporter) => ({
        ...exporter,
        async start() { await tracer.span('of start', later); },
        async exportSpans(spans, call) {
          await tracer.span('of a call', later);
          heard.push(tracer.current());
          await exporter.exportSpans(spans, call);
        },
        async close(signal) { await tracer.span('of close', later); await exporter.close(signal); },
      });
      const later = () => new Promise((resolve) => setTimeout(() => tracer.span('of a timer', resolve), 5));
      const oc = telemetry({ exporters: [traced(backend())] });
      oc.install();
      await tracer.span('s0', async () => {
        record(oc, 1);
        await oc.flush();
      });
      await oc.shutdown();
      console.log(heard.length, heard.every((span) => span === undefined));
    `);
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: ['s0', 's0'] });
    expect(stdout).toBe('2 true\n');
  });

  it("when an agent with OpenTelemetry's API traces: it sees its own mark of suppression", async () => {
    const { code, stderr, stdout } = await run(`
      const { AsyncLocalStorage } = await import('node:async_hooks');
      const { subscribe } = await import('node:diagnostics_channel');
      // What @opentelemetry/api keeps for all of its copies, and how its instrumentations ask.
      const context = (values) => ({
        getValue: (key) => values.get(key),
        setValue: (key, value) => context(new Map(values).set(key, value)),
      });
      const store = new AsyncLocalStorage();
      const manager = {
        active: () => store.getStore() ?? context(new Map()),
        with: (active, fn, thisArg, ...args) => store.run(active, () => fn.apply(thisArg, args)),
      };
      globalThis[Symbol.for('opentelemetry.js.api.1')] = { version: '1.9.0', context: manager };
      const key = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
      subscribe('http.client.request.start', () => console.log('suppressed:', manager.active().getValue(key)));
      const oc = telemetry({ exporters: [backend()] });
      record(oc);
      await oc.flush();
      console.log('elsewhere:', manager.active().getValue(key));
    `);
    expect({ code, stderr, stdout }).toEqual({
      code: 0,
      stderr: '',
      stdout: 'suppressed: true\nelsewhere: undefined\n',
    });
  });
});
