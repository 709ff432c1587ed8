import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, beforeEach, describe, expect, type TestContext, test } from 'vitest';

const ROOT = new URL('../', import.meta.url);
const PAGES = ['README.md', 'packages/core/README.md'];
const PACKAGES = ['core', 'exporter-console', 'exporter-zipkin'];
const unbuilt = PACKAGES.filter((name) => !existsSync(new URL(`packages/${name}/dist/index.js`, ROOT)));

/** A block of a page that is a whole program: it begins by importing what it uses. */
interface Program {
  readonly page: string;
  readonly line: number;
  readonly file: string;
  readonly source: string;
}

const programs = PAGES.flatMap((page, pageAt) => {
  const markdown = readFileSync(new URL(page, ROOT), 'utf8');
  return [...markdown.matchAll(/^```(ts|js)\n(.*?)^```$/gms)].flatMap((match): Program[] => {
    const [, language, source = ''] = match;
    if (!/^(import .* from|const .* = require\()/.test(source)) return [];
    const line = markdown.slice(0, match.index).split('\n').length;
    return [{ page, line, file: `${pageAt}-line-${line}${language === 'ts' ? '.mts' : '.cjs'}`, source }];
  });
});

let folder: string;
let faults: readonly { readonly file: string | undefined; readonly message: string }[] = [];
let collector: Server;
let received: Record<string, unknown>[] = [];

beforeAll(async () => {
  // Below node_modules, so that programs find the packages as their readers will.
  const cache = fileURLToPath(new URL('node_modules/.cache/', ROOT));
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, 'readme-'));
  for (const { file, source } of programs) writeFileSync(join(folder, file), source);
  if (unbuilt.length === 0) faults = compile();

  // Plays Zipkin.
  collector = createServer(async (request, response) => {
    received.push(...((await json(request)) as Record<string, unknown>[]));
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});

beforeEach(() => {
  received = [];
});

afterAll(() => {
  collector.closeAllConnections();
  collector.close();
  rmSync(folder, { recursive: true });
});

/** Compiles all programs in strict mode, against the built packages; the answer is what the compiler has to say. */
function compile(): typeof faults {
  const files = programs.map(({ file }) => join(folder, file)).filter((path) => path.endsWith('.mts'));
  const compilation = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    types: ['node'],
    typeRoots: [fileURLToPath(new URL('node_modules/@types', ROOT))],
    outDir: folder,
  });
  const { diagnostics } = compilation.emit();
  return [...ts.getPreEmitDiagnostics(compilation), ...diagnostics].map(({ file, messageText }) => ({
    file: file && basename(file.fileName),
    message: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }));
}

/** Runs a program, with a Zipkin where its exporter looks for one. */
async function run({ file }: Program): Promise<{ code: number | null; output: string; errors: string }> {
  const { port } = collector.address() as AddressInfo;
  const child = spawn(process.execPath, [join(folder, file.replace(/\.mts$/, '.mjs'))], {
    env: { ...process.env, OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${port}/api/v2/spans` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { code, output, errors };
}

function skipUnlessBuilt(ctx: TestContext): void {
  if (unbuilt.length > 0) ctx.skip(`not built: ${unbuilt.join(', ')}; npm test builds them`);
}

test.for(programs)(
  'the program at line $line of $page compiles, and runs to its end without a warning',
  async (program, ctx) => {
    skipUnlessBuilt(ctx);
    const { code, errors } = await run(program);
    const wrong = faults.filter(({ file }) => file === undefined || file === program.file);
    expect({ wrong, code, errors }).toEqual({ wrong: [], code: 0, errors: '' });
  },
);

test("the quick start's span reaches Zipkin and the console, and its metric the console", async (ctx) => {
  skipUnlessBuilt(ctx);
  const [quickStart] = programs;
  if (!quickStart) throw new Error('README.md has no program');
  const { output } = await run(quickStart);
  const [span, metric] = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const annotation = { timestamp: span.annotations[0].time, value: 'cache miss {"key":"u42"}' };
  expect(received).toEqual([
    {
      traceId: span.traceId,
      id: span.spanId,
      name: 'charge',
      kind: 'SERVER',
      timestamp: span.start,
      duration: Math.max(1, span.end - span.start),
      localEndpoint: { serviceName: 'checkout' },
      annotations: [annotation],
      tags: { 'card.brand': 'visa', 'census.status_code': '0' },
    },
  ]);
  const { name, labels, value } = metric;
  expect({ name, labels, counts: value.bucketCounts }).toEqual({
    name: 'shop/latency',
    labels: { method: 'POST' },
    counts: [0, 0, 1, 0, 0, 0],
  });
});

describe.each(PAGES)('%s', (page) => {
  const markdown = readFileSync(new URL(page, ROOT), 'utf8');

  test('shows programs', () => {
    expect(programs.filter((program) => program.page === page).length).toBeGreaterThan(2);
  });

  test('links to files that are there', () => {
    const links = [...markdown.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(new URL(link, new URL(page, ROOT))))).toEqual([]);
  });

  test('names scripts that are there', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
    const named = [...markdown.matchAll(/npm (?:run ([\w-]+)|(start|test)\b)/g)].map(([, run, own]) => run ?? own);
    expect(named.filter((script = '') => !(script in scripts))).toEqual([]);
  });
});

test('the guide to write an exporter ends in exporters that send what was recorded', async (ctx) => {
  skipUnlessBuilt(ctx);
  const sourceOf = (name: string): Program => {
    const program = programs.find(({ source }) => source.includes(`export function ${name}(`));
    if (!program) throw new Error(`the guide has no ${name}`);
    return program;
  };
  const traces = JSON.parse((await run(sourceOf('acme'))).output);
  expect(traces).toEqual({
    service: 'checkout',
    spans: [
      {
        trace: expect.stringMatching(/^[0-9a-f]{32}$/),
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        name: 'charge',
        start: expect.any(Number),
        ms: expect.any(Number),
        ok: true,
        attributes: { 'card.brand': 'visa' },
      },
    ],
  });
  const stats = (await run(sourceOf('acmeStats'))).output;
  expect(stats.trim().split('\n')).toEqual([
    'shop/orders{channel=web} 3',
    'shop/orders{channel=app} 1',
    'shop/waiting{} 7',
  ]);
});
