import { type ExportCall, ExportError, type ExportFailure } from '../contract.ts';
import { type Pem, pemOf, type TlsFiles } from './agent.ts';
import { type Grpc, type GrpcConnection, type GrpcEnd, grpcConnection, REPLY_BYTES } from './grpc-connection.ts';
import { redacted, secretsOf } from './redaction.ts';

/** How an exporter's gRPC calls are sent. */
export interface GrpcSenderOptions {
  /** The exporter's name, for messages. */
  readonly exporter: string;
  /** Where to: `http:` in plain text, `https:` over TLS. Its path plays no part. */
  readonly url: URL;
  /** Metadata of every call; its values never show in a message. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Loads the library at the first call: `() => import('@grpc/grpc-js')`. */
  readonly load: () => Promise<unknown>;
  /** Files to prove identities with. */
  readonly tls?: TlsFiles | undefined;
  /** Compresses messages. Default false. */
  readonly gzip?: boolean | undefined;
  /** What a status means, by number, where this backend differs from the usual. */
  readonly failures?: Readonly<Record<number, ExportFailure>> | undefined;
}

/** One message. */
export interface GrpcRequest {
  /** '/package.Service/Method'. */
  readonly path: string;
  /** Not to be changed before the call has settled. */
  readonly message: Uint8Array;
  /** True when it must not be sent twice: a lost answer is then 'unconfirmed'. */
  readonly once?: boolean | undefined;
}

/** Sends messages, each by a call of its own: the same bytes for a unary call and for a stream of one message. */
export interface GrpcSender {
  /** Resolves with the last reply, empty when there was none, when the call has ended with OK; else an ExportError. */
  send(request: GrpcRequest, call: ExportCall): Promise<Uint8Array>;
  /** Closes the connection. */
  close(): void;
}

const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;

// Those that the protocol lets a client try again, and those that people mend. All others are refused for good.
const FAILURES: Readonly<Record<number, ExportFailure>> = {
  1: 'unavailable', // CANCELLED
  4: 'unavailable', // DEADLINE_EXCEEDED
  7: 'misconfigured', // PERMISSION_DENIED
  10: 'unavailable', // ABORTED
  11: 'unavailable', // OUT_OF_RANGE
  12: 'misconfigured', // UNIMPLEMENTED
  [UNAVAILABLE]: 'unavailable',
  15: 'unavailable', // DATA_LOSS
  16: 'misconfigured', // UNAUTHENTICATED
};

const CHANNEL = {
  // Core decides when to try again: a channel must not wait longer than that, nor share what it has learnt.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 250,
  'grpc.dns_min_time_between_resolutions_ms': 1_000,
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.service_config_disable_resolution': 1,
  'grpc.max_receive_message_length': REPLY_BYTES,
};
const GZIP = { 'grpc.default_compression_algorithm': 2 };

/** What the library says when the answer did not come: a status of its own, which no server has sent. */
const LOST =
  /^(Connection dropped|Received RST_STREAM|Call cancelled|No status information received|Write (error|failed)|(read|write) E[A-Z]+)/;
/** What it says when the proxy did not make a connection; why, it keeps to itself. */
const NO_TUNNEL = /^No connection established\. Last error: undefined/;
/** The variables that it reads, the first that is set. */
const PROXIES = ['grpc_proxy', 'https_proxy', 'http_proxy'];
const CERTIFICATE = /certificate|altnames|SSL routines|EPROTO|ERR_TLS|ERR_SSL|secure TLS/i;

/** Makes the sender of one server. It opens nothing until the first message. */
export function grpcSender(options: GrpcSenderOptions): GrpcSender {
  const { exporter, url, metadata = {}, failures = {}, tls = {} } = options;
  const address = `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
  const secrets = secretsOf(url, metadata);
  let loading: Promise<Grpc> | undefined;
  let latest: Promise<Opened> | undefined;
  let hasWarned = false;

  async function opened(before: Promise<Opened> | undefined, grpc: Grpc): Promise<Opened> {
    const old = await before?.catch(() => undefined);
    try {
      const pem: Pem = url.protocol === 'https:' ? await pemOf(tls) : {};
      const text = JSON.stringify(pem);
      if (old?.text === text && old.connection.isOpen) return old;
      const settings = { ...CHANNEL, ...(options.gzip && GZIP) };
      const connection = await grpcConnection(grpc, address, securityOf(url, pem, grpc), settings);
      old?.connection.close();
      return { connection, text };
    } catch (error) {
      if (old?.connection.isOpen) return old; // in the midst of a renewal: the old ones serve until certificate and key fit again
      throw error;
    }
  }

  return {
    async send({ path, message, once = false }, call): Promise<Uint8Array> {
      const { signal } = call;
      const act = `${exporter}: ${url.protocol}//${address}${path}`;
      loading ??= options.load() as Promise<Grpc>;
      const grpc = await loading;
      latest = opened(latest, grpc); // each after the one before, so that calls side by side share what was opened
      const { connection } = await latest.catch((cause: Error) => {
        throw new ExportError('misconfigured', `${act} failed: ${cause.message}`, { cause });
      });
      if (!hasWarned) {
        hasWarned = true;
        const warning = proxyWarning();
        if (warning) call.warn(warning);
      }
      const sent = new grpc.Metadata();
      for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
      const end = await connection.call(path, message, sent, signal);
      if (end.code === 0) return end.reply;
      // A connection that gave no answer may be dead without knowing it: later calls would wait for it in vain.
      if (signal.aborted) connection.close();
      const reason = signal.aborted ? (signal.reason?.message ?? 'aborted') : reasonOf(end);
      throw new ExportError(
        meaningOf(end, signal.aborted, once, failures),
        `${act} ended with ${grpc.status[end.code] ?? end.code}${reason && `: ${redacted(reason, secrets)}`}`,
        { retryAfterMs: end.retryAfterMs },
      );
    },

    close(): void {
      latest?.then(
        ({ connection }) => connection.close(),
        () => {}, // nothing was opened, and who called was told
      );
    },
  };
}

interface Opened {
  readonly connection: GrpcConnection;
  /** What was in the TLS files. */
  readonly text: string;
}

function securityOf({ protocol }: URL, { ca, key, cert }: Pem, { credentials }: Grpc): object {
  if (protocol !== 'https:') return credentials.createInsecure();
  const bytes = (pem: string | undefined): Buffer | null => (pem === undefined ? null : Buffer.from(pem));
  return credentials.createSsl(bytes(ca), bytes(key), bytes(cert));
}

function reasonOf({ message, details, isTooLong }: GrpcEnd): string {
  if (isTooLong) return `a reply of more than ${REPLY_BYTES} bytes, which is not this backend`;
  const proxy = PROXIES.find((name) => process.env[name]);
  if (proxy && NO_TUNNEL.test(details)) return `the proxy of ${proxy} refuses to connect, or is not there`;
  return message ?? details;
}

/** What is wrong with the proxy variables: the library reads only those in small letters. */
function proxyWarning(): string | undefined {
  const unread = PROXIES.map((name) => name.toUpperCase()).find((name) => process.env[name]);
  if (unread === undefined || PROXIES.some((name) => process.env[name])) return undefined;
  return `${unread} is set, but gRPC reads ${unread.toLowerCase()}`;
}

function meaningOf(
  { code, details, isTooLong, isConnected, retryAfterMs }: GrpcEnd,
  isAborted: boolean,
  once: boolean,
  failures: Readonly<Record<number, ExportFailure>>,
): ExportFailure {
  if (isAborted || isTooLong || LOST.test(details)) return once && isConnected ? 'unconfirmed' : 'unavailable';
  if (code === UNAVAILABLE && CERTIFICATE.test(details)) return 'misconfigured'; // mended by people
  if (code === RESOURCE_EXHAUSTED && /larger than max/i.test(details)) return 'too-large';
  if (code === RESOURCE_EXHAUSTED && retryAfterMs !== undefined) return 'unavailable';
  return failures[code] ?? FAILURES[code] ?? 'rejected';
}
