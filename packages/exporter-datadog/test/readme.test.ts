import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { answering, HttpServer } from '@oc/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { decode04, linesIn } from './decode.ts';

const run = promisify(execFile);

it('the bootstrap lines of the README run as they are, and span and count are out when the process ends', async () => {
  const server = await HttpServer.open(() => []);
  server.behave = answering({ status: 200, body: '{}' });
  const socket = createSocket('udp4');
  const datagrams: string[] = [];
  socket.on('message', (datagram) => datagrams.push(`${datagram}`));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(async () => {
    socket.close();
    await server.tcp.close();
  });
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, lines = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', lines], {
    cwd: fileURLToPath(new URL('..', import.meta.url)), // where the packages are found by their names
    env: {
      ...process.env,
      DD_TRACE_AGENT_URL: `http://127.0.0.1:${server.tcp.port}`,
      DD_DOGSTATSD_URL: `udp://127.0.0.1:${socket.address().port}`,
      DD_ORIGIN_DETECTION_ENABLED: 'false',
    },
  });

  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  const spans = server.arrivals.flatMap(({ body }) => decode04(body).flat());
  expect(
    spans.map(({ service, resource, type, meta }) => [service, resource, type, meta.env, meta['card.brand']]),
  ).toEqual([['checkout', 'charge', 'web', 'prod', 'visa']]);
  while (datagrams.length === 0) await once(socket, 'message');
  expect(datagrams.flatMap((datagram) => linesIn(datagram))).toEqual([
    {
      name: 'shop_orders',
      value: 1,
      type: 'c',
      tags: { channel: 'web', service: 'checkout', env: 'prod', version: '1.2.3' },
      fields: [],
    },
  ]);
});
