import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { tied } from './command.ts';
import type { Stoppable } from './receiver.ts';

/** A program that is running. */
export interface Program extends Stoppable {
  readonly pid: number;
  /** Its own folder, which is its working directory and is removed when it is stopped. */
  readonly folder: string;
  /** The lines that it has written so far, those of its errors among them. */
  readonly log: readonly string[];
  /** The first line that matches, of those that it wrote and will write. Waits until the signal aborts. */
  logged(pattern: RegExp, signal: AbortSignal): Promise<RegExpExecArray>;
}

/** How a program is started. */
export interface Launch {
  /** For messages: 'zipkin'. */
  readonly name: string;
  readonly command: string;
  /** Its arguments; files that they name may be written here, into its folder. */
  args(folder: string): readonly string[] | Promise<readonly string[]>;
  /** Its variables; of ours it gets only what finds programs, so that no key or address of this machine reaches it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Resolves when it takes data. */
  ready(program: Program, signal: AbortSignal): Promise<unknown>;
}

/** A machine that is busy with other tests may need this long to start a Java program. */
const READY_WITHIN_MS = 90_000;

/** Starts a program and resolves when it is ready. Rejects with its log when it ends before. */
export async function launch({ name, command, args, env, ready }: Launch): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), `oc-${name}-`));
  const child = spawn(...tied(command, await args(folder)), {
    cwd: folder,
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tidyAtExit = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', tidyAtExit);
  const log: string[] = [];
  const lines = new EventEmitter().setMaxListeners(0);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      log.push(line);
      lines.emit('line', line);
    });
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(`it ended with ${code ?? signal}`));
  });

  const program: Program = {
    pid: child.pid ?? 0,
    folder,
    log,
    async logged(pattern, signal) {
      for (let at = 0; ; at += 1) {
        while (at === log.length) await once(lines, 'line', { signal });
        const match = pattern.exec(log[at] ?? '');
        if (match) return match;
      }
    },
    // It holds nothing that a slower end would save.
    async stop() {
      process.off('exit', tidyAtExit);
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };

  const over = new AbortController();
  const outcome = await Promise.race([
    ready(program, over.signal).then(
      () => undefined,
      (error: unknown) => `${error}`,
    ),
    ended,
    delay(READY_WITHIN_MS, `it was not ready within ${READY_WITHIN_MS} ms`, { signal: over.signal, ref: false }),
  ]);
  over.abort();
  if (outcome === undefined) return program;
  await program.stop();
  throw new Error(`${name}: ${outcome}; its log:\n${log.slice(-30).join('\n')}`);
}

function inherited(): NodeJS.ProcessEnv {
  const { PATH, HOME, JAVA_HOME, TMPDIR } = process.env;
  return { PATH, HOME, JAVA_HOME, TMPDIR };
}

/** Resolves when a GET is answered with a 2xx. */
export async function answers(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await fetch(url, { signal }).catch(() => undefined); // nobody listens yet
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await delay(50, undefined, { signal });
  }
}
