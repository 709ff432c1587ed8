import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../testkit/src/clock.ts';
import { Backend, type Behaviour, endSpans, figures, onceEach, type Rig, rig, spansOf, status, wire } from './wire.ts';

const IDLE = { state: 'idle', dropped: {}, queued: 0, inFlight: 0 };
const MIB = 1_024 * 1_024;

async function answerRig(
  behave: Behaviour,
  attemptMs = 10_000,
): Promise<Rig & { readonly backend: Backend; readonly exporter: ReturnType<typeof wire> }> {
  const backend = await Backend.open(behave);
  const exporter = wire(backend);
  return { backend, exporter, ...rig([[exporter, { attemptMs }]]) };
}

/** Writes one byte each 20 ms for as long as the client listens. */
function drip(arrival: Parameters<Behaviour>[0], head: string): void {
  arrival.socket.write(head);
  const timer = setInterval(() => arrival.socket.write('x'), 20);
  arrival.socket.once('close', () => clearInterval(timer));
  arrival.socket.on('error', () => {});
}

test('an answer that drips in the body of a 503 ends at the deadline and is tried again', async () => {
  const { oc, backend, exporter } = await answerRig(status(204), 300);
  backend.next((arrival) => drip(arrival, 'HTTP/1.1 503 Busy\r\ncontent-length: 100000\r\n\r\n'));
  const names = endSpans(oc, 3);
  await oc.flush();
  const [first] = exporter.calls;
  const took = (first?.endedAt ?? 0) - (first?.at ?? 0);
  // Of 300 ms, of which a part may have passed before the exporter was called.
  expect(took).toBeGreaterThan(200);
  expect(took).toBeLessThan(700);
  expect(backend.took).toEqual(onceEach(names));
  expect(exporter.calls.map(({ outcome }) => outcome)).toEqual(['unavailable', 'ok']);
});

/** By how much memory grew at most while `act` ran. */
async function growthDuring(act: () => Promise<unknown>): Promise<{ buffers: number; rss: number }> {
  const before = process.memoryUsage();
  let buffers = 0;
  let rss = 0;
  let over = false;
  const watch = (): void => {
    const now = process.memoryUsage();
    buffers = Math.max(buffers, now.external - before.external);
    rss = Math.max(rss, now.rss - before.rss);
    if (!over) setImmediate(watch);
  };
  watch();
  await act();
  over = true;
  return { buffers, rss };
}

test('an answer of 300 MB with a 503 is not read to its end, and memory stays flat', async () => {
  let written = 0;
  let whole = false;
  const { oc, backend } = await answerRig(status(204));
  backend.next(({ response, socket }) => {
    const block = Buffer.alloc(64 * 1_024, 'x');
    response.writeHead(503, { 'content-length': String(300 * MIB) });
    const write = (): void => {
      while (written < 300 * MIB && !socket.destroyed) {
        written += block.length;
        if (!response.write(block)) {
          response.once('drain', write);
          return;
        }
      }
      whole = !socket.destroyed;
    };
    write();
  });
  const names = endSpans(oc, 3);
  const { buffers, rss } = await growthDuring(() => oc.flush());
  expect(backend.took).toEqual(onceEach(names));
  expect(whole).toBe(false);
  // What was written and not read lies in the buffers of the connection.
  expect(written).toBeLessThan(16 * MIB);
  expect(buffers).toBeLessThan(16 * MIB);
  expect(rss).toBeLessThan(64 * MIB);
});

test('a gzip bomb with a 503 is not inflated', async () => {
  const bomb = Buffer.concat(Array(300).fill(gzipSync(Buffer.alloc(MIB))));
  const { oc, backend } = await answerRig(status(204));
  backend.next(status(503, { 'content-encoding': 'gzip', 'content-type': 'application/json' }, bomb));
  const names = endSpans(oc, 3);
  const { buffers, rss } = await growthDuring(() => oc.flush());
  expect(backend.took).toEqual(onceEach(names));
  expect(buffers).toBeLessThan(16 * MIB);
  expect(rss).toBeLessThan(64 * MIB);
});

test('what is no HTTP at all is tried again', async () => {
  const clock = new ManualClock();
  const backend = await Backend.open();
  backend.next(
    ({ socket }) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
    ({ socket }) => socket.end(),
  );
  const exporter = wire(backend, { clock });
  const { oc } = rig([exporter], { clock });
  const names = endSpans(oc, 3);
  await clock.settle(oc.flush(), () => exporter.running > 0);
  expect(backend.took).toEqual(onceEach(names));
  expect(backend.arrivals).toHaveLength(3);
});

test.each([400, 402, 406, 409, 410, 415, 418, 422, 451, 499])(
  '%d drops as rejected, without another try',
  async (code) => {
    const { oc, backend, problems } = await answerRig(status(code, {}, 'bad field'));
    endSpans(oc, 3);
    await oc.flush();
    expect(backend.arrivals).toHaveLength(1);
    expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 3, delivered: 0, dropped: { rejected: 3 } });
    expect(problems.map(({ message }) => message)).toEqual([
      `wire: 3 spans dropped (rejected): wire: POST ${backend.url} answered ${code}: bad field`,
    ]);
  },
);

test.each([
  ['a body that is cut short', { 'content-length': '1000' }, Buffer.from('{"o')],
  ['a body that says gzip and is none', { 'content-encoding': 'gzip' }, Buffer.from('{}')],
  ['a gzip body that is cut short', { 'content-encoding': 'gzip' }, gzipSync('{"ok":true}').subarray(0, 15)],
])('a 200 with %s is delivered, with a warning at most', async (_, headers, body) => {
  const { oc, backend, problems } = await answerRig(({ take, response, socket }) => {
    take();
    response.writeHead(200, headers).write(body, () => setTimeout(() => socket.end(), 20));
    socket.on('error', () => {});
  });
  const names = endSpans(oc, 3);
  const [drained] = await oc.flush();
  expect(drained?.unsettled).toBe(0);
  expect(backend.took).toEqual(onceEach(names));
  expect(figures(spansOf(oc))).toEqual({ ...IDLE, accepted: 3, delivered: 3 });
  expect(problems.every(({ severity }) => severity === 'warning')).toBe(true);
});

test('an answer with a head of many kilobytes is no harm', async () => {
  const { oc, backend } = await answerRig(status(204));
  backend.next(({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nx-big: ${'b'.repeat(200_000)}\r\n\r\n`);
    socket.on('error', () => {});
  });
  const names = endSpans(oc, 3);
  await oc.flush();
  expect(backend.took).toEqual(onceEach(names));
});

test('the answer before the request is read counts as the answer', async () => {
  const backend = await Backend.open();
  let early = 0;
  backend.onHead = (request) => {
    if (++early > 1) return false;
    request.socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    request.resume();
    return true;
  };
  const { oc } = rig([wire(backend, { padBytes: 1_000_000 })]);
  const names = endSpans(oc, 4);
  await oc.flush();
  expect(backend.took).toEqual(onceEach(names));
  expect(backend.log).toEqual([
    [2, 204],
    [2, 204],
  ]);
});
