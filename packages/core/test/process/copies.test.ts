import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acceptAfter, cacheFolder, type Outcome, programs, ROOT, type RunOptions } from './program.ts';

const { run } = programs();

// A tree in which the package 'library' has a copy of core of its own.
let folder = '';

beforeAll(() => {
  folder = cacheFolder('copies-');
  const library = join(folder, 'node_modules/library');
  const copy = join(library, 'node_modules/@oc/core');
  mkdirSync(copy, { recursive: true });
  for (const part of ['package.json', 'dist'])
    cpSync(join(ROOT, 'packages/core', part), join(copy, part), { recursive: true });
  writeFileSync(
    join(library, 'package.json'),
    JSON.stringify({ name: 'library', version: '1.0.0', type: 'module', exports: './index.js' }),
  );
  writeFileSync(
    join(library, 'index.js'),
    "export * from '@oc/core'; export { ExportError, httpSender, deltas } from '@oc/core/exporter';",
  );
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true });
});

function runWithLibrary(program: string, options: RunOptions = {}): Promise<Outcome> {
  const imports = `
    import * as library from 'library';
    import * as core from '@oc/core';
    if (library.measure === core.measure) throw new Error('there is only one copy');
  `;
  return run(imports + program, { folder, ...options });
}

const keeps = `
  const kept = { spans: [], metrics: [] };
  const keeper = {
    name: 'keeper',
    exportSpans: async (spans) => void kept.spans.push(...spans),
    exportMetrics: async (metrics) => void kept.metrics.push(...metrics),
  };
`;

describe.concurrent('a library with a copy of core of its own, in an application that has called install()', () => {
  it('its tracer records into the application, in one trace across both copies', async () => {
    const { code, stderr, stdout } = await runWithLibrary(`
      ${keeps}
      const traced = library.tracer.scoped('library', '2.1.0');
      traced.span('before install', () => {});
      const oc = telemetry({ exporters: [keeper] });
      oc.install();
      await oc.tracer.span('root', async () => {
        await traced.span('outer', { kind: 'client', attributes: { at: 1 } }, async () => {
          await null;
          core.tracer.span('inner', (span) => span.setAttribute('of', library.tracer.current()?.context.spanId));
        });
      });
      await oc.flush();
      const byName = Object.fromEntries(kept.spans.map((span) => [span.name, span]));
      const { root, outer, inner } = byName;
      console.log(JSON.stringify({
        names: Object.keys(byName).sort(),
        traces: new Set(kept.spans.map((span) => span.traceId)).size,
        chain: [outer.parentSpanId === root.spanId, inner.parentSpanId === outer.spanId, inner.attributes.of === inner.spanId],
        remote: outer.remoteParent,
        scope: outer.scope,
        attributes: outer.attributes,
      }));
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      names: ['inner', 'outer', 'root'],
      traces: 1,
      chain: [true, true, true],
      remote: false,
      scope: { name: 'library', version: '2.1.0' },
      attributes: { at: 1 },
    });
  });

  it('its measurements, bound ones, observations and tags too, appear in the views of the application', async () => {
    const { code, stderr, stdout } = await runWithLibrary(`
      ${keeps}
      // The library defines all before there is a telemetry; the application knows the measures by their names only.
      const hits = library.measure({ name: 'cache/hits' });
      const size = library.measure({ name: 'cache/size' });
      const bound = library.stats.bind(hits, { kind: 'bound' });
      library.stats.observe(size, () => 42);
      library.stats.record([[hits, 1000]], { kind: 'before install' });
      bound.record(1000);

      const { lastValue, measure, sum, view } = core;
      const oc = telemetry({
        exporters: [keeper],
        views: [
          view({ measure: measure({ name: 'cache/hits' }), aggregation: sum(), tagKeys: ['kind', 'tenant'] }),
          view({ measure: measure({ name: 'cache/size' }), aggregation: lastValue() }),
        ],
      });
      oc.install();
      bound.record(3);
      library.stats.record([[hits, 4]], { kind: 'plain' });
      core.stats.withTags({ tenant: 'acme' }, () => library.stats.record([[hits, 5]], { kind: 'tagged' }));
      library.stats.withTags({ tenant: 'acme' }, () => oc.stats.record([[hits, 6]], { kind: 'tagged by library' }));
      library.stats.register(library.view({ name: 'late', measure: hits, aggregation: library.count() }));
      library.stats.record([[hits, 7]], { kind: 'late' });
      await oc.flush();
      console.log(JSON.stringify(Object.fromEntries(kept.metrics.map((metric) => [
        metric.name,
        [...metric.timeSeries].map(({ labelValues, value }) => [...labelValues, value]).sort((a, b) => a.at(-1) - b.at(-1)),
      ]))));
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      'cache/hits': [
        ['bound', null, 3],
        ['plain', null, 4],
        ['tagged', 'acme', 5],
        ['tagged by library', 'acme', 6],
        ['late', null, 7],
      ],
      'cache/size': [[42]],
      late: [[1]],
    });
  });

  it('sees the telemetry that was installed last, whichever copy made it', async () => {
    const { code, stderr, stdout } = await runWithLibrary(`
      ${keeps}
      const oc = telemetry({ exporters: [] });
      oc.install();
      const other = library.telemetry({ exporters: [keeper] });
      other.install();
      core.tracer.span('of core', () => {});
      library.tracer.span('of library', () => {});
      await other.flush();
      console.log(kept.spans.map((span) => span.name).join());
    `);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: 'of core,of library\n' });
  });

  it("an exporter built with the library's ExportError is retried, split and believed", async () => {
    const { code, stdout } = await runWithLibrary(`
      const { ExportError } = library;
      const calls = [];
      const exporter = {
        name: 'picky',
        async exportSpans(spans) {
          calls.push(spans.map((span) => span.name).join(' '));
          if (calls.length === 1) throw new ExportError('unavailable', 'picky: busy', { retryAfterMs: 300 });
          if (spans.length > 2) throw new ExportError('too-large', 'picky: more than two');
          const bad = spans.filter((span) => span.name === 's3');
          if (bad.length > 0) throw new ExportError('rejected', 'picky: not this one', { items: bad });
        },
      };
      const problems = [];
      const oc = telemetry({ exporters: [exporter], onError: ({ message }) => problems.push(message) });
      record(oc, 4);
      const [{ spans: { accepted, delivered, dropped, lastError }, unsettled }] = await oc.flush();
      console.log(JSON.stringify({ calls, accepted, delivered, dropped, last: lastError.message, unsettled }));
    `);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      calls: ['s0 s1 s2 s3', 's0 s1 s2 s3', 's0 s1', 's2 s3'],
      accepted: 4,
      delivered: 3,
      dropped: { rejected: 1 },
      last: 'picky: not this one',
      unsettled: 0,
    });
  });

  it("a sender of the library's copy is understood: its failures, and its socket does not hold the process", async () => {
    const { code, stderr, stdout, spans } = await runWithLibrary(
      `
      const http = library.httpSender({
        exporter: 'theirs',
        url: new URL(process.env.BACKEND),
        load: async () => (await import('node-fetch')).default,
      });
      const exporter = {
        name: 'theirs',
        async exportSpans(spans, call) {
          const names = spans.map((span) => span.name);
          await http.send({ body: JSON.stringify({ instance: '', spans: names, metrics: [] }) }, call);
        },
      };
      const oc = telemetry({ exporters: [exporter], flushOn: [] });
      record(oc, 4);
      await oc.flush();
      const { delivered, dropped } = oc.health()[0].spans;
      console.log(JSON.stringify({ delivered, dropped }));
    `,
      { answer: (response, number) => response.writeHead([413, 202, 503, 202][number - 1] ?? 500).end() },
    );
    expect({ code, stderr, spans }).toEqual({ code: 0, stderr: '', spans: ['s0', 's1', 's2', 's3'] });
    expect(JSON.parse(stdout)).toEqual({ delivered: 4, dropped: {} });
  });

  it('one telemetry of each copy: one set of listeners of the process, and both are drained', async () => {
    const { code, stderr, stdout, spans } = await runWithLibrary(`
      const counts = () => ['beforeExit', 'exit'].map((event) => process.listenerCount(event));
      const nodesOwn = counts();
      const oc = telemetry({ exporters: [backend()] });
      const other = library.telemetry({ exporters: [backend()] });
      console.log(...counts().map((count, at) => count - nodesOwn[at]));
      oc.tracer.span('of core', () => {});
      other.tracer.span('of library', () => {});
    `);
    expect({ code, stderr, stdout, spans }).toEqual({
      code: 0,
      stderr: '',
      stdout: '1 1\n',
      spans: ['of core', 'of library'],
    });
  });

  it('one telemetry of each copy: a signal waits for both', async (ctx) => {
    if (process.platform === 'win32') ctx.skip('Windows has no signals');
    const { code, signal, stderr, spans } = await runWithLibrary(
      `
      const oc = telemetry({ exporters: [backend()], flushOn: ['SIGTERM'] });
      const other = library.telemetry({ exporters: [], flushOn: ['SIGTERM'] });
      record(oc);
      setInterval(() => {}, 1_000);
      setTimeout(() => process.kill(process.pid, 'SIGTERM'), 50);
    `,
      { answer: acceptAfter(600) },
    );
    expect({ code, signal, stderr, spans }).toEqual({ code: null, signal: 'SIGTERM', stderr: '', spans: ['s0'] });
  });

  it('process.exit() with a telemetry of each copy tells of both', async () => {
    const { code, stderr } = await runWithLibrary(`
      const oc = telemetry({ exporters: [backend({ name: 'one' })] });
      const other = library.telemetry({ exporters: [backend({ name: 'two' })] });
      record(oc, 3);
      record(other, 5);
      process.exit(2);
    `);
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/one\b.*\b3 spans/),
      expect.stringMatching(/two\b.*\b5 spans/),
    ]);
  });
});
