import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  answering,
  certificates,
  FaultStream,
  HttpServer,
  heldBytes,
  holding,
  type Item,
  ManualClock,
  openBlackHole,
  Programs,
  reset,
  socketsTo,
  takeAndReset,
  testAuthority,
} from '@oc/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Changes } from '../src/changes.ts';

function itemsOf({ body }: { body: Buffer }): readonly Item[] {
  return `${body}`.split(',').map((id) => ({ id, name: id, attributes: {} }));
}

async function server(options?: Parameters<typeof HttpServer.open>[1]): Promise<HttpServer> {
  const opened = await HttpServer.open(itemsOf, options);
  onTestFinished(() => opened.tcp.close());
  return opened;
}

/** Writes bytes; gives all that came back until the other side ended. */
async function exchange(port: number, ...chunks: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const answer: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => answer.push(chunk)).on('error', () => {});
  for (const chunk of chunks) {
    socket.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(answer).toString();
}

describe('the HTTP server', () => {
  it('reads bodies by length, in chunks, packed, in any pieces, and one after another', async () => {
    const { tcp, arrivals } = await server();
    const packed = gzipSync('e,f');
    await exchange(
      tcp.port,
      'POST /one HTTP/1.1\r\nHo',
      'st: x\r\nContent-Length: 3\r\n\r\na,',
      'bPOST /two HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nc,\r\n1\r',
      '\nd\r\n0\r\n\r\n',
      Buffer.concat([
        Buffer.from(`POST /three HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`),
        packed,
      ]),
    );
    expect(arrivals.map(({ method, path, items }) => [method, path, items.map(({ id }) => id)])).toEqual([
      ['POST', '/one', ['a', 'b']],
      ['POST', '/two', ['c', 'd']],
      ['POST', '/three', ['e', 'f']],
    ]);
  });

  it('answers as it is told, one a request, and keeps a ledger of what it took', async () => {
    const opened = await server();
    opened.next(answering({ status: 503, headers: { 'retry-after': '7' }, body: 'no' }), takeAndReset);
    const post = 'POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\na';
    expect(await exchange(opened.tcp.port, post)).toBe(
      'HTTP/1.1 503 Told\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\nno',
    );
    expect(await exchange(opened.tcp.port, post)).toBe('');
    expect([...opened.took]).toEqual([['a', 1]]);
    expect(await exchange(opened.tcp.port, post)).toBe('HTTP/1.1 204 Told\r\n\r\n');
  });

  it.each(['head', 'middle'] as const)('acts at the %s of a request', async (at) => {
    const opened = await server();
    opened.next({ at, act: reset.act });
    await exchange(opened.tcp.port, 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n', 'a');
    expect(opened.arrivals.map(({ items, socket }) => [items, socket.destroyed])).toEqual([[[], true]]);
  });

  it('says so when it is asked for TLS and speaks none', async () => {
    const { tcp } = await server();
    expect(await exchange(tcp.port, Buffer.from([0x16, 3, 1, 0, 0]))).toMatch(/^HTTP\/1.1 400 /);
  });

  it.each([
    ['good', 'none'],
    ['expired', 'CERT_HAS_EXPIRED'],
    ['wrongHost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ] as const)('has a certificate that is %s', async (kind, code) => {
    const { tcp } = await server({ tls: certificates[kind] });
    const request = httpsRequest({ host: '127.0.0.1', port: tcp.port, ca: testAuthority, agent: false });
    const outcome = new Promise<string>((resolve) => {
      request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
      request.once('response', (response) => {
        response.destroy();
        resolve('none');
      });
    });
    request.end();
    expect(await outcome).toBe(code);
  });
});

it('a black hole lets every attempt to connect hang', async () => {
  const hole = await openBlackHole();
  onTestFinished(() => hole.close());
  const socket = connect(hole.port, '127.0.0.1').on('error', () => {});
  const outcome = await Promise.race([
    once(socket, 'connect').then(() => 'connected'),
    new Promise((resolve) => setTimeout(() => resolve('hangs'), 200)),
  ]);
  const states = socketsTo(hole.port);
  socket.destroy();
  expect(outcome).toBe('hangs');
  if (states) expect(states).toContain('connecting');
});

it('a stream holds what comes while it is stalled', async () => {
  const stream = new FaultStream((text) => [{ id: text, name: text, attributes: {} }], new Changes());
  stream.isStalled = true;
  const written = new Promise((resolve) => stream.write('a', resolve));
  expect([stream.unanswered, stream.took.size]).toEqual([1, 0]);
  stream.flow();
  await written;
  expect([stream.unanswered, [...stream.took]]).toEqual([0, [['a', 1]]]);
});

it('a manual clock runs timers in the order of their times, and none while something is busy', async () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  let isBusy = false;
  clock.after(20, () => seen.push('late'));
  clock.after(10, () => {
    seen.push('soon');
    isBusy = true;
    setTimeout(() => {
      seen.push('done');
      isBusy = false;
    }, 5);
  });
  clock.after(15, () => seen.push('never'))();
  await clock.pass(30, () => isBusy);
  expect([seen, clock.monotonic()]).toEqual([['soon', 'done', 'late'], 1_030]);
});

it('a program stands still at a point until the test lets it go on, or is killed there', async () => {
  const programs = new Programs({
    'points.mjs': `
      import { readSync, writeSync } from 'node:fs';
      const line = (word) => writeSync(3, JSON.stringify(word) + '\\n');
      export const say = (said) => line({ said });
      export const point = (point) => { line({ point }); readSync(3, Buffer.alloc(1)); };
    `,
  });
  onTestFinished(() => programs.remove());
  const program =
    "import { point, say } from './points.mjs'; say('before'); point('here'); say('after'); process.exitCode = 4;";
  const passed: string[] = [];
  const goes = await programs.run(program, { at: { here: () => passed.push('here') } });
  const killed = await programs.run(program, { at: { here: (child) => child.kill('SIGKILL') } });
  expect([passed, goes.said, goes.code]).toEqual([['here'], ['before', 'after'], 4]);
  expect([killed.said, killed.code, killed.signal]).toEqual([['before'], null, 'SIGKILL']);
});

it('probes see sockets, what holds the process, and bytes that are held', async () => {
  const { tcp } = await server();
  const before = heldBytes();
  const held = Buffer.alloc(50_000_000);
  expect(heldBytes() - before).toBeGreaterThan(40_000_000);
  expect(held.length).toBe(50_000_000);
  expect(holding()).toContain('TCPServerWrap');
  const socket = connect(tcp.port, '127.0.0.1');
  await once(socket, 'connect');
  const states = socketsTo(tcp.port);
  socket.destroy();
  if (states) expect(states).toContain('established');
});
