import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** Where something listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a reader was answered. */
export interface ReadAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Headers of a request, by name. */
export type ReadHeaders = Readonly<Record<string, string>>;

/** Reads a path over a connection of its own. Rejects when nobody answers. */
export function readAt({ host, port }: Address, path: string, headers: ReadHeaders = {}): Promise<ReadAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, headers, agent: false }, (response) => {
      const { statusCode: status = 0 } = response;
      text(response).then((body) => resolve({ status, headers: response.headers, body }), reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** The module `reader.mjs` of programs that read from themselves, byte by byte. */
export const READER = `
import { connect } from 'node:net';

/** Sends bytes; gives what came back until the other side ended, or for 5 s. */
export function exchange({ host, port }, bytes) {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const chunks = [];
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks).toString());
    };
    const timer = setTimeout(end, 5_000);
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {}).on('close', end);
    socket.write(bytes);
  });
}

const requestOf = (path, host, rest = '') => 'GET ' + path + ' HTTP/1.1\\r\\nHost: ' + host + '\\r\\n' + rest + '\\r\\n';

/** Reads a path; gives status, head and body. */
export async function get(at, path) {
  const answer = await exchange(at, requestOf(path, at.host + ':' + at.port, 'Connection: close\\r\\n'));
  const end = answer.indexOf('\\r\\n\\r\\n');
  const head = answer.slice(0, end);
  const rest = answer.slice(end + 4);
  return { status: Number(head.slice(9, 12)), head, body: /transfer-encoding: chunked/i.test(head) ? unchunked(rest) : rest };
}

/** Asks, and leaves before the answer, or amid it. */
export function leave({ host, port }, path, amid) {
  return new Promise((resolve) => {
    const socket = connect(port, host).on('error', () => {}).on('close', resolve);
    if (amid) socket.once('data', () => socket.destroy());
    socket.write(requestOf(path, host + ':' + port), () => amid || setImmediate(() => socket.destroy()));
    setTimeout(() => socket.destroy(), 5_000).unref();
  });
}

/** Reads a path and keeps the connection, which does not hold this process. */
export function keep({ host, port }, path) {
  return new Promise((resolve) => {
    const socket = connect(port, host).on('error', () => {}).on('close', resolve);
    socket.once('data', () => { socket.unref(); resolve(socket); });
    socket.write(requestOf(path, host + ':' + port));
  });
}

function unchunked(text) {
  const bytes = Buffer.from(text);
  const chunks = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\\r\\n', at);
    const size = parseInt(bytes.toString('latin1', at, end), 16);
    if (!(size > 0)) break;
    chunks.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(chunks).toString();
}
`;
