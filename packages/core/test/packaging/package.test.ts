import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { build, type Format } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consumerFolder, install, node, PACKAGES, ROOT, type Tarballs } from './consumer.ts';

const ENTRIES = PACKAGES.flatMap(({ entries }) => entries);

const consumer = consumerFolder();
let tarballs: Tarballs = new Map();

beforeAll(async () => {
  const unbuilt = PACKAGES.filter(({ folder }) => !existsSync(join(folder, 'dist')));
  if (unbuilt.length > 0) throw new Error(`npm test builds ${unbuilt.map(({ manifest }) => manifest.name).join(', ')}`);
  tarballs = await install(consumer);
});
afterAll(() => rmSync(consumer, { recursive: true, force: true }));

// A Zipkin on loopback; a program's own path tells whose spans came.
const received = new Map<string, { name: string }[]>();
const zipkinServer = createServer(async (request, response) => {
  const path = request.url ?? '';
  const spans = (await json(request)) as { name: string }[];
  received.set(path, [...(received.get(path) ?? []), ...spans]);
  response.writeHead(202).end();
});
beforeAll(() => new Promise<void>((resolve) => zipkinServer.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  zipkinServer.closeAllConnections();
  zipkinServer.close();
});

/** Runs a program with that Zipkin where its exporter looks for one; `spans` is what came. */
async function runWithZipkin(
  file: string,
): Promise<Awaited<ReturnType<typeof node>> & { spans: string[] | undefined }> {
  const { port } = zipkinServer.address() as AddressInfo;
  const path = `/${encodeURIComponent(file)}`;
  const outcome = await node(file, { OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${port}${path}` });
  return { ...outcome, spans: received.get(path)?.map(({ name }) => name) };
}

function write(name: string, text: string): string {
  const file = join(consumer, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return file;
}

// What a user writes.
const BOOTSTRAP = `
import { telemetry, measure, view, distribution } from '@oc/core';
import { zipkin } from '@oc/exporter-zipkin';

const latency = measure({ name: 'shop/latency', unit: 'ms', description: 'time to answer' });

export const oc = telemetry({
  service: 'checkout',
  exporters: [zipkin()],
  views: [view({ name: 'shop/latency', measure: latency, aggregation: distribution([5, 10, 25, 50, 100]), tagKeys: ['method'] })],
});

await oc.tracer.span('charge', { kind: 'server', attributes: { 'card.brand': 'visa' } }, async (span) => {
  span.annotate('cache miss', { key: 'u42' });
  oc.stats.record([[latency, 12.3]], { method: 'POST' });
});
await oc.shutdown({ withinMs: 3_000 });
`;

describe.each(PACKAGES)('the tarball of $manifest.name', ({ manifest }) => {
  const files = (): readonly string[] => tarballs.get(manifest.name) ?? [];

  it('holds package.json, README.md, LICENSE and compiled code, and nothing else', () => {
    const others = files().filter((path) => !/^dist\/.+(?<!\.test)\.(js|d\.ts)$/.test(path));
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
  });

  it('holds each file that its exports name', () => {
    const named = Object.values(manifest.exports ?? {}).flatMap((target) => Object.values(target));
    expect(named.filter((path) => !files().includes(path.replace('./', '')))).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  });
});

it('core has no dependencies of any kind', () => {
  const { dependencies, optionalDependencies, peerDependencies, bundleDependencies } = JSON.parse(
    readFileSync(join(consumer, 'node_modules/@oc/core/package.json'), 'utf8'),
  );
  expect({ dependencies, optionalDependencies, peerDependencies, bundleDependencies }).toEqual({});
});

describe.concurrent.each(ENTRIES)('%s, installed,', (entry) => {
  const fileName = entry.replaceAll(/[@/]/g, '-');

  it('is imported and required without a word, and gives both the same names', async () => {
    const imports = write(`${fileName}.mjs`, `console.log(Object.keys(await import('${entry}')).sort().join());`);
    const requires = write(`${fileName}.cjs`, `console.log(Object.keys(require('${entry}')).sort().join());`);
    const [esm, cjs] = await Promise.all([node(imports), node(requires)]);
    expect(esm).toEqual({ code: 0, stderr: '', stdout: expect.stringMatching(/\w/) });
    expect(cjs).toEqual({ ...esm, stdout: esm.stdout.replace('__esModule,', '') });
  });

  it('is one module, imported and required', async () => {
    const file = write(
      `${fileName}-both.cjs`,
      `import('${entry}').then((esm) => console.log(Object.keys(esm).every((name) => require('${entry}')[name] === esm[name])));`,
    );
    expect(await node(file)).toEqual({ code: 0, stderr: '', stdout: 'true\n' });
  });
});

describe('a TypeScript program that uses the packages, with skipLibCheck off,', () => {
  const base: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  };

  function problemsOf(options: ts.CompilerOptions): string[] {
    const files = [
      write('bootstrap.mts', BOOTSTRAP),
      write(
        'all.mts',
        ENTRIES.map((entry, at) => `import * as e${at} from '${entry}'; console.log(e${at});`).join('\n'),
      ),
      write(
        'all.cts',
        ENTRIES.map((entry, at) => `import e${at} = require('${entry}'); console.log(e${at});`).join('\n'),
      ),
      write(
        'exporter.mts',
        `
        import { type Exporter, ExportError, type Metric, type SpanData } from '@oc/core/exporter';
        import { telemetry, type Telemetry } from '@oc/core';
        const mine: Exporter = {
          name: 'mine',
          async exportSpans(spans: readonly SpanData[], { signal, resource, warn }) {
            if (signal.aborted) throw new ExportError('unavailable', 'mine: aborted', { items: spans.slice(1) });
            warn(resource.labels['service.name'] ?? '');
          },
          async exportMetrics(metrics: readonly Metric[]) {
            for (const metric of metrics) {
              if (metric.type === 'distribution') for (const { value } of metric.timeSeries) console.log(value.bucketCounts);
              else for (const { value } of metric.timeSeries) console.log(value + 1);
            }
          },
        };
        const oc: Telemetry = telemetry({ exporters: [mine, [mine, { batchItems: 10 }]], service: undefined });
        const length: number = oc.tracer.span('a', (span) => span.context.traceId.length);
        const later: Promise<string> = oc.tracer.span('a', {}, async () => 'b');
        console.log(length, later, (await oc.flush())[0]?.spans.dropped['queue-full']);
        `,
      ),
    ];
    const program = ts.createProgram(files, { ...base, ...options });
    return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      return `${file?.fileName.replace(consumer, '')}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  }

  it.each<[string, ts.CompilerOptions]>([
    [
      'nodenext and every strict option, without the DOM',
      {
        lib: ['lib.es2022.d.ts'],
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noPropertyAccessFromIndexSignature: true,
        verbatimModuleSyntax: false,
      },
    ],
    ["the compiler's default libraries, the DOM among them, and no strictness", { strict: false }],
  ])('type-checks with %s', (_, options) => {
    expect(problemsOf(options)).toEqual([]);
  });

  it('type-checks when a bundler resolves its modules', () => {
    const file = write('bundled.ts', BOOTSTRAP);
    const options = { ...base, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
    const problems = ts.getPreEmitDiagnostics(ts.createProgram([file], options));
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  it('runs, and its span arrives', async () => {
    const { outputText } = ts.transpileModule(BOOTSTRAP, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    const outcome = await runWithZipkin(write('bootstrap-run.mjs', outputText));
    expect(outcome).toEqual({ code: 0, stderr: '', stdout: '', spans: ['charge'] });
  });
});

it('a CommonJS program delivers at its natural end', async () => {
  const file = write(
    'natural.cjs',
    `
    const { telemetry } = require('@oc/core');
    const { zipkin } = require('@oc/exporter-zipkin');
    telemetry({ service: 'commonjs', exporters: [zipkin()] }).tracer.span('natural', () => {});
    `,
  );
  expect(await runWithZipkin(file)).toEqual({ code: 0, stderr: '', stdout: '', spans: ['natural'] });
});

describe('bundled by esbuild into one file that runs where no package is installed,', () => {
  async function bundle(program: string, format: Format, minify = false): Promise<string> {
    const name = `${format}-${minify}-${program.length}`;
    const outfile = join(`${consumer}-bundles`, `${name}.${format === 'esm' ? 'mjs' : 'cjs'}`);
    const { warnings } = await build({
      entryPoints: [write(`to-bundle-${name}.mjs`, program)],
      outfile,
      bundle: true,
      format,
      minify,
      platform: 'node',
      target: 'node20',
      external: PACKAGES.flatMap(({ optionalPeers }) => optionalPeers),
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    return outfile;
  }
  afterAll(() => rmSync(`${consumer}-bundles`, { recursive: true, force: true }));

  it.each<[Format, boolean]>([
    ['esm', false],
    ['cjs', false],
    ['esm', true],
    ['cjs', true],
  ])('core as %s (minified: %s) delivers, and tells what process.exit() loses', async (format, minify) => {
    const program = `
      import { telemetry } from '@oc/core';
      import { ExportError } from '@oc/core/exporter';
      let calls = 0;
      const exporter = {
        name: 'printer',
        async exportSpans(spans) {
          if (++calls === 1) throw new ExportError('too-large', 'printer: one at a time');
          for (const { name, status } of spans) console.log(name, status.code);
        },
      };
      async function main() {
        const oc = telemetry({ service: 'bundled', exporters: [exporter] });
        oc.tracer.span('first', () => {});
        try { oc.tracer.span('second', () => { throw new Error('of the application'); }); } catch {}
        await oc.flush();
        oc.tracer.span('lost', () => {});
        process.exit(3);
      }
      void main();
    `;
    const { code, stdout, stderr } = await node(await bundle(program, format, minify));
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'first 0\nsecond 2\n' });
    expect(stderr).toMatch(/^\[oc\] .*\b1 span.*\n$/);
  });

  it.each<[Format]>([['esm'], ['cjs']])(
    'with an exporter as %s it delivers, without the optional peers',
    async (format) => {
      const program = `
      import { telemetry } from '@oc/core';
      import { zipkin } from '@oc/exporter-zipkin';
      telemetry({ service: 'bundled', exporters: [zipkin()] }).tracer.span('bundled', () => {});
    `;
      const outcome = await runWithZipkin(await bundle(program, format));
      expect(outcome).toEqual({ code: 0, stdout: '', stderr: '', spans: ['bundled'] });
    },
  );
});
