import { createSocket, type Socket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import dns from 'node:dns/promises';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { datagramSender, type ExportCall } from '@oc/core/exporter';
import { expect, it, onTestFinished, vi } from 'vitest';

interface Listener {
  readonly port: number;
  next(): Promise<string>;
  close(): Promise<void>;
}

async function listener(port = 0): Promise<Listener> {
  const socket: Socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await new Promise<void>((resolve) => socket.close(resolve));
    isOpen = false;
  };
  onTestFinished(close);
  const next = async (): Promise<string> => `${(await once(socket, 'message'))[0]}`;
  return { port: (socket.address() as AddressInfo).port, next, close };
}

function aCall(warnings: string[] = [], signal: AbortSignal = AbortSignal.timeout(10_000)): ExportCall {
  return { resource: { labels: {} }, signal, warn: (message) => warnings.push(message) };
}

function senderTo(port: number, host = '127.0.0.1'): ReturnType<typeof datagramSender> {
  const sender = datagramSender({ exporter: 'statsd', host, port });
  onTestFinished(() => sender.close());
  return sender;
}

it('a datagram arrives as it was sent', async () => {
  const there = await listener();
  const [text] = await Promise.all([there.next(), senderTo(there.port).send(Buffer.from('a:1|c'), aCall())]);
  expect(text).toBe('a:1|c');
});

it('a port where nobody listens is told by the very datagram, and found again when somebody does', async () => {
  const gone = await listener();
  await gone.close();
  const sender = senderTo(gone.port);
  for (const _ of [1, 2]) {
    await expect(sender.send(Buffer.from('lost'), aCall())).rejects.toMatchObject({
      failure: 'unavailable',
      message: `statsd: UDP 127.0.0.1:${gone.port} failed: ECONNREFUSED`,
    });
  }
  const back = await listener(gone.port);
  const [text] = await Promise.all([back.next(), sender.send(Buffer.from('found'), aCall())]);
  expect(text).toBe('found');
});

it('each address of a name gets its turn', async () => {
  const there = await listener(); // on 127.0.0.1 alone: where localhost is ::1 first, that is refused
  const sender = senderTo(there.port, 'localhost');
  const arrived = there.next();
  await sender.send(Buffer.from('1'), aCall()).catch(() => sender.send(Buffer.from('1'), aCall()));
  expect(await arrived).toBe('1');
});

it('what no datagram can hold is too large, and the next one arrives', async () => {
  const there = await listener();
  const sender = senderTo(there.port);
  await expect(sender.send(Buffer.alloc(70_000), aCall())).rejects.toMatchObject({
    failure: 'too-large',
    message: `statsd: UDP 127.0.0.1:${there.port}: a datagram of 70000 bytes is too large`,
  });
  const [text] = await Promise.all([there.next(), sender.send(Buffer.from('small'), aCall())]);
  expect(text).toBe('small');
});

it('a name that is not known is no more than unavailable', async () => {
  const sender = senderTo(9, 'nowhere.invalid');
  await expect(sender.send(Buffer.from('x'), aCall())).rejects.toMatchObject({
    failure: 'unavailable',
    message: expect.stringMatching(/^statsd: UDP nowhere\.invalid:9 failed: E[A-Z_]+$/),
  });
});

/** A name server that says nothing until it is told to: when it was first asked, and how often. */
function slowLookup(): { readonly firstAsked: Promise<void>; asked(): number; answer(): Promise<void> } {
  let hear = (): void => {};
  const firstAsked = new Promise<void>((resolve) => {
    hear = resolve;
  });
  let answer = (): void => {};
  const answered = new Promise<{ address: string; family: number }[]>((resolve) => {
    answer = () => resolve([{ address: '127.0.0.1', family: 4 }]);
  });
  const hang = (): typeof answered => {
    hear();
    return answered;
  };
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation(hang as never);
  syncBuiltinESMExports();
  onTestFinished(() => {
    lookup.mockRestore();
    syncBuiltinESMExports();
  });
  return {
    firstAsked,
    asked: () => lookup.mock.calls.length,
    async answer() {
      answer();
      await answered;
      await new Promise((resolve) => setImmediate(resolve)); // when all that waited for it has gone on
    },
  };
}

/** How many sockets for datagrams are opened from now on. */
function socketsOpened(): () => number {
  let count = 0;
  const note = (): void => void count++;
  subscribe('udp.socket', note);
  onTestFinished(() => void unsubscribe('udp.socket', note));
  return () => count;
}

it('a look-up that hangs ends with the call; its late answer opens nothing, and the next call asks again', async () => {
  const there = await listener();
  const { firstAsked, asked, answer } = slowLookup();
  const opened = socketsOpened();
  const sender = senderTo(there.port, 'slow.test');
  const ends = new AbortController();
  const sent = sender.send(Buffer.from('late'), aCall([], ends.signal));
  await firstAsked;
  ends.abort(new Error('no answer within its deadline'));
  await expect(sent).rejects.toMatchObject({
    failure: 'unavailable',
    message: `statsd: UDP slow.test:${there.port} failed: no answer within its deadline`,
  });
  await answer();
  expect(opened()).toBe(0);
  const [text] = await Promise.all([there.next(), sender.send(Buffer.from('again'), aCall())]);
  expect([text, asked(), opened()]).toEqual(['again', 2, 1]);
});

it('calls share a look-up that hangs, and those that still wait for its answer are sent', async () => {
  const there = await listener();
  const { firstAsked, asked, answer } = slowLookup();
  const sender = senderTo(there.port, 'slow.test');
  const ends = new AbortController();
  const first = sender.send(Buffer.from('first'), aCall([], ends.signal));
  await firstAsked;
  ends.abort(new Error('no answer within its deadline'));
  await expect(first).rejects.toMatchObject({ failure: 'unavailable' });
  const second = sender.send(Buffer.from('second'), aCall());
  const [text] = await Promise.all([there.next(), second, answer()]);
  expect([text, asked()]).toEqual(['second', 1]);
});

it('a call that was aborted sends nothing, and an address of version 6 is put in brackets', async () => {
  const sender = senderTo(9, '::1');
  await expect(sender.send(Buffer.from('x'), aCall([], AbortSignal.abort()))).rejects.toMatchObject({
    failure: 'unavailable',
    message: expect.stringMatching(/^statsd: UDP \[::1\]:9 failed: /),
  });
});

it('side-by-side datagrams arrive, and after a close the next one opens again', async () => {
  const there = await listener();
  const sender = senderTo(there.port);
  const sent: string[] = [];
  for (const text of ['a', 'b']) {
    const [arrived] = await Promise.all([there.next(), sender.send(Buffer.from(text), aCall())]);
    sent.push(arrived);
    sender.close();
  }
  expect(sent).toEqual(['a', 'b']);
  await expect(
    Promise.all(Array.from({ length: 50 }, (_, n) => sender.send(Buffer.from(`${n}`), aCall()))),
  ).resolves.toHaveLength(50);
});
