import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { collector } from '../../../tools/receivers/collector.ts';
import { receiving } from '../../../tools/receivers/receiving.ts';

const run = promisify(execFile);
const running = receiving(collector, { receivers: { opencensus: {} } });

it('the bootstrap lines of the README run as they are, and the span is out when the process ends', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, lines = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const program = lines.replace('localhost:55678', running().address('opencensus'));
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)), // where the packages are found by their names
  });
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  const [span] = await running().traces(({ length }) => length >= 1);
  expect(span).toMatchObject({
    name: 'charge',
    kind: 2,
    attributes: { 'card.brand': { stringValue: 'visa' } },
    events: [{ name: 'cache miss', attributes: { key: { stringValue: 'u42' } } }],
    resource: { 'service.name': { stringValue: 'checkout' } },
  });
});
