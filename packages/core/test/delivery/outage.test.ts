import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import {
  type Arrival,
  Backend,
  closedPort,
  endSpans,
  figures,
  ok,
  onceEach,
  rig,
  spansOf,
  status,
  wire,
} from './wire.ts';

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
