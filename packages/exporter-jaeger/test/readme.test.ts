import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { backend } from './backend.ts';
import { readBody } from './oracle.ts';

const run = promisify(execFile);

it('the bootstrap lines of the README run as they are, and the span is out when the process ends', async () => {
  const { host, arrivals } = await backend();
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, lines = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', lines], {
    cwd: fileURLToPath(new URL('..', import.meta.url)), // where the packages are found by their names
    env: { ...process.env, OTEL_EXPORTER_JAEGER_ENDPOINT: `http://${host}` },
  });

  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  expect(arrivals.map(({ path, body }) => [path, readBody(body)])).toMatchObject([
    [
      '/api/traces',
      {
        serviceName: 'checkout',
        spans: [
          {
            operationName: 'charge',
            tags: [
              ['span.kind', 'STRING', 'server'],
              ['card.brand', 'STRING', 'visa'],
            ],
            logs: [
              {
                fields: [
                  ['event', 'STRING', 'cache miss'],
                  ['key', 'STRING', 'u42'],
                ],
              },
            ],
          },
        ],
      },
    ],
  ]);
});
