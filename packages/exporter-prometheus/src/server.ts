import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refuse } from './scrape.ts';

/** Where the exporter listens. */
export interface ListeningAddress {
  /** An IP address: '127.0.0.1'. */
  readonly host: string;
  readonly port: number;
}

/** A server that runs. */
export interface RunningServer {
  readonly address: ListeningAddress;
  /** Ends kept connections at once and gives scrapes under way a moment. */
  close(signal: AbortSignal): Promise<void>;
}

/** What is served, and to whom. */
export interface Service {
  readonly host: string;
  readonly port: number;
  /** '/metrics' */
  readonly endpoint: string;
  /** Host names that a request may ask for. Undefined: on a loopback address its names, elsewhere any. */
  readonly allowedHosts: readonly string[] | undefined;
  handler(request: IncomingMessage, response: ServerResponse): void;
}

/** Longest time that a scrape under way may hold up a shutdown. */
const LAST_SCRAPE_MS = 500;

/** Opens a server that does not keep the process alive. Rejects when it cannot listen. */
export async function openServer({ host, port, endpoint, allowedHosts, handler }: Service): Promise<RunningServer> {
  const { createServer } = await import('node:http');
  let isAllowed = (_: string): boolean => false;
  const server = createServer((request, response) => {
    const target = targetOf(request);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      handler(request, response); // which says what is allowed
    else if (!target) refuse(response, 400, 'the URL makes no sense');
    else if (target.host !== undefined && !isAllowed(target.host)) {
      refuse(response, 403, `the host '${target.host.slice(0, 100)}' is not among allowedHosts`);
    } else if (target.path !== endpoint) refuse(response, 404, `metrics are at ${endpoint}`);
    else handler(request, response);
  });
  server.on('connection', (socket) => socket.unref());
  server.unref();
  const address = await listen(server, host, port);
  isAllowed = hostRule(address.host, allowedHosts);

  return {
    address,
    close: (signal) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          server.closeAllConnections();
        };
        const timer = setTimeout(end, LAST_SCRAPE_MS);
        signal.addEventListener('abort', end, { once: true });
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<ListeningAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      // Node's own words name the address: 'listen EADDRINUSE: address already in use 127.0.0.1:9464'
      reject(new Error(`cannot ${error.message}`, { cause: error }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error').on('error', () => {}); // such as too many open files: the next scrape tries again
      const { address, port } = server.address() as AddressInfo;
      resolve({ host: address, port });
    });
  });
}

/** The path and the host that a request asks for. Undefined for what is no URL. */
function targetOf({ url = '', headers }: IncomingMessage): { path: string; host: string | undefined } | undefined {
  try {
    // A URL may be absolute (RFC 9112, 3.2.2), and then its host is the one that counts.
    const isPath = url.startsWith('/');
    if (url.startsWith('//')) return undefined;
    const {
      pathname: path,
      hostname,
      protocol,
    } = new URL(isPath ? `http://${headers.host ?? 'localhost'}${url}` : url);
    if (protocol !== 'http:' && protocol !== 'https:') return undefined;
    return { path, host: isPath && headers.host === undefined ? undefined : hostname };
  } catch {
    return undefined;
  }
}

/**
 * A page of another site can make a browser ask this server under a name of that site's own, which points to loopback (DNS
 * rebinding); so there only loopback's own names are answered.
 */
function hostRule(listening: string, allowed: readonly string[] | undefined): (host: string) => boolean {
  if (allowed) {
    const names = new Set(allowed.map((name) => name.toLowerCase()));
    return (host) => names.has(host);
  }
  return isLoopback(listening) ? isLoopback : () => true;
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?|\[?::ffff:127(\.\d+){3}\]?)$/.test(host);
}
