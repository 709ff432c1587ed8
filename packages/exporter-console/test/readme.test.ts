import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);

it('the bootstrap lines of the README run as they are, and the span is out when the process ends', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, lines = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const cwd = fileURLToPath(new URL('..', import.meta.url)); // where the two packages are found by their names
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', lines], { cwd });

  expect(stderr).toBe('');
  expect(stdout).toMatch(/^[^\n]+\n$/);
  expect(JSON.parse(stdout)).toEqual({
    type: 'span',
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
    remoteParent: false,
    name: 'charge',
    kind: 'server',
    start: expect.any(Number),
    end: expect.any(Number),
    status: { code: 0 },
    attributes: { 'card.brand': 'visa' },
    annotations: [{ time: expect.any(Number), description: 'cache miss', attributes: { key: 'u42' } }],
    messageEvents: [],
    links: [],
    dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
    childCount: 0,
    resource: { labels: { 'service.name': 'checkout', 'service.instance.id': expect.any(String) } },
  });
});
