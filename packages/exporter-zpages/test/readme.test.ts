import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

it('the bootstrap lines of the README run as they are, and their trace is on the page', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, lines = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  // As they are but for the port, which another test may have.
  const program = `${lines.replace('zpages()', 'zpages({ port: 0 })')}
    await oc.ready;
    console.log(pages.address.port);
    setInterval(() => {}, 1_000);`;
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)), // where the packages are found by their names
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill());
  const [stdout, stderr] = [child.stdout, child.stderr];
  if (!stdout || !stderr) throw new Error('the child has no output');
  const errors = text(stderr);
  let port = '';
  for await (const chunk of stdout.setEncoding('utf8')) {
    port = String(chunk).trim();
    break;
  }
  const answer = await fetch(`http://localhost:${port}/tracez?format=json`);
  const { traces } = (await answer.json()) as { traces: readonly { name: string }[] };
  child.kill();
  expect({ errors: await errors, names: traces.map(({ name }) => name) }).toEqual({
    errors: '',
    names: ['charge'],
  });
});
