import type { ClientRequest, Agent as HttpAgent } from 'node:http';
import type { Socket } from 'node:net';

/** Anything that `node:http` takes as an agent. */
export type Agent = object;

/** Paths of PEM files. They are read again for each request, so that renewed ones need no restart. */
export interface TlsFiles {
  /** The certificates to trust, in place of those that Node brings. */
  readonly ca?: string | undefined;
  /** The client's certificate. */
  readonly cert?: string | undefined;
  /** The client's key. */
  readonly key?: string | undefined;
}

/** Gives each request its agent. */
export interface Agents {
  /** Rejects when the TLS files cannot be read, and never could. */
  next(): Promise<Agent>;
  /** Destroys the sockets. */
  close(): void;
}

/** Whether a request ever had a connected socket. */
export interface Connection {
  connected: boolean;
}

/** A user's own agent. It may serve others too, so it stays open. */
export function agentOf(agent: Agent): Agents {
  return { next: async () => agent, close: () => {} };
}

/** Agents of our own: kept-alive sockets, and the proxy variables where Node knows them. */
export function ownAgents(protocol: string, files: TlsFiles = {}, socketPath?: string): Agents {
  let latest: Promise<Opened> | undefined;

  async function opened(before: Promise<Opened> | undefined): Promise<Opened> {
    const old = await before?.catch(() => undefined);
    try {
      const pem = await pemOf(files);
      const text = JSON.stringify(pem);
      if (old?.text === text) return old;
      const agent = await open(protocol, pem, socketPath);
      if (old) retire(old.agent);
      return { agent, text };
    } catch (error) {
      if (old) return old; // in the midst of a renewal: the old ones serve until certificate and key fit again
      throw error;
    }
  }

  return {
    async next(): Promise<Agent> {
      latest = opened(latest); // each after the one before, so that side-by-side requests share what was opened
      return (await latest).agent;
    },
    close(): void {
      latest?.then(
        ({ agent }) => agent.destroy(),
        () => {}, // nothing was opened, and who asked was told
      );
    },
  };
}

interface Opened {
  readonly agent: HttpAgent;
  /** What was in the TLS files. */
  readonly text: string;
}

/** What is in the files. */
export type Pem = Partial<Record<keyof TlsFiles, string>>;

/** Reads the files. */
export async function pemOf(files: TlsFiles): Promise<Pem> {
  const named = Object.entries(files).filter((entry): entry is [keyof TlsFiles, string] => entry[1] !== undefined);
  if (named.length === 0) return {};
  const { readFile } = await import('node:fs/promises');
  return Object.fromEntries(await Promise.all(named.map(async ([name, path]) => [name, await readFile(path, 'utf8')])));
}

async function open(protocol: string, pem: Pem, socketPath: string | undefined): Promise<HttpAgent> {
  const options = { keepAlive: true, proxyEnv: process.env, ...(socketPath !== undefined && { socketPath }) };
  if (protocol !== 'https:') return new (await import('node:http')).Agent(options);
  const { Agent } = await import('node:https');
  if (Object.keys(pem).length === 0) return new Agent(options);
  const { createSecureContext } = await import('node:tls');
  return new Agent({ ...options, secureContext: createSecureContext(pem) }); // throws when a key does not fit
}

/** Lets an agent end the requests under way, and no socket of it stay. */
function retire(agent: HttpAgent): void {
  Object.assign(agent, { keepAlive: false });
  for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
}

/**
 * The agent for one request: notes whether it ever had a connected socket, lets the process end in spite of it, and leaves
 * no socket that the request did not get.
 */
export function watching(agent: Agent, connection: Connection, signal: AbortSignal): Agent {
  return Object.create(agent, {
    addRequest: {
      value(request: ClientRequest, ...rest: unknown[]): void {
        request.once('socket', (socket: Socket) => {
          letEnd(socket); // the agent refs a socket each time that it reuses it
          const connected = (): void => {
            connection.connected = true;
          };
          if (request.reusedSocket || !socket.connecting) connected();
          else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', connected);
        });
        // A socket to a proxy is Node's own until there is a tunnel: when there will be none, nobody ends it.
        const note = (message: unknown): void => {
          const { socket } = message as { socket: Socket };
          const drop = (): unknown => request.socket ?? socket.destroy();
          letEnd(socket);
          signal.addEventListener('abort', drop);
          request.once('close', drop);
        };
        // Not imported: no start needs it, and it would take each a third of a millisecond.
        const { subscribe, unsubscribe } = process.getBuiltinModule('node:diagnostics_channel');
        subscribe('net.client.socket', note);
        try {
          (agent as { addRequest(...args: unknown[]): void }).addRequest(request, ...rest);
        } finally {
          unsubscribe('net.client.socket', note);
        }
      },
    },
  });
}

function letEnd(socket: Socket): void {
  socket.unref();
  // Each address that is tried gets a new handle, which holds the process again.
  if (socket.connecting) socket.on('connectionAttempt', () => socket.unref());
}

/** What is wrong with the proxy variables here: Node's agents honour them from 22.21 and 24.5 on. */
export function proxyWarning(url: URL): string | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  if (!(process.env[name] || process.env[name.toLowerCase()])) return undefined;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21)) return undefined;
  return `${name} is set, but this version of Node has no proxy support in its agents; give an 'agent' option`;
}
