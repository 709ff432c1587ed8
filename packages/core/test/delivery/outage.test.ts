import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ManualClock } from './clock.ts';
import {
  type Arrival,
  Backend,
  closedPort,
  endSpans,
  figures,
  ok,
  onceEach,
  reset,
  rig,
  silence,
  spansOf,
  status,
  takeAndReset,
  wire,
} from './wire.ts';

const IDLE = { state: 'idle', dropped: {}, queued: 0, inFlight: 0 };

test('a burst of 20,000 spans in one tick arrives whole, each span once, at default options', async () => {
  const backend = await Backend.open();
  const { oc, problems } = rig([wire(backend)]);
  const names = endSpans(oc, 20_000);
  await backend.until(({ took }) => took.size === names.length);
  const [drained] = await oc.flush();
  expect(backend.took).toEqual(onceEach(names));
  expect(drained?.unsettled).toBe(0);
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 20_000, delivered: 20_000 });
  expect(Math.max(...backend.arrivals.map(({ ids }) => ids.length))).toBe(512);
  expect(problems).toEqual([]);
});

test('what was recorded while the port was closed for 3 s arrives once the backend is up', async () => {
  const port = await closedPort();
  const { oc } = rig([wire(new URL(`http://127.0.0.1:${port}/v1/ids`))]);
  const before = endSpans(oc, 3_000, 'before');
  const up = new Promise((resolve) => setTimeout(resolve, 3_000)).then(() => Backend.open(ok, port));
  const during = oc.flush({ withinMs: 1_000 });
  expect(await during).toMatchObject([{ unsettled: 3_000, spans: { state: 'retrying', delivered: 0, dropped: {} } }]);
  const backend = await up;
  const after = endSpans(oc, 100, 'after');
  const [drained] = await oc.flush({ withinMs: 10_000 });
  expect(drained?.unsettled).toBe(0);
  expect(backend.took).toEqual(onceEach(before, after));
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 3_100, delivered: 3_100 });
});

test('while the backend is down one call at a time probes it, 250 ms to 5 s apart, and all arrives in the end', async () => {
  const clock = new ManualClock();
  const port = await closedPort();
  const exporter = wire(new URL(`http://127.0.0.1:${port}/v1/ids`), { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([[exporter, { batchItems: 10 }]], { clock });
  const names = endSpans(oc, 200);
  const start = clock.monotonic();
  await clock.pass(60_000, busy);
  const probes = exporter.calls.filter(({ at }) => at > start);
  const gaps = probes.slice(1).map(({ at }, i) => at - (probes[i]?.endedAt ?? Number.NaN));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(250);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(5_000);
  expect(probes.length).toBeLessThan(60);
  // It sleeps in between: a probe needs a timer to start it, its deadline, and little else.
  expect(clock.timersSet).toBeLessThan(10 * exporter.calls.length);
  // The four that were under way when the first of them failed are all that ever ran side by side.
  expect(exporter.calls.length - probes.length).toBeLessThanOrEqual(4);
  expect(exporter.most).toBeLessThanOrEqual(4);
  const backend = await Backend.open(ok, port);
  await clock.until(() => spansOf(oc).delivered === 200, busy);
  expect(backend.took).toEqual(onceEach(names));
});

test.each([503, 401])('beside a probe that is not answered yet no other call starts, after a %d', async (code) => {
  const clock = new ManualClock();
  const held: Arrival[] = [];
  const backend = await Backend.open((arrival) => (arrival.n <= 4 ? arrival.answer(code) : held.push(arrival)));
  const exporter = wire(backend, { clock });
  const { oc } = rig([[exporter, { batchItems: 10, attemptMs: 1_000_000 }]], { clock });
  const names = endSpans(oc, 200);
  const isHeld = (): boolean => exporter.running > held.length;
  await clock.until(() => held.length === 1, isHeld);
  await clock.pass(200_000, isHeld);
  expect([exporter.running, held.length]).toEqual([1, 1]);
  backend.behave = ok;
  held.pop()?.answer(204);
  await clock.until(
    () => spansOf(oc).delivered === 200,
    () => exporter.running > 0,
  );
  expect(backend.took).toEqual(onceEach(names));
});

test('one 503 costs one more request, and each span is delivered once', async () => {
  const backend = await Backend.open();
  backend.next(status(503));
  const { oc, problems } = rig([wire(backend)]);
  const names = endSpans(oc, 100);
  const [drained] = await oc.flush();
  expect(backend.log).toEqual([
    [100, 503],
    [100, 204],
  ]);
  expect(backend.took).toEqual(onceEach(names));
  expect(drained).toMatchObject({ unsettled: 0, spans: { delivered: 100, dropped: {} } });
  expect(problems).toEqual([]);
});

test('500, 502, 503, 504, an unknown 5xx, 408, 425 and 429 are tried again', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open();
  const codes = [500, 502, 503, 504, 599, 408, 425, 429];
  backend.next(...codes.map((code) => status(code)));
  const exporter = wire(backend, { clock });
  const { oc } = rig([exporter], { clock });
  const names = endSpans(oc, 3);
  await clock.until(
    () => spansOf(oc).delivered === 3,
    () => exporter.running > 0,
  );
  expect(backend.took).toEqual(onceEach(names));
  expect(backend.log).toEqual([...codes, 204].map((code) => [3, code]));
});

test('a connection that is reset after the head of the request, or in its body, is tried again', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open();
  let heads = 0;
  backend.onHead = (request) => {
    if (++heads === 1) {
      request.socket.resetAndDestroy();
      return true;
    }
    if (heads === 2) {
      request.once('data', () => request.socket.resetAndDestroy());
      return true;
    }
    return false;
  };
  // More than the buffers of a connection hold, so that the second reset meets the body on its way.
  const exporter = wire(backend, { clock, padBytes: 16_000_000 });
  const { oc } = rig([exporter], { clock });
  const names = endSpans(oc, 100);
  const [drained] = await clock.settle(oc.flush(), () => exporter.running > 0);
  expect(heads).toBe(3);
  expect(backend.took).toEqual(onceEach(names));
  expect(drained).toMatchObject({ unsettled: 0, spans: { delivered: 100, dropped: {} } });
});

test('a connection that is reset once the whole request was read is tried again with the same spans', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open();
  backend.next(reset, takeAndReset);
  const exporter = wire(backend, { clock });
  const { oc } = rig([exporter], { clock });
  const names = endSpans(oc, 5);
  await clock.settle(oc.flush(), () => exporter.running > 0);
  expect(backend.arrivals.map(({ ids }) => ids)).toEqual([names, names, names]);
  // Spans are sent again when an answer is lost: the backend knows them by their ids.
  expect(backend.took).toEqual(new Map(names.map((name) => [name, 2])));
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 5, delivered: 5 });
});

test('a connection that is reset after the head of a 200 counts as accepted and is not sent again', async () => {
  const backend = await Backend.open();
  backend.next(({ take, response, socket }) => {
    take();
    response.writeHead(200, { 'content-length': '100' }).write('{');
    // The head has to reach the client before the reset does.
    setTimeout(() => socket.resetAndDestroy(), 30);
  });
  const { oc } = rig([wire(backend)]);
  const names = endSpans(oc, 7);
  const [drained] = await oc.flush();
  const more = endSpans(oc, 1, 'next');
  await oc.flush();
  expect(drained).toMatchObject({ unsettled: 0, spans: { accepted: 7, delivered: 7, dropped: {} } });
  expect(backend.took).toEqual(onceEach(names, more));
  expect(backend.arrivals).toHaveLength(2);
  expect(spansOf(oc).lastWarning?.message).toMatch(/^wire: POST http:.* answered 200, then failed/);
});

test('a server that takes the request and is silent costs one attempt, which ends at its deadline', async () => {
  const backend = await Backend.open();
  backend.next(silence);
  const exporter = wire(backend);
  const { oc } = rig([[exporter, { attemptMs: 300 }]]);
  const names = endSpans(oc, 4);
  await oc.flush();
  const [first] = exporter.calls;
  const took = (first?.endedAt ?? 0) - (first?.at ?? 0);
  expect(took).toBeGreaterThan(290);
  expect(took).toBeLessThan(600);
  expect(first?.outcome).toBe('unavailable');
  expect(first?.signal.aborted).toBe(true);
  expect(backend.took).toEqual(onceEach(names));
  expect(backend.arrivals[0]?.socket.destroyed).toBe(true);
});

test('a server that does not read the request costs one attempt, and its socket is dropped', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.pause();
    sockets.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const exporter = wire(new URL(`http://127.0.0.1:${port}/`), { padBytes: 20_000_000 });
  const { oc } = rig([[exporter, { attemptMs: 250 }]]);
  endSpans(oc, 1);
  const [drained] = await oc.flush({ withinMs: 600 });
  expect(drained).toMatchObject({ unsettled: 1, spans: { delivered: 0, dropped: {} } });
  expect(exporter.calls[0]).toMatchObject({ outcome: 'unavailable', signal: { aborted: true } });
  const [socket] = sockets;
  socket?.on('error', () => {});
  socket?.resume();
  await vi.waitFor(() => expect(socket?.destroyed).toBe(true), 5_000);
});

test('an address that swallows connections costs one attempt, and the exporter beside it loses nothing', async () => {
  // A process that listens and never accepts; once its backlog is full, what connects gets no answer.
  const child = spawn(process.execPath, [
    '-e',
    `const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       require('node:fs').writeSync(1, String(server.address().port));
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
     });`,
  ]);
  const [printed] = await once(child.stdout, 'data');
  const port = Number(printed);
  const fillers = Array.from({ length: 6 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  onTestFinished(() => {
    child.kill('SIGKILL');
    for (const filler of fillers) filler.destroy();
  });
  await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect')));

  const backend = await Backend.open();
  const hole = wire(new URL(`http://127.0.0.1:${port}/`), { name: 'hole' });
  const { oc } = rig([[hole, { attemptMs: 300 }], wire(backend)]);
  const names = endSpans(oc, 10);
  const drained = await oc.flush({ withinMs: 900 });
  expect(drained).toMatchObject([
    { name: 'hole', unsettled: 10, spans: { delivered: 0 } },
    { name: 'wire', unsettled: 0, spans: { delivered: 10 } },
  ]);
  expect(backend.took).toEqual(onceEach(names));
  const [first] = hole.calls;
  expect((first?.endedAt ?? 0) - (first?.at ?? 0)).toBeGreaterThan(290);
  expect((first?.endedAt ?? 0) - (first?.at ?? 0)).toBeLessThan(600);
  expect(first?.outcome).toBe('unavailable');
});

test('a kept-alive connection that the server has closed in the meantime costs no span and no duplicate', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open();
  const exporter = wire(backend, { clock });
  const { oc } = rig([exporter], { clock });
  const rounds = [];
  for (let round = 0; round < 5; round++) {
    rounds.push(endSpans(oc, 2, `round${round}-`));
    await clock.settle(oc.flush(), () => exporter.running > 0);
    backend.arrivals.at(-1)?.socket.destroy();
  }
  expect(backend.took).toEqual(onceEach(...rounds));
});

test('in a whole outage nothing is retry-exhausted, however short retryForMs is', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(status(503));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([[exporter, { batchItems: 10, retryForMs: 500 }]], { clock });
  const names = endSpans(oc, 100);
  await clock.pass(600_000, busy);
  expect(figures(spansOf(oc))).toEqual({
    state: 'retrying',
    accepted: 100,
    delivered: 0,
    dropped: {},
    queued: 100,
    inFlight: 0,
  });
  backend.behave = ok;
  await clock.until(() => spansOf(oc).delivered === 100, busy);
  expect(backend.took).toEqual(onceEach(names));
});

test('a batch that is always refused while others pass holds up nobody for long and ends as retry-exhausted', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open((arrival) =>
    arrival.answer(arrival.ids.some((id) => /^bad/.test(id)) ? 503 : 204),
  );
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc, problems } = rig([[exporter, { batchItems: 10, retryForMs: 20_000 }]], { clock });
  endSpans(oc, 10, 'bad');
  const good: (readonly string[])[] = [];
  const waits: number[] = [];
  for (let i = 0; i < 100; i++) {
    const ended = clock.monotonic();
    good.push(endSpans(oc, 10, `good${i}-`));
    await clock.until(() => spansOf(oc).delivered === 10 * good.length, busy);
    waits.push(clock.monotonic() - ended);
    await clock.pass(1_000, busy);
  }
  await clock.until(() => 'retry-exhausted' in spansOf(oc).dropped, busy);
  expect(backend.took).toEqual(onceEach(...good));
  expect(figures(spansOf(oc))).toMatchObject({ accepted: 1_010, delivered: 1_000, dropped: { 'retry-exhausted': 10 } });
  waits.sort((a, b) => a - b);
  expect(waits[50]).toBeLessThanOrEqual(10);
  expect(waits[99]).toBeLessThanOrEqual(5_000);
  expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([
    { exporter: 'wire', message: expect.stringMatching(/^wire: 10 spans dropped \(retry-exhausted\): .*answered 503/) },
  ]);
});

test('twenty batches that are always refused hide none behind them, and the next ones pass within seconds', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open((arrival) =>
    arrival.answer(arrival.ids.some((id) => /^bad/.test(id)) ? 503 : 204),
  );
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([[exporter, { batchItems: 10 }]], { clock });
  endSpans(oc, 200, 'bad');
  const good: (readonly string[])[] = [];
  const waits: number[] = [];
  const callsBefore: number[] = [];
  for (let i = 0; i < 40; i++) {
    const ended = clock.monotonic();
    good.push(endSpans(oc, 10, `good${i}-`));
    await clock.until(() => spansOf(oc).delivered === 10 * good.length, busy);
    waits.push(clock.monotonic() - ended);
    callsBefore.push(exporter.calls.length);
    await clock.pass(1_000, busy);
  }
  // Each of the twenty ahead of the first good one has its turn, and some have a second one.
  expect(callsBefore[0]).toBeLessThanOrEqual(3 * 21);
  expect(Math.max(...waits.slice(1))).toBeLessThanOrEqual(15_000);
  expect(backend.took).toEqual(onceEach(...good));
});

test('a backend that flaps is not met with a storm of retries', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open((arrival) =>
    arrival.answer(Math.floor(clock.monotonic() / 5_000) % 2 === 0 ? 204 : 503),
  );
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([[exporter, { batchItems: 10 }]], { clock });
  const names: (readonly string[])[] = [];
  for (let second = 0; second < 300; second++) {
    names.push(endSpans(oc, 20, `second${second}-`));
    await clock.pass(1_000, busy);
  }
  await clock.until(() => spansOf(oc).delivered === 6_000, busy);
  expect(backend.took).toEqual(onceEach(...names));
  const refused = backend.arrivals.filter((arrival) => arrival.status === 503).length;
  // 30 outages of 5 s: the four under way when each began, and its probes.
  expect(refused).toBeLessThanOrEqual(30 * (4 + 20));
  expect(backend.arrivals.length - refused).toBe(600);
});

test('a wall clock that jumps changes no wait', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open(status(503));
  const exporter = wire(backend, { clock });
  const busy = (): boolean => exporter.running > 0;
  const { oc } = rig([exporter], { clock });
  const names = endSpans(oc, 5);
  for (let i = 0; i < 30; i++) {
    clock.wallOffsetMs += i % 2 ? 3_600_000 : -3_600_000;
    await clock.pass(1_000, busy);
  }
  const gaps = exporter.calls.slice(1).map(({ at }, i) => at - (exporter.calls[i]?.endedAt ?? Number.NaN));
  expect(gaps.length).toBeGreaterThan(5);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(250);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(5_000);
  backend.behave = ok;
  await clock.until(() => spansOf(oc).delivered === 5, busy);
  expect(backend.took).toEqual(onceEach(names));
});
