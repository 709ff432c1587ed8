import { type ExecFileException, execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program is in PATH, or undefined. */
export function programOf(name: string): string | undefined {
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name));
  return places.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const SETPRIV = '/usr/bin/setpriv';

/**
 * The command line, such that the program ends with the process that starts it, even if that is killed. Where there is
 * no Linux, only an orderly exit ends it.
 */
export function tied(command: string, args: readonly string[]): [string, string[]] {
  if (process.platform !== 'linux' || !existsSync(SETPRIV)) return [command, [...args]];
  return [SETPRIV, ['--pdeathsig', 'KILL', command, ...args]];
}

/** How a command is run. */
export interface CommandOptions {
  /** Its folder. Default: ours. */
  readonly cwd?: string;
  /** Variables beside ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads. Default: nothing. */
  readonly input?: string;
  /** That it goes on when this process is killed, for what must not end half-way. Default: it ends. */
  readonly outlives?: boolean;
}

/** What a command came to. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit code. Rejects when it cannot be started or is killed. */
export function outcomeOf(command: string, args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const [file, line] = options.outlives ? [command, args] : tied(command, args);
  return new Promise((resolve, reject) => {
    const settings = { cwd: options.cwd, env: { ...process.env, ...options.env }, maxBuffer: 1 << 28 };
    const child = execFile(file, line, settings, (error: ExecFileException | null, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: (error?.code as number | undefined) ?? 0, stdout, stderr });
    });
    child.stdin?.on('error', () => {}); // it may end before it has read all; its exit code tells what it made of that
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs a command to its end and gives what it printed. Rejects with the end of its output when it fails. */
export async function run(command: string, args: readonly string[], options?: CommandOptions): Promise<string> {
  const { code, stdout, stderr } = await outcomeOf(command, args, options);
  if (code === 0) return stdout;
  const end = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${end}`);
}
