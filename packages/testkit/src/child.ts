import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';

/** What became of a program. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it gave to `say`. */
  readonly said: readonly unknown[];
  /** From its start to its end, in milliseconds. */
  readonly ms: number;
  /** From its last word to its end, in milliseconds. */
  readonly afterWordMs: number;
}

/** How a program is run. */
export interface ProgramOptions {
  /** Flags of Node. */
  readonly flags?: readonly string[] | undefined;
  /** Environment variables; it gets no others but PATH. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What is done while the program stands still in `point(name)`; then it goes on, unless it is gone. */
  readonly at?: Readonly<Record<string, (child: ChildProcess) => unknown>> | undefined;
  /** When it is killed, in milliseconds. Default 18,000. */
  readonly longestMs?: number | undefined;
  /** Default '.mjs'. */
  readonly extension?: '.mjs' | '.cjs' | undefined;
}

const LONGEST_MS = 18_000;

/** A folder of programs that find packages as the tests do, each run in a process of its own. */
export class Programs {
  /** Below the nearest node_modules. */
  readonly folder: string;
  #count = 0;

  /** @param files texts by name, for the programs to import. */
  constructor(files: Readonly<Record<string, string>>) {
    const cache = join(nearestModules(), '.cache');
    mkdirSync(cache, { recursive: true });
    this.folder = mkdtempSync(join(cache, 'oc-testkit-'));
    linkOwnPackage(this.folder);
    for (const [name, content] of Object.entries(files)) this.put(name, content);
  }

  /** Runs a program to its end. */
  async run(
    program: string,
    { flags = [], env = {}, at = {}, extension = '.mjs', longestMs = LONGEST_MS }: ProgramOptions = {},
  ): Promise<Outcome> {
    const file = this.put(`program-${++this.#count}${extension}`, program);
    const { PATH } = process.env; // and nothing else: telemetry, Node and proxies are all set by variables
    const began = performance.now();
    const child = spawn(process.execPath, [...flags, file], {
      env: { PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      timeout: longestMs,
      killSignal: 'SIGKILL',
    });
    const [, stdout, stderr, line] = child.stdio;
    const said: unknown[] = [];
    let wordAt = began;
    const words = createInterface({ input: line as Duplex });
    words.on('error', () => {}); // it may be gone before it is told to go on
    words.on('line', async (json) => {
      const word = JSON.parse(json) as { said?: unknown; point?: string };
      wordAt = performance.now();
      if (word.point === undefined) {
        said.push(word.said);
        return;
      }
      await at[word.point]?.(child);
      (line as Duplex).write('.');
    });
    line?.on('error', () => {});
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; endedAt: number }>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal, endedAt: performance.now() }));
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    const [out, err, { code, signal, endedAt }] = await Promise.all([
      text(stdout as Duplex),
      text(stderr as Duplex),
      ended,
      closed,
    ]);
    return { code, signal, stdout: out, stderr: err, said, ms: endedAt - began, afterWordMs: endedAt - wordAt };
  }

  /** Puts a file into the folder; returns its path. */
  put(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** Removes the folder. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The nearest folder of packages that has ours. */
function nearestModules(): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules');
    if (existsSync(join(modules, '@oc'))) return modules;
    if (folder === dirname(folder)) throw new Error(`no node_modules/@oc in ${process.cwd()} or above it`);
  }
}

/**
 * Lets programs in a folder import the package that is tested by its own name, as its users do. Outside a workspace it is
 * in no node_modules, and a package finds itself only from files that are not below one.
 */
function linkOwnPackage(folder: string): void {
  for (let own = process.cwd(); ; own = dirname(own)) {
    if (existsSync(join(own, 'package.json'))) {
      const { name } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { name?: string };
      if (name === undefined) return;
      const link = join(folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(own, link, 'junction');
      return;
    }
    if (own === dirname(own)) return;
  }
}

/**
 * What a program of the suite has beside the module of the exporter under test, in `subject.mjs`, which exports `make` and
 * may export a `telemetry` of its own.
 */
export const HARNESS = `
import { readSync, writeSync } from 'node:fs';
import * as core from '@oc/core';
import * as subject from './subject.mjs';

export const { signal, target, targets } = JSON.parse(process.env.OC_TESTKIT);
export const make = subject.make;
const rows = core.measure({ name: 'testkit/rows' });

/** Tells the test a value. */
export function say(value) {
  writeSync(3, JSON.stringify({ said: value ?? null }) + '\\n');
}

/** Stands still, all of it, until the test lets it go on. */
export function point(name) {
  writeSync(3, JSON.stringify({ point: name }) + '\\n');
  readSync(3, Buffer.alloc(1));
}

/** A telemetry with the exporter under test. */
export function open({ on = target, exporter = make(on), delivery = {}, start = subject.telemetry ?? core.telemetry, ...options } = {}) {
  return start({
    service: 'testkit',
    exporters: [[exporter, { signals: [signal], metricsEveryMs: 2_000_000_000, ...delivery }]],
    views: signal === 'metrics' ? [core.view({ measure: rows, aggregation: core.sum(), tagKeys: ['id', 'pad'] })] : [],
    ...options,
  });
}

/** Makes so many items, named s0, s1, ... */
export function record(oc, count = 1, prefix = 's', padding = 0) {
  const pad = 'x'.repeat(padding);
  for (let at = 0; at < count; at++) {
    const name = prefix + at;
    if (signal === 'spans') oc.tracer.startSpan(name, { attributes: { pad } }).end();
    else oc.stats.record([[rows, at + 1]], { id: name, pad });
  }
}

/** The account of the exporter under test, in figures. */
export function figures(oc) {
  const { state, accepted, delivered, dropped, queued, inFlight } = oc.health()[0][signal];
  return { state, accepted, delivered, dropped, queued, inFlight };
}

/** The exporter under test, which tells \`told\` the instance id of each of its calls. */
export function watched(told, on = target) {
  const exporter = make(on);
  const spy = (method) => exporter[method] && {
    value: (items, call) => {
      told(call.resource.labels['service.instance.id']);
      return exporter[method](items, call);
    },
  };
  const spies = { exportSpans: spy('exportSpans'), exportMetrics: spy('exportMetrics') };
  return Object.create(exporter, Object.fromEntries(Object.entries(spies).filter(([, value]) => value)));
}
`;
