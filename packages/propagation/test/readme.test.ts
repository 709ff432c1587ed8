import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { FORMATS, REMOTE, TAG_FORMATS } from './contexts.ts';

const run = promisify(execFile);
const ROOT = new URL('../../../', import.meta.url);
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

const unbuilt = ['core', 'exporter-console', 'propagation'].filter(
  (name) => !existsSync(new URL(`packages/${name}/dist/index.js`, ROOT)),
);

function skipUnlessBuilt(ctx: TestContext): void {
  if (unbuilt.length > 0) ctx.skip(`not built: ${unbuilt.join(', ')}; npm test builds them`);
}

const [start = '', example = ''] = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, lines = '']) => lines);
const SOURCES = { 'start.mts': start, 'example.mts': example };

// Below node_modules, so that the programs find the packages as their readers will.
const cache = fileURLToPath(new URL('node_modules/.cache/', ROOT));
let folder: string;
let faults: readonly string[] = [];

beforeAll(() => {
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, 'propagation-'));
  for (const [name, source] of Object.entries(SOURCES)) writeFileSync(join(folder, name), source);
  if (unbuilt.length === 0) faults = compile();
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Compiles the README's programs in strict mode; the answer is what the compiler has to say. */
function compile(): string[] {
  const files = Object.keys(SOURCES).map((name) => join(folder, name));
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    types: ['node'],
    typeRoots: [fileURLToPath(new URL('node_modules/@types', ROOT))],
    outDir: folder,
  });
  program.emit();
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

it("the README's client and server make one trace, and the tag arrives", async (ctx) => {
  skipUnlessBuilt(ctx);
  const { stdout, stderr } = await run(process.execPath, [join(folder, 'example.mjs')]);
  expect({ faults, stderr }).toEqual({ faults: [], stderr: '' });

  const [answer, ...lines] = stdout.trimEnd().split('\n');
  const spans = lines.map((line) => JSON.parse(line));
  const client = spans.find(({ kind }) => kind === 'client');
  expect(answer).toBe(`tenant acme, trace ${client.traceId}`);
  expect(spans.find(({ kind }) => kind === 'server')).toMatchObject({
    name: '/cart',
    traceId: client.traceId,
    parentSpanId: client.spanId,
    remoteParent: true,
  });
  expect(client.parentSpanId).toBeUndefined();
});

it("the README's first lines compile and run", async (ctx) => {
  skipUnlessBuilt(ctx);
  const { stdout, stderr } = await run(process.execPath, [join(folder, 'start.mjs')]);
  expect({ faults, stdout, stderr }).toEqual({ faults: [], stdout: '', stderr: '' });
});

it('the README has at most 80 lines and names every header that is sent', () => {
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(80);
  const sent = [
    ...FORMATS.flatMap((format) => format.encode({ ...REMOTE, traceState: 'a=1' })),
    ...TAG_FORMATS.flatMap((format) => format.encode({ a: '1' })),
  ];
  const names = sent.map(([name]) => name.replace(/^x-datadog(?=-(parent|sampling|tags))/, ''));
  expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
