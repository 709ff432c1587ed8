import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type SignalHealth, type Telemetry, telemetry } from '@oc/core';
import { zipkin } from '@oc/exporter-zipkin';
import { expect, onTestFinished, test } from 'vitest';

// The rows of the fault list that take minutes or more. NIGHTLY_SCALE=0.05 makes five minutes of fifteen seconds, and
// NIGHTLY_SOAK_HOURS sets how long the last one runs (a release wants 72).
const SCALE = Number(process.env.NIGHTLY_SCALE ?? 1);
const SOAK_HOURS = Number(process.env.NIGHTLY_SOAK_HOURS ?? 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const FOREVER = 2_147_483_647;

interface Backend {
  readonly server: Server;
  readonly url: string;
  /** Each request: when it came, and how many spans it brought. */
  readonly requests: { readonly at: number; readonly status: number }[];
  /** How often each span was taken. */
  readonly taken: Map<string, number>;
}

/** A Zipkin that answers as `answer` says: a status after so many milliseconds. */
async function backend(answer: () => { readonly status: number; readonly afterMs: number }): Promise<Backend> {
  const requests: Backend['requests'] = [];
  const taken = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status, afterMs } = answer();
    if (afterMs > 0) await pause(afterMs);
    requests.push({ at: performance.now(), status });
    if (status === 202) {
      for (const { id } of JSON.parse(`${Buffer.concat(chunks)}`)) taken.set(id, (taken.get(id) ?? 0) + 1);
    }
    response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, taken };
}

/** Ends spans at a steady pace; returns their ids. */
async function trickle(oc: Telemetry, perSecond: number, ms: number): Promise<readonly string[]> {
  const ids: string[] = [];
  const TICK = 50;
  for (const end = performance.now() + ms; performance.now() < end; await pause(TICK)) {
    for (let i = 0; i < (perSecond * TICK) / SECOND; i++) {
      const span = oc.tracer.startSpan('work', { parent: null });
      span.end();
      ids.push(span.context.spanId);
    }
  }
  return ids;
}

function accountOf(oc: Telemetry): SignalHealth {
  return oc.health()[0]?.spans as SignalHealth;
}

test('N8: a path that loses 30 % of segments and is 500 ms long, more or less, lets all spans through', {
  timeout: FOREVER,
}, async () => {
  const { server, taken } = await backend(() => ({ status: 202, afterMs: 0 }));
  const { port } = server.address() as AddressInfo;
  // A lost segment shows to the other end as one that comes a retransmission later, with all that follows it.
  const path = createTcpServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      let arrived: Promise<unknown> = Promise.resolve();
      from.on('data', (segment) => {
        const delay = 200 + Math.random() * 600 + (Math.random() < 0.3 ? 1_000 : 0);
        arrived = Promise.all([arrived, pause(delay)]).then(() => to.write(segment));
      });
      from.on('error', () => to.destroy());
      from.on('close', () => void arrived.then(() => to.destroy()));
    }
  });
  path.listen(0, '127.0.0.1');
  await once(path, 'listening');
  onTestFinished(() => void path.close());
  const url = `http://127.0.0.1:${(path.address() as AddressInfo).port}`;
  const oc = telemetry({ exporters: [zipkin({ url })], flushOn: [] });
  const ids = await trickle(oc, 200, 5 * MINUTE * SCALE);
  const [drained] = await oc.shutdown({ withinMs: 30 * SECOND });
  expect(drained?.spans).toMatchObject({ accepted: ids.length, delivered: ids.length, dropped: {} });
  expect(ids.filter((id) => taken.get(id) !== 1)).toEqual([]);
});

test('B13: a backend that is ten times slower for ten minutes fills no more than the queue, and is served again after', {
  timeout: FOREVER,
}, async () => {
  let slow = false;
  const { url, taken } = await backend(() => ({ status: 202, afterMs: slow ? 2_000 : 200 }));
  const oc = telemetry({ exporters: [[zipkin({ url }), { queueItems: 5_000 }]], flushOn: [] });
  const before = await trickle(oc, 500, MINUTE * SCALE);
  slow = true;
  const during = await trickle(oc, 2_000, 10 * MINUTE * SCALE);
  const { queued, inFlight } = accountOf(oc);
  expect(queued + inFlight).toBeLessThanOrEqual(5_000);
  slow = false;
  await oc.flush({ withinMs: MINUTE });
  const after = await trickle(oc, 500, MINUTE * SCALE);
  await oc.shutdown({ withinMs: 30 * SECOND });
  const { accepted, delivered, dropped } = accountOf(oc);
  expect({ accepted, delivered }).toEqual({
    accepted: before.length + during.length + after.length,
    delivered: taken.size,
  });
  expect(accepted).toBe(delivered + (dropped['queue-full'] ?? 0));
  expect(after.filter((id) => !taken.has(id))).toEqual([]);
});

test('B14: a backend that goes up and down each 5 s gets no storm of requests, and every span', {
  timeout: FOREVER,
}, async () => {
  const started = performance.now();
  const isDown = (): boolean => Math.floor((performance.now() - started) / (5 * SECOND)) % 2 === 1;
  const { url, requests, taken } = await backend(() => ({ status: isDown() ? 503 : 202, afterMs: 5 }));
  const oc = telemetry({ exporters: [zipkin({ url })], flushOn: [] });
  const ids = await trickle(oc, 500, 5 * MINUTE * SCALE);
  await oc.shutdown({ withinMs: 30 * SECOND });
  expect(ids.filter((id) => taken.get(id) !== 1)).toEqual([]);
  const batches = requests.filter(({ status }) => status === 202).length;
  // While it is down one probe at a time, 250 ms apart at the least and growing: at most six in 5 s, and those under way.
  const downs = Math.ceil((performance.now() - started) / (10 * SECOND));
  expect(requests.length - batches).toBeLessThanOrEqual(0.2 * batches + 10 * downs);
});

test('L8: a process that is frozen for ten minutes goes on where it was', { timeout: FOREVER }, async () => {
  const { url, taken } = await backend(() => ({ status: 202, afterMs: 0 }));
  const child = fork(fileURLToPath(new URL('frozen.mjs', import.meta.url)), [url], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.on('data', (text) => {
    errors += text;
  });
  await once(child, 'message'); // it has sent something, and keeps a socket
  child.kill('SIGSTOP');
  await pause(10 * MINUTE * SCALE);
  child.kill('SIGCONT');
  child.send('go on');
  const [flushMs] = await once(child, 'message');
  const [code] = await once(child, 'exit');
  expect({ code, errors, taken: taken.size }).toEqual({ code: 0, errors: '', taken: 20 });
  expect(flushMs).toBeLessThan(2_000);
});

test('L13: a soak with 1 % of faults does not grow', { timeout: FOREVER }, async () => {
  const { url } = await backend(() => ({ status: Math.random() < 0.01 ? 503 : 202, afterMs: 1 }));
  const oc = telemetry({ exporters: [zipkin({ url })], flushOn: [] });
  const readings: { readonly hours: number; readonly heap: number; readonly handles: number }[] = [];
  const hours = SOAK_HOURS * SCALE;
  const started = performance.now();
  for (let part = 0; part < 10; part++) {
    await trickle(oc, 200, (hours * 60 * MINUTE) / 10);
    await oc.flush();
    globalThis.gc?.();
    const { heapUsed } = process.memoryUsage();
    const elapsed = (performance.now() - started) / (60 * MINUTE);
    readings.push({ hours: elapsed, heap: heapUsed, handles: process.getActiveResourcesInfo().length });
  }
  await oc.shutdown({ withinMs: 30 * SECOND });
  const { accepted, delivered } = accountOf(oc);
  expect(delivered).toBe(accepted);
  // From the second reading on: what came before is warm-up.
  const [first, last] = [readings[1], readings.at(-1)];
  const slope =
    ((last?.heap ?? 0) - (first?.heap ?? 0)) / 2 ** 20 / Math.max(1, (last?.hours ?? 0) - (first?.hours ?? 0));
  expect(slope).toBeLessThan(hours >= 1 ? 1 : 4);
  expect(Math.abs((last?.handles ?? 0) - (first?.handles ?? 0))).toBeLessThan(10);
});
