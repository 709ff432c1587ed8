import { ConfigError, type ExportCall, ExportError, type ExportFailure } from '../contract.ts';
import { type Agent, agentOf, type Connection, ownAgents, proxyWarning, type TlsFiles, watching } from './agent.ts';
import { bytesOf, hostOf, retryAfterMs } from './answer.ts';
import { decoded, partsOf, redacted, secretsOf } from './redaction.ts';

export type { Agent, TlsFiles } from './agent.ts';

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
  /** Files to prove identities with, where there is no `agent`; a ConfigError beside `agent` and `fetch`. */
  readonly tls?: TlsFiles | undefined;
  /** A Unix socket to connect to in place of the URL's host; a ConfigError beside `agent` and `fetch`. */
  readonly socketPath?: string | undefined;
  /** Compresses bodies above 1 KiB, in zlib's threads. Default false. */
  readonly gzip?: boolean | undefined;
  /** What an answer's status means where this backend differs from the table of `failureOf`. */
  readonly failures?: Readonly<Record<number, ExportFailure>> | undefined;
  /** Reads an answer that refuses, where its body is more than a line of text. */
  readonly refusal?: ((body: Uint8Array, status: number) => Refusal | undefined) | undefined;
  /** Most bytes read of an answer, after decompression. Default 64 KiB. */
  readonly answerBytes?: number | undefined;
}

/** What the body of a refusal says; it goes before what the status and the headers say. */
export interface Refusal {
  readonly failure?: ExportFailure | undefined;
  readonly message?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** One request. */
export interface HttpRequest {
  /** Default 'POST'. */
  readonly method?: 'POST' | 'PUT' | 'DELETE' | undefined;
  /** Not to be changed before the request has settled. */
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** True when the body must not be sent twice: a lost answer is then 'unconfirmed'. */
  readonly once?: boolean | undefined;
}

/** An answer with a status of 200 to 299. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Cut at `answerBytes`. */
  readonly body: Uint8Array;
  /** The body as text. */
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
/** Below it, compressing costs more than it saves. */
const GZIP_BYTES = 1_024;

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
  const address = options.url.origin + options.url.pathname;
  const beside = (['tls', 'socketPath', 'agent'] as const).filter((name) => options[name] !== undefined);
  for (const own of ['fetch', 'agent'] as const) {
    const [idle] = beside.filter((name) => name !== own);
    if (options[own] && idle) {
      throw new ConfigError(`${exporter}: '${idle}' has no effect beside '${own}'; give one of them`);
    }
  }
  const agents = options.agent
    ? agentOf(options.agent)
    : ownAgents(options.url.protocol, options.tls, options.socketPath);
  let loading: Promise<Fetch> | undefined;
  let warned = false;

  return {
    async send({ method = 'POST', body, headers: more = {}, once = false }, call): Promise<HttpAnswer> {
      const act = `${exporter}: ${method} ${address}`;
      const clean = (text: string): string => redacted(text, [...secrets, ...Object.values(more).flatMap(partsOf)]);
      const failed = (failure: ExportFailure, reason: string, code?: string): ExportError => {
        const cause = Object.assign(new Error(clean(reason)), { code });
        return new ExportError(failure, `${act} failed: ${clean(reason)}`, { cause });
      };
      const agentOfFiles = (): Promise<Agent> =>
        agents.next().catch(({ message, code }) => {
          // Of a proxy variable Node shows all, with its password.
          const reason = code === 'ERR_PROXY_INVALID_CONFIG' ? 'the proxy variable is no URL' : message;
          throw failed('misconfigured', reason, code);
        });
      // The promise is kept, not what it gives: several first calls may come side by side.
      loading ??= options.fetch ? Promise.resolve(options.fetch) : (options.load() as Promise<Fetch>);
      const isLarge = options.gzip === true && Buffer.byteLength(body) > GZIP_BYTES;
      const [fetch, agent, sent] = await Promise.all([
        loading,
        options.fetch ? undefined : agentOfFiles(),
        isLarge ? zipped(body) : body,
      ]);
      const connection: Connection = { connected: false };
      if (!warned && !options.fetch && !options.agent) {
        warned = true;
        const warning = proxyWarning(options.url);
        if (warning) call.warn(warning);
      }
      const init = {
        method,
        headers: { ...headers, ...more, ...(isLarge && { 'content-encoding': 'gzip' }) },
        body: sent,
        redirect: 'manual' as const, // a redirect would carry keys and data to another host
        signal: call.signal,
        ...(agent && { agent: watching(agent, connection, call.signal) }),
      };
      let answer: Awaited<ReturnType<Fetch>>;
      try {
        call.signal.throwIfAborted(); // node-fetch would leave an 'error' event that ends the process
        connection.connected = options.fetch !== undefined; // nobody knows of a user's own
        answer = await fetch(target, init);
      } catch (error) {
        const { reason, code } = reasonOf(error, call.signal);
        const isLost = once && connection.connected;
        throw failed(isLost ? 'unconfirmed' : isTls(code) ? 'misconfigured' : 'unavailable', reason, code);
      }
      const { status } = answer;
      const isYes = status >= 200 && status < 300;
      const said = await bytesOf(answer.body, answerBytes).catch((error) => {
        // The headers have said yes, so sending again would make duplicates.
        if (isYes) call.warn(`${act} answered ${status}, then failed: ${clean(reasonOf(error, call.signal).reason)}`);
        return new Uint8Array();
      });
      if (isYes && !/^\s*text\/html\b/i.test(answer.headers.get('content-type') ?? '')) {
        return { status, headers: answer.headers, body: said, text: Buffer.from(said).toString() };
      }
      const location = status >= 300 && status < 400 ? hostOf(answer.headers.get('location'), target) : undefined;
      const refusal = isYes ? undefined : options.refusal?.(said, status);
      const detail = isYes
        ? 'with an HTML page, which is not this backend'
        : location
          ? `with a redirect to ${location}, which is not followed`
          : clean(refusal?.message ?? Buffer.from(said).toString());
      throw new ExportError(
        isYes ? 'misconfigured' : (refusal?.failure ?? failures[status] ?? failureOf(status)),
        `${act} answered ${status}${detail && `: ${detail}`}`,
        { retryAfterMs: refusal?.retryAfterMs ?? retryAfterMs(answer.headers.get('retry-after')) },
      );
    },

    close(): void {
      agents.close();
    },
  };
}

async function zipped(body: string | Uint8Array): Promise<Uint8Array> {
  const [{ gzip }, { promisify }] = await Promise.all([import('node:zlib'), import('node:util')]);
  return promisify(gzip)(body);
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
  return { target: target.href, headers, secrets: secretsOf(url, headers) };
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
