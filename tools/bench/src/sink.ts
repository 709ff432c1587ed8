// A backend in a process of its own: takes OTLP in protobuf over HTTP. Its parent tells it to go away, to come back, and
// to count the spans that have arrived.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the parent may say. */
export type Word = 'down' | 'up' | 'count';

const bodies: Buffer[] = [];

/** The fields of a message with that number; all of them on the way to a span are messages. */
function* messages(bytes: Buffer, wanted: number): Generator<Buffer> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if ((tag & 7) !== 2) throw new Error(`the field ${tag >>> 3} is no message`);
    const length = varint();
    if (tag >>> 3 === wanted) yield bytes.subarray(at, at + length);
    at += length;
  }
}

function spansIn(request: Buffer): number {
  let count = 0;
  for (const resource of messages(request, 1)) {
    for (const scope of messages(resource, 2)) for (const _ of messages(scope, 2)) count++;
  }
  return count;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    bodies.push(Buffer.concat(chunks)); // counted in the end: here it would take time from the sender
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
});
const listening = { host: '127.0.0.1', port: 0 };
server.listen(listening, () => {
  listening.port = (server.address() as AddressInfo).port;
  process.send?.({ port: listening.port });
});

process.on('message', (word: Word) => {
  if (word === 'up') server.listen(listening);
  if (word === 'down') {
    server.close();
    server.closeAllConnections();
  }
  if (word === 'count') {
    process.send?.({ spans: bodies.reduce((sum, body) => sum + spansIn(body), 0) }, () => process.exit());
  }
});
process.on('disconnect', () => process.exit());
