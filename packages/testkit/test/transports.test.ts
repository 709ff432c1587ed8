import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { request } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { ending, GrpcServer, openRelay, openTunnels, retryInfo, TcpServer, UdpServer } from '@oc/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

function itemsOf(text: string): readonly { id: string; name: string; attributes: object }[] {
  return text.split(',').map((id) => ({ id, name: id, attributes: {} }));
}

describe('the UDP server', () => {
  it('keeps a ledger of datagrams, and knows when all that was sent has come', async () => {
    const server = await UdpServer.open((datagram) => itemsOf(`${datagram}`) as never);
    onTestFinished(() => server.close());
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    for (const text of ['a,b', 'b', 'c']) {
      await new Promise((resolve) => socket.send(text, server.port, server.host, resolve));
    }
    await server.drained();
    expect([[...server.took], server.datagrams.length, server.lost]).toEqual([
      [
        ['a', 1],
        ['b', 2],
        ['c', 1],
      ],
      3,
      0,
    ]);
  });

  it('has the system refuse what comes while it is closed', async () => {
    const server = await UdpServer.open(() => []);
    await server.close();
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    socket.connect(server.port, server.host);
    await once(socket, 'connect');
    const refused = new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
    socket.send('a');
    expect((await refused).code).toBe('ECONNREFUSED');
    await server.listen();
    onTestFinished(() => server.close());
    await new Promise((resolve) => socket.send('b', resolve));
    await server.drained();
    expect(server.datagrams.map(String)).toEqual(['b']);
  });
});

function framed(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

/** Writes messages, each when the one before was answered with so many bytes; gives what came back, and the status. */
async function call(
  session: ClientHttp2Session,
  ...texts: readonly string[]
): Promise<{ body: string; trailers: object }> {
  const stream = session.request({ ':method': 'POST', ':path': '/a.B/C', 'content-type': 'application/grpc' });
  const chunks: Buffer[] = [];
  let trailers: object = {};
  const keep = (headers: Record<string, unknown>): void => {
    const kept = Object.entries(headers).filter(([name]) => name.startsWith('grpc-'));
    trailers = { ...trailers, ...Object.fromEntries(kept) };
  };
  stream
    .on('response', keep)
    .on('trailers', keep)
    .on('error', () => {});
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const text of texts) {
    // In pieces, as they may come.
    stream.write(framed(text).subarray(0, 3));
    stream.write(framed(text).subarray(3));
  }
  stream.end();
  await once(stream, 'close');
  return { body: Buffer.concat(chunks).toString('latin1'), trailers };
}

describe('the gRPC server', () => {
  async function open(): Promise<{ server: GrpcServer; session: ClientHttp2Session }> {
    const server = await GrpcServer.open(({ message }) => itemsOf(`${message}`) as never);
    const session = connectHttp2(`http://127.0.0.1:${server.tcp.port}`).on('error', () => {});
    onTestFinished(async () => {
      session.destroy();
      await server.tcp.close();
    });
    return { server, session };
  }

  it('reads the messages of a stream one by one, replies to each, and ends with OK when the client has', async () => {
    const { server, session } = await open();
    server.behave = {
      act(arrival) {
        arrival.take();
        arrival.accept(Buffer.from(`${arrival.position}`));
      },
    };
    const { body, trailers } = await call(session, 'a,b', 'c');
    expect([body, trailers]).toEqual([
      '\u0000\u0000\u0000\u0000\u00010\u0000\u0000\u0000\u0000\u00011',
      { 'grpc-status': '0' },
    ]);
    expect(server.arrivals.map(({ path, position, items }) => [path, position, items.length])).toEqual([
      ['/a.B/C', 0, 2],
      ['/a.B/C', 1, 1],
    ]);
    expect([...server.took.keys()]).toEqual(['a', 'b', 'c']);
  });

  it('refuses with a status, a message and details', async () => {
    const { server, session } = await open();
    server.next(ending({ status: 8, message: 'später', details: retryInfo(8, 1.5) }));
    const { body, trailers } = await call(session, 'a');
    expect([body, trailers]).toEqual([
      '',
      {
        'grpc-status': '8',
        'grpc-message': 'sp%C3%A4ter',
        'grpc-status-details-bin': 'CAgaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIARCAyrXuAQ',
      },
    ]);
    expect((await call(session, 'b')).trailers).toEqual({ 'grpc-status': '0' });
  });
});

it('a relay swallows what comes over the connections that it has, and passes new ones on', async () => {
  const echo = await TcpServer.open((socket) => void socket.pipe(socket));
  const relay = await openRelay(echo.port);
  onTestFinished(async () => {
    await relay.tcp.close();
    await echo.close();
  });
  const open = async (): Promise<(text: string) => Promise<string>> => {
    const socket = connect(relay.tcp.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return async (text) => {
      socket.write(text);
      const late = new Promise<string>((resolve) => setTimeout(() => resolve('nothing'), 100));
      return Promise.race([once(socket, 'data').then(String), late]);
    };
  };
  const first = await open();
  const before = await first('a');
  relay.swallow();
  const [dead, fresh] = [await first('b'), await (await open())('c')];
  expect([before, dead, fresh]).toEqual(['a', 'nothing', 'c']);
});

it('a proxy makes tunnels, or refuses to, and knows what it was asked for and by whom', async () => {
  const echo = await TcpServer.open((socket) => void socket.pipe(socket));
  const tunnels = await openTunnels();
  onTestFinished(async () => {
    await tunnels.tcp.close();
    await echo.close();
  });
  const to = `127.0.0.1:${echo.port}`;
  const tunnel = async (): Promise<{ status: number | undefined; socket: Socket }> => {
    const headers = { 'proxy-authorization': `Basic ${btoa('shop:a word')}` };
    const asking = request({ method: 'CONNECT', port: tunnels.tcp.port, path: to, headers });
    asking.end();
    const [{ statusCode }, socket] = await once(asking, 'connect');
    onTestFinished(() => void socket.destroy());
    return { status: statusCode, socket };
  };
  const { status, socket } = await tunnel();
  socket.write('through');
  const [heard] = await once(socket, 'data');
  expect([status, `${heard}`]).toEqual([200, 'through']);
  tunnels.refusal = 407;
  expect((await tunnel()).status).toBe(407);
  expect(tunnels.asked).toEqual([
    { to, as: 'shop:a word' },
    { to, as: 'shop:a word' },
  ]);
});
