import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// How receivers are installed and started; what they themselves do is in receivers-running.test.ts.

const dist = new URL('receivers/dist/', import.meta.url);
const children: ChildProcess[] = [];
let folder = '';

beforeEach(async (test) => {
  test.skip(!existsSync(dist), 'tools/receivers is not built; npm test builds it');
  folder = await mkdtemp(join(tmpdir(), 'oc-receivers-test-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Starts a program that has a cache folder of its own. */
async function start(program: string, env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
  const file = join(folder, `${children.length}.mjs`);
  await writeFile(file, program);
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, OC_RECEIVERS_CACHE: join(folder, 'cache'), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

/** The first line of its output that begins so. */
async function line({ stdout }: ChildProcess, beginning: string): Promise<string> {
  for await (const each of createInterface(stdout as NodeJS.ReadableStream)) {
    if (each.startsWith(beginning)) return each;
  }
  throw new Error(`its output ended without ${beginning}`);
}

interface End {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

async function end(child: ChildProcess): Promise<End> {
  const closed = once(child, 'close');
  const [output, errors] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : '')),
  );
  const [code] = (await closed) as [number | null];
  return { code, output: output ?? '', errors: errors ?? '' };
}

/** The command line with receivers that need neither network nor time; `slow` waits half-way for the end of stdin. */
const CLI = `
import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPlaced, place } from '${new URL('cache.js', dist)}';
import { runCli } from '${new URL('cli.js', dist)}';
const receiver = (name, make) => ({
  name,
  proves: name + ' proves nothing',
  install: () => place(name + '-1.0', make),
  missing: async () => (isPlaced(name + '-1.0') ? undefined : 'it is not installed'),
});
const slow = receiver('slow', async (folder) => {
  writeFileSync(join(folder, 'first'), 'half');
  console.log('half-way');
  await once(process.stdin.resume(), 'end');
  writeFileSync(join(folder, 'second'), 'whole');
});
const broken = receiver('broken', async (folder) => {
  writeFileSync(join(folder, 'first'), 'half');
  throw new Error('the registry has no broken 1.0');
});
const quick = receiver('quick', async (folder) => {
  appendFileSync(process.env.MADE ?? join(folder, 'made'), 'made\\n');
  writeFileSync(join(folder, 'whole'), 'whole');
  await new Promise((resolve) => setTimeout(resolve, 300)); // that the other one meets it at work
});
const { ONLY = '', ARGS = '' } = process.env;
await runCli([slow, broken, quick].filter(({ name }) => ONLY.includes(name)), ARGS.split(' ').filter(Boolean));
`;

const cached = (): string[] => readdirSync(join(folder, 'cache')).sort();

describe('npm run receivers', () => {
  it('that is killed half-way leaves nothing that counts, and starts again', async () => {
    const killed = await start(CLI, { ONLY: 'slow' });
    await line(killed, 'half-way');
    killed.kill('SIGKILL');
    await once(killed, 'close');
    expect(cached()).toEqual([expect.stringMatching(/^slow-1\.0\.draft-\d+-/), 'slow-1.0.lock']);
    const listed = await end(await start(CLI, { ONLY: 'slow', ARGS: '--list' }));
    expect([listed.code, listed.output]).toEqual([0, expect.stringContaining('MISSING: it is not installed')]);

    const again = await start(CLI, { ONLY: 'slow' });
    again.stdin?.end();
    expect(await end(again)).toMatchObject({ code: 0, errors: '' });
    expect(cached()).toEqual(['slow-1.0']);
    expect(readdirSync(join(folder, 'cache', 'slow-1.0')).sort()).toEqual(['first', 'second']);
  });

  it('installs once when it runs twice at once', async () => {
    const MADE = join(folder, 'made');
    const both = [await start(CLI, { ONLY: 'quick', MADE }), await start(CLI, { ONLY: 'quick', MADE })];
    expect((await Promise.all(both.map(end))).map(({ code, errors }) => ({ code, errors }))).toEqual([
      { code: 0, errors: '' },
      { code: 0, errors: '' },
    ]);
    expect(readFileSync(MADE, 'utf8')).toBe('made\n');
    expect(cached()).toEqual(['quick-1.0']);
  });

  it('names what failed, installs the others, and ends with 1', async () => {
    const { code, output, errors } = await end(await start(CLI, { ONLY: 'broken quick' }));
    expect({ code, errors }).toEqual({ code: 1, errors: 'broken: FAILED: the registry has no broken 1.0\n' });
    expect(output).toMatch(/^ {2}broken +broken proves nothing\n +MISSING: it is not installed$/m);
    expect(output).toMatch(/^ {2}quick +quick proves nothing\n +there$/m);
    expect(cached()).toEqual(['quick-1.0']);
  });

  it('installs those that are named, and names those that are unknown', async () => {
    expect(await end(await start(CLI, { ONLY: 'broken quick', ARGS: 'quick' }))).toMatchObject({ code: 0, errors: '' });
    const { code, errors } = await end(await start(CLI, { ONLY: 'broken quick', ARGS: 'quack' }));
    expect({ code, errors }).toEqual({ code: 1, errors: 'receivers: there is no quack; there are broken, quick\n' });
  });
});

describe('a program that a test started', () => {
  const launch = (child: string, ready: string): string => `
    import { launch } from '${new URL('program.js', dist)}';
    const program = await launch({
      name: 'sleeper',
      command: process.execPath,
      args: () => ['-e', ${JSON.stringify(child)}],
      ready: ({ logged }, signal) => ${ready},
    });
    console.log('pid ' + program.pid);
    console.log('key ' + (await program.logged(/key .*/, new AbortController().signal))[0]);
  `;
  const sleeper = `console.log('key ' + process.env.SECRET_KEY); console.log('awake'); setInterval(() => {}, 1e6);`;
  const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}/stat`);

  it('ends with it, even if that is killed', async (test) => {
    test.skip(process.platform !== 'linux', 'only Linux can tie a program to its parent');
    const parent = await start(launch(sleeper, 'logged(/^awake$/, signal)'));
    const pid = Number((await line(parent, 'pid ')).slice('pid '.length));
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  it('gets nothing of the environment that it does not need', async () => {
    const parent = await start(launch(sleeper, 'logged(/^awake$/, signal)'), { SECRET_KEY: 'hunter2' });
    expect(await line(parent, 'key ')).toBe('key key undefined');
  });

  it('and that ends before it is ready is told with its log', async () => {
    const { code, errors } = await end(
      await start(launch(`console.error('no room'); process.exit(7)`, 'new Promise(() => {})')),
    );
    expect(code).toBe(1);
    expect(errors).toMatch(/sleeper: it ended with 7; its log:\nno room\n/);
  });
});

describe('a test with a receiver that is missing', () => {
  const fixtures = fileURLToPath(new URL('receivers/fixtures/', import.meta.url));
  const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
  const reporter = fileURLToPath(new URL('count-line.ts', import.meta.url));

  async function run(CI: string): Promise<End & { readonly last: readonly string[] }> {
    const args = [vitest, 'run', '--root', fixtures, '--reporter', 'default', '--reporter', reporter];
    const child = spawn(process.execPath, args, { env: { ...process.env, CI, NO_COLOR: '1', FORCE_COLOR: '0' } });
    children.push(child);
    const ended = await end(child);
    return { ...ended, last: ended.output.trimEnd().split('\n').slice(-3) };
  }

  it('is skipped, and the end of the run says what was left out and the command that adds it', async () => {
    const { code, last } = await run('');
    expect({ code, last }).toEqual({
      code: 0,
      last: [
        'left out: 2 tests with nowhere: there is no nowhere',
        'npm run receivers -- nowhere adds them',
        '1 passed, 0 failed',
      ],
    });
  });

  it('fails in CI', async () => {
    const { code, errors, last } = await run('true');
    expect(code).toBe(1);
    expect(errors).toContain('left out: nowhere: there is no nowhere; npm run receivers -- nowhere adds it');
    expect(last.at(-1)).toBe('1 passed, 1 failed');
  });
});
