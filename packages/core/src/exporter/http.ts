import type { ClientRequest, Agent as HttpAgent } from 'node:http';
import type { Socket } from 'node:net';
import { ConfigError, type ExportCall, ExportError, type ExportFailure } from '../contract.ts';

/** The part of `fetch` that is used: node-fetch's and the runtime's own both have it. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body: string | Uint8Array;
    redirect: 'manual';
    signal: AbortSignal;
  },
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<unknown> | null;
}>;

/** Anything that `node:http` takes as an agent. */
export type Agent = object;

/** How an exporter's requests are sent. */
export interface HttpSenderOptions {
  /** The exporter's name, for messages. */
  readonly exporter: string;
  /** Where to; credentials in it become Basic authorization. */
  readonly url: URL;
  /** Headers of every request; their values never show in a message, so what is no secret goes with each request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Loads the fetch to use at the first request: `async () => (await import('node-fetch')).default`. */
  readonly load: () => Promise<unknown>;
  /**
   * The user's own fetch in place of it, such as the runtime's. Then nothing is known of its sockets: they may hold the
   * process for up to a call's deadline, and a lost answer to deltas is always 'unconfirmed'.
   */
  readonly fetch?: Fetch | undefined;
  /** The user's own agent, for proxies and client certificates; a ConfigError beside `fetch`. */
  readonly agent?: Agent | undefined;
  /** What an answer's status means where this backend differs from the table of `failureOf`. */
  readonly failures?: Readonly<Record<number, ExportFailure>> | undefined;
  /** Most bytes read of an answer, after decompression. Default 64 KiB. */
  readonly answerBytes?: number | undefined;
}

/** One request. */
export interface HttpRequest {
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** True when the body must not be sent twice: a lost answer is then 'unconfirmed'. */
  readonly once?: boolean | undefined;
}

/** An answer with a status of 200 to 299. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** The body, cut at `answerBytes`. */
  readonly text: string;
}

/** Sends requests over kept-alive sockets that do not hold the process. */
export interface HttpSender {
  /** Sends one request and rejects with an ExportError unless it was answered with 200 to 299. */
  send(request: HttpRequest, call: ExportCall): Promise<HttpAnswer>;
  /** Closes the idle sockets. */
  close(): void;
}

const ANSWER_BYTES = 64 * 1024;
const QUOTED_CHARACTERS = 200;
const SHORTEST_SECRET = 4;

const FAILURES: Readonly<Record<number, ExportFailure>> = {
  401: 'misconfigured',
  403: 'misconfigured',
  404: 'misconfigured',
  405: 'misconfigured',
  407: 'misconfigured',
  408: 'unavailable',
  413: 'too-large',
  425: 'unavailable',
  429: 'unavailable',
};

/** What a status outside 200 to 299 means when the backend's own table does not say: an unknown 4xx is refused for good. */
export function failureOf(status: number): ExportFailure {
  if (status >= 500) return 'unavailable';
  return FAILURES[status] ?? (status >= 400 ? 'rejected' : 'misconfigured');
}

/** Makes the sender of one endpoint. It opens nothing until the first request. */
export function httpSender(options: HttpSenderOptions): HttpSender {
  const { exporter, failures = {}, answerBytes = ANSWER_BYTES } = options;
  const { target, headers, secrets } = parsedTarget(options.url, options.headers);
  const act = `${exporter}: POST ${options.url.origin}${options.url.pathname}`;
  if (options.fetch && options.agent) {
    throw new ConfigError(`${exporter}: 'agent' has no effect beside 'fetch'; give one of them`);
  }
  let loading: Promise<Fetch> | undefined;
  let opening: Promise<Agent> | undefined;
  let warned = false;

  return {
    async send({ body, headers: more = {}, once = false }, call): Promise<HttpAnswer> {
      const clean = (text: string): string => cleaned(text, [...secrets, ...Object.values(more).flatMap(partsOf)]);
      // Promises are kept, not what they give: several first calls may come side by side.
      loading ??= options.fetch ? Promise.resolve(options.fetch) : (options.load() as Promise<Fetch>);
      opening ??=
        options.fetch || options.agent ? Promise.resolve(options.agent ?? {}) : openAgent(options.url.protocol);
      const [fetch, agent] = await Promise.all([loading, opening]);
      const connection: Connection = { connected: false };
      if (!warned && !options.fetch && !options.agent) {
        warned = true;
        const warning = proxyWarning(options.url);
        if (warning) call.warn(warning);
      }
      const init = {
        method: 'POST',
        headers: { ...headers, ...more },
        body,
        redirect: 'manual' as const, // a redirect would carry keys and data to another host
        signal: call.signal,
        ...(!options.fetch && { agent: watching(agent, connection) }),
      };
      let answer: Awaited<ReturnType<Fetch>>;
      try {
        call.signal.throwIfAborted(); // node-fetch would leave an 'error' event that ends the process
        connection.connected = options.fetch !== undefined; // nobody knows of a user's own
        answer = await fetch(target, init);
      } catch (error) {
        const { reason, code } = reasonOf(error, call.signal);
        const failure = once && connection.connected ? 'unconfirmed' : isTls(code) ? 'misconfigured' : 'unavailable';
        const cause = Object.assign(new Error(clean(reason)), { code });
        throw new ExportError(failure, `${act} failed: ${clean(reason)}`, { cause });
      }
      const { status } = answer;
      const accepted = status >= 200 && status < 300;
      const text = await readText(answer.body, answerBytes).catch((error) => {
        // The headers have said yes, so sending again would make duplicates.
        if (accepted)
          call.warn(`${act} answered ${status}, then failed: ${clean(reasonOf(error, call.signal).reason)}`);
        return '';
      });
      if (accepted && !/^\s*text\/html\b/i.test(answer.headers.get('content-type') ?? '')) {
        return { status, headers: answer.headers, text };
      }
      const location = status >= 300 && status < 400 ? hostOf(answer.headers.get('location'), target) : undefined;
      const detail = accepted
        ? 'with an HTML page, which is not this backend'
        : location
          ? `with a redirect to ${location}, which is not followed`
          : clean(text);
      throw new ExportError(
        accepted ? 'misconfigured' : (failures[status] ?? failureOf(status)),
        `${act} answered ${status}${detail && `: ${detail}`}`,
        { retryAfterMs: retryAfterMs(answer.headers.get('retry-after')) },
      );
    },

    close(): void {
      // A user's own agent may serve others too.
      if (!options.agent && !options.fetch) void opening?.then((agent) => (agent as HttpAgent).destroy());
    },
  };
}

interface Connection {
  connected: boolean;
}

/** Our agent: kept-alive sockets, and the proxy variables where Node knows them. */
async function openAgent(protocol: string): Promise<HttpAgent> {
  const { Agent } = protocol === 'https:' ? await import('node:https') : await import('node:http');
  const options = { keepAlive: true, proxyEnv: process.env };
  return new Agent(options);
}

/** The agent for one request: notes whether it ever had a connected socket, and lets the process end in spite of it. */
function watching(agent: Agent, connection: Connection): Agent {
  return Object.create(agent, {
    addRequest: {
      value(request: ClientRequest, ...rest: unknown[]): void {
        request.once('socket', (socket: Socket) => {
          socket.unref(); // the agent refs a socket each time that it reuses it
          // Each address that is tried gets a new handle, which holds the process again.
          if (socket.connecting) socket.on('connectionAttempt', () => socket.unref());
          const connected = (): void => {
            connection.connected = true;
          };
          if (request.reusedSocket || !socket.connecting) connected();
          else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', connected);
        });
        (agent as { addRequest(...args: unknown[]): void }).addRequest(request, ...rest);
      },
    },
  });
}

/** Where to send and with which headers, and all in them that no message may show. */
function parsedTarget(
  url: URL,
  given: Readonly<Record<string, string>> = {},
): { target: string; headers: Record<string, string>; secrets: readonly string[] } {
  const headers: Record<string, string> = { ...given };
  const target = new URL(url);
  const [user, password] = [decoded(target.username), decoded(target.password)];
  if (user || password) {
    headers.authorization ??= `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    target.username = '';
    target.password = '';
  }
  const ofQuery = url.search.split(/[?&=]/).flatMap((part) => [part, decoded(part)]);
  const ofHeaders = Object.values(headers).flatMap(partsOf);
  return {
    target: target.href,
    headers,
    secrets: [url.username, url.password, user, password, ...ofQuery, ...ofHeaders],
  };
}

/** A header's value, and what follows its scheme: of 'Bearer abc' the 'abc' too. */
function partsOf(value: string): readonly string[] {
  return [value, ...value.split(' ').slice(1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone '%', which is meant as it stands
  }
}

/** Makes text of others fit for one line of a log: no control characters, no secret, at most 200 characters. */
function cleaned(text: string, secrets: readonly string[]): string {
  const long = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .sort((one, other) => other.length - one.length);
  return long
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, QUOTED_CHARACTERS)
    .toWellFormed();
}

/** Why a request failed, without the URL that node-fetch puts into its messages. */
function reasonOf(error: unknown, signal: AbortSignal): { reason: string; code: string | undefined } {
  if (signal.aborted) return { reason: signal.reason?.message ?? 'aborted', code: 'ETIMEDOUT' };
  const {
    message = '',
    code,
    cause,
  } = error as { message?: string; code?: string; cause?: { message?: string; code?: string } };
  const reason =
    cause?.message || /reason: (.+)$/s.exec(message)?.[1] || cause?.code || code || 'the connection was lost';
  return { reason, code: cause?.code ?? code };
}

/** Certificates are renewed by people, so a handshake that fails is probed slowly. */
function isTls(code: string | undefined): boolean {
  return /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/.test(code ?? '');
}

async function readText(body: AsyncIterable<unknown> | null, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk as Uint8Array);
    size += (chunk as Uint8Array).byteLength;
    if (size >= most) break; // ends the stream and drops its socket
  }
  return Buffer.concat(chunks).subarray(0, most).toString();
}

function hostOf(location: string | null, base: string): string | undefined {
  try {
    return location === null ? undefined : new URL(location, base).host;
  } catch {
    return undefined;
  }
}

/** Seconds or a date (RFC 9110, 10.2.3); anything else is no hint. */
function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1_000;
  const date = /^\s*[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Node's agents honour the proxy variables from 22.21 and 24.5 on. */
function proxyWarning(url: URL): string | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  if (!(process.env[name] || process.env[name.toLowerCase()])) return undefined;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21)) return undefined;
  return `${name} is set, but this version of Node has no proxy support in its agents; give an 'agent' option`;
}
