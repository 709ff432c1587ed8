import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('demo/dist/main.js', import.meta.url));

interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind?: string;
  readonly name: string;
}

let collector: Server | undefined;
let demo: ChildProcess | undefined;

afterEach(() => {
  demo?.kill('SIGKILL');
  collector?.closeAllConnections();
  collector?.close();
});

/** Plays Zipkin: keeps what is posted to its span endpoint. */
async function openCollector(spans: ZipkinSpan[]): Promise<string> {
  const server = createServer(async (request, response) => {
    const isSpans = request.method === 'POST' && request.url === '/api/v2/spans';
    if (isSpans) spans.push(...((await json(request)) as ZipkinSpan[]));
    response.writeHead(isSpans ? 202 : 404).end();
  });
  collector = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The rows of the last health table: exporter, signal, state, accepted, delivered, waiting, dropped. */
function lastHealth(output: string): string[][] {
  return output
    .slice(output.lastIndexOf('  exporter  signal'))
    .split('\n')
    .slice(1)
    .filter((line) => line.startsWith('  '))
    .map((line) => line.trim().split(/ {2,}/));
}

interface Seen {
  readonly names: readonly string[];
  readonly rpcs: readonly string[];
  readonly exporters: readonly string[];
  readonly unsampled: readonly string[];
}

/** What the shop's pages show, at the address in its first line. */
async function seenOn(output: string): Promise<Seen> {
  const [, pages = ''] =
    /^See what the shop does, live in your browser: {2}(http:\/\/localhost:\d+\/)\n/.exec(output) ?? [];
  const read = async <T>(path: string): Promise<T> => (await (await fetch(pages + path)).json()) as T;
  const { names } = await read<{ names: readonly { name: string }[] }>('tracez?show=names&format=json');
  const { sent } = await read<{ sent: readonly { method: string }[] }>('rpcz?format=json');
  const { exporters } = await read<{ exporters: readonly { name: string }[] }>('exporterz?format=json');
  const { traces } = await read<{ traces: readonly { name: string; sampled?: boolean }[] }>('tracez?format=json');
  return {
    names: names.map(({ name }) => name),
    rpcs: sent.map(({ method }) => method),
    exporters: exporters.map(({ name }) => name),
    unsampled: traces.filter(({ sampled }) => sampled === false).map(({ name }) => name),
  };
}

test('the shop of `npm start` delivers every span that it shows, and says so when it is closed', async (ctx) => {
  if (!existsSync(PROGRAM)) ctx.skip('tools/demo is not built; npm test builds it');
  const received: ZipkinSpan[] = [];
  const zipkin = await openCollector(received);
  const child = spawn(process.execPath, [PROGRAM], {
    env: { ...process.env, ZIPKIN: zipkin, PORT: '0', ZPAGES_PORT: '0', NO_COLOR: '1', FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  demo = child;
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const errors = text(child.stderr);

  // Once an order is queued, a batch with a link to it is shipped, at closing time at the latest.
  let output = '';
  let seen: Seen | undefined;
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    output += chunk;
    if (seen || !output.includes('  orders send')) continue;
    seen = await seenOn(output);
    child.kill('SIGINT');
  }

  expect({ code: await exited, errors: await errors }).toEqual({ code: 0, errors: '' });
  expect(output).toMatch(/\nThe shop is open at http:\/\/127\.0\.0\.1:\d+;/);
  expect(seen).toEqual({
    names: expect.arrayContaining(['POST /checkout', 'payment authorize', 'orders send']),
    rpcs: expect.arrayContaining(['shop.payment/authorize', 'shop.stock/reserve']),
    exporters: ['zpages', 'console', 'archive', 'zipkin'],
    unsampled: expect.arrayContaining(['health check']),
  });
  const shown = [...output.matchAll(/ ([0-9a-f]{8}\/[0-9a-f]{8}) {2}/g)].map(([, id]) => id);
  expect(received.map(({ traceId, id }) => `${traceId.slice(0, 8)}/${id.slice(0, 8)}`).sort()).toEqual(shown.sort());
  expect(output).toMatch(/consumer .* orders ship .*\d link/);
  expect(output).toMatch(/ total .*shop\/revenue\{channel=/);

  const rows = lastHealth(output);
  const spans = `${shown.length}`;
  expect(rows.filter(([, signal]) => signal === 'spans')).toEqual([
    ['console', 'spans', 'closed', spans, spans, '0', '0'],
    ['archive', 'spans', 'closed', spans, spans, '0', '0'],
    ['zipkin', 'spans', 'closed', spans, spans, '0', '0'],
  ]);
  const [, , , collected, ...rest] = rows.find(([, signal]) => signal === 'metrics') ?? [];
  expect(Number(collected)).toBeGreaterThan(0);
  expect(rest).toEqual([collected, '0', '0']);

  const clients = new Set(received.filter(({ kind }) => kind === 'CLIENT').map(({ id }) => id));
  const servers = received.filter(({ kind }) => kind === 'SERVER');
  expect(servers.length).toBeGreaterThan(0);
  expect(servers.filter(({ parentId = '' }) => !clients.has(parentId))).toEqual([]);
}, 60_000);
