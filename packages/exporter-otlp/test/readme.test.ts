import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { backend } from './backend.ts';
import { itemsInProtobuf } from './items.ts';

const run = promisify(execFile);

it('the bootstrap lines of the README run as they are, and all is out when the process ends', async () => {
  const { host, arrivals } = await backend(200, { 'content-type': 'application/x-protobuf' });
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, lines = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', lines], {
    cwd: fileURLToPath(new URL('..', import.meta.url)), // where the packages are found by their names
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}` },
  });

  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  const items = arrivals.flatMap(({ path, body }) =>
    itemsInProtobuf(path === '/v1/traces' ? 'traces' : 'metrics', body),
  );
  expect(items.map(({ name, attributes, value }) => ({ name, attributes, value }))).toEqual(
    expect.arrayContaining([
      { name: 'charge', attributes: { 'card.brand': 'visa' }, value: undefined },
      { name: 'shop/orders', attributes: { method: 'POST' }, value: 1 },
    ]),
  );
});
