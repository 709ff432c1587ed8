import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';

export const ROOT: string = fileURLToPath(new URL('../../../../', import.meta.url));

/** The most that a program takes which nothing holds; what could hold those of these tests does so for 5 s and more. */
export const AT_ONCE_MS = 3_500;
/** The time of a program that ends when a drain's default deadline of 5 s has passed. */
export const DEADLINE_MS: { readonly least: number; readonly most: number } = { least: 4_300, most: 9_000 };

const LONGEST_MS = 20_000;

/** One request that came from a program. */
export interface Call {
  /** The process or thread that sent it: its 'service.instance.id'. */
  readonly instance: string;
  /** Names. */
  readonly spans: readonly string[];
  readonly metrics: readonly string[];
  /** The program's end of the socket: the same one for two calls means the same socket. */
  readonly port: number;
  /** What it was answered with; undefined when it was not. */
  status?: number;
}

/** What became of a program. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From its start to its end. */
  readonly ms: number;
  readonly calls: readonly Call[];
  /** The names of the spans that the backend accepted, sorted. */
  readonly spans: readonly string[];
}

export interface RunOptions {
  /** What the backend does with a call, the first being number 1. Default: 202. */
  readonly answer?: ((response: ServerResponse, number: number, call: Call) => void) | undefined;
  /** In place of the loopback backend. */
  readonly url?: string | undefined;
  /** Flags of Node. */
  readonly flags?: readonly string[] | undefined;
  /** Below node_modules/.cache, where the program is put. Default: a folder of this test file. */
  readonly folder?: string | undefined;
}

export type Run = (program: string, options?: RunOptions) => Promise<Outcome>;

/**
 * Runs programs against the built core, each in a process of its own and with a backend of its own on loopback. A program
 * has `telemetry` and the names of backend.mjs already.
 */
export function programs(): { readonly run: Run; folder(): string } {
  const answers = new Map<string, (response: ServerResponse, call: Call) => void>();
  const server = createServer({ keepAliveTimeout: 120_000 }, async (request, response) => {
    if (request.method !== 'POST') {
      response.end(); // a program's own request
      return;
    }
    const port = request.socket.remotePort ?? 0;
    const call: Call = { ...((await json(request)) as Omit<Call, 'port'>), port };
    response.once('finish', () => {
      call.status = response.statusCode;
    });
    answers.get(request.url ?? '')?.(response, call);
  });
  let folder = '';
  let count = 0;

  beforeAll(async () => {
    if (!existsSync(join(ROOT, 'packages/core/dist/index.js')))
      throw new Error('core is not built: npm test builds it');
    folder = cacheFolder('process-');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  async function run(program: string, options: RunOptions = {}): Promise<Outcome> {
    const { answer = accept, flags = [] } = options;
    const path = `/${++count}`;
    const calls: Call[] = [];
    answers.set(path, (response, call) => answer(response, calls.push(call), call));
    const file = join(options.folder ?? folder, `program-${count}.mjs`);
    writeFileSync(file, `${PRELUDE}${program}`);
    const { port } = server.address() as AddressInfo;
    const { PATH } = process.env; // and nothing else: telemetry, Node and proxies are all set by variables
    const began = performance.now();
    const child = spawn(process.execPath, [...flags, file], {
      env: { PATH, BACKEND: options.url ?? `http://127.0.0.1:${port}${path}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    });
    const ended = new Promise<Pick<Outcome, 'code' | 'signal' | 'ms'>>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal, ms: performance.now() - began }));
    });
    const [stdout, stderr, end] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    const accepted = calls.filter(({ status = 0 }) => status >= 200 && status < 300);
    return { ...end, stdout, stderr, calls, spans: accepted.flatMap(({ spans }) => spans).sort() };
  }

  return { run, folder: () => folder };
}

const PRELUDE = `import { telemetry } from '@oc/core'; import { backend, record } from '${new URL('backend.mjs', import.meta.url)}';`;

/** A fresh folder from which the workspace's packages can be imported. */
export function cacheFolder(prefix: string): string {
  const cache = join(ROOT, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  return mkdtempSync(join(cache, prefix));
}

/** Names of spans as `record` gives them, sorted. */
export function names(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `s${at}`).sort();
}

export function linesOf(output: string): string[] {
  return output.split('\n').filter((line) => line !== '');
}

export function accept(response: ServerResponse): void {
  response.writeHead(202).end();
}

/** A backend that takes the request and says nothing. */
export function hang(): void {}

/** A backend that answers so late. */
export function acceptAfter(ms: number): (response: ServerResponse) => void {
  return (response) => void setTimeout(() => accept(response), ms);
}
