import type { Client, Metadata, ServiceError } from '@grpc/grpc-js';
import {
  type ExportCall,
  ExportError,
  type Exporter,
  type ExportFailure,
  given,
  httpHeader,
  httpUrl,
  readOptions,
  type SpanData,
  type TimeSeries,
  type TlsFiles,
} from '@oc/core/exporter';
import { failureOf } from './sound-grpc-failure.ts';

// An exporter over gRPC as a newcomer would write it: JSON in messages, over the library that everybody uses.

/** Options of `soundGrpc`. */
export interface SoundGrpcOptions {
  readonly url?: string | undefined;
  readonly secret?: string | undefined;
  readonly tls?: TlsFiles | undefined;
}

/** An item on the wire. */
export interface GrpcItem {
  readonly id: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly traceId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly value?: unknown;
}

/** What a twin does in another way. */
export interface GrpcWays {
  /** How messages go: each in a call, or in a stream, or in a stream whose end is not waited for. */
  readonly mode?: 'unary' | 'ended' | 'written';
  readonly failures?: Readonly<Record<number, ExportFailure>>;
  readonly item?: (item: GrpcItem) => GrpcItem;
  readonly around?: (send: (call: ExportCall) => Promise<void>, call: ExportCall) => Promise<void>;
  readonly failed?: (error: ExportError) => ExportError | undefined;
  readonly reply?: (reply: string) => string;
  /** Whether a connection is left when a call over it has met its deadline. */
  readonly isFaithful?: boolean;
  readonly url?: (url: unknown) => string | undefined;
  readonly secret?: (secret: string | undefined, url: unknown) => string | undefined;
  /** Whether it makes one connection and no other. */
  readonly isOnce?: boolean;
  /** Whether it takes any certificate. */
  readonly isTrusting?: boolean;
  /** Whether it reads its files once. */
  readonly isSettled?: boolean;
  /** Other options of its channel. */
  readonly channel?: object;
}

type Given = SpanData | TimeSeries;

const PATH = '/sound.Sound/Export';

export function soundGrpc(options?: SoundGrpcOptions, ways: GrpcWays = {}): Exporter {
  const {
    mode = 'unary',
    item: changed = (item) => item,
    around = (send, call) => send(call),
    failed = (error) => error,
  } = ways;
  const { url: wanted, secret, ...rest } = options ?? {};
  const wishes = {
    ...rest,
    url: ways.url ? ways.url(wanted) : wanted,
    secret: ways.secret ? ways.secret(secret, wanted) : secret,
  };
  const { options: chosen, warnings } = readOptions('soundGrpc', wishes, {
    url: httpUrl('http://localhost:4998', { env: 'SOUND_URL' }),
    secret: httpHeader('x-key'),
    tls: given<TlsFiles>('object'),
  });
  const { url } = chosen;
  const address = `${url.hostname}:${url.port}`;
  let client: Promise<Client> | undefined;
  let shown: readonly (string | null)[] | undefined;
  let wasConnected = false;
  let hasWarned = process.env.HTTPS_PROXY === undefined;
  const streams = new Set<Promise<void>>();

  async function opened(pems: readonly (string | null)[]): Promise<Client> {
    const { Client, credentials } = await import('@grpc/grpc-js');
    const [ca = null, key = null, cert = null] = pems.map((pem) => (pem === null ? null : Buffer.from(pem)));
    const secure =
      url.protocol === 'https:'
        ? credentials.createSsl(ca, key, cert, { rejectUnauthorized: !ways.isTrusting })
        : credentials.createInsecure();
    return new Client(address, secure, {
      'grpc.max_reconnect_backoff_ms': 5_000,
      'grpc.initial_reconnect_backoff_ms': 500,
      'grpc.dns_min_time_between_resolutions_ms': 1_000,
      ...ways.channel,
    });
  }

  /** The client, a new one when its files were renewed. */
  async function current(): Promise<Client> {
    const { ca, key, cert } = chosen.tls ?? {};
    if (!shown || !ways.isSettled) {
      const { readFile } = await import('node:fs/promises');
      const pems = await Promise.all([ca, key, cert].map((path) => (path ? readFile(path, 'utf8') : null)));
      if (shown && pems.join() !== shown.join()) {
        client?.then((each) => each.close());
        client = undefined;
      }
      shown = pems;
    }
    client ??= opened(shown);
    return client;
  }

  async function metadata(): Promise<Metadata> {
    const { Metadata } = await import('@grpc/grpc-js');
    const sent = new Metadata();
    for (const [name, value] of Object.entries(chosen.secret ?? {})) sent.set(name, value);
    return sent;
  }

  /** The next call makes a connection of its own. */
  function leave(): void {
    if (ways.isFaithful) return;
    client?.then((each) => each.close());
    client = undefined;
  }

  /** Sends a message in a call or stream of its own; gives the reply. */
  async function exchange(bytes: Buffer, { signal }: ExportCall): Promise<string> {
    const [via, sent] = [await current(), await metadata()];
    const isConnected = via.getChannel().getConnectivityState(false) === READY;
    if (ways.isOnce && wasConnected && !isConnected)
      throw Object.assign(new Error('the connection is gone'), { code: 13 });
    const begin = mode === 'unary' ? callOf : streamOf;
    return new Promise((resolve, reject) => {
      const abort = (): void => call.cancel();
      const call = begin(via, sent, bytes, (error, reply) => {
        signal.removeEventListener('abort', abort);
        wasConnected ||= !error;
        if (signal.aborted) leave();
        if (error) reject(error);
        else resolve(`${reply}`);
      });
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort);
    });
  }

  /** Writes a message to a stream of its own and does not wait for what becomes of it. */
  async function write(bytes: Buffer, { signal }: ExportCall): Promise<string> {
    const [via, sent] = [await current(), await metadata()];
    await new Promise<void>((resolve, reject) => {
      const stream = via.makeBidiStreamRequest<Buffer, Buffer>(PATH, same, same, sent);
      let isOver = false;
      const over = new Promise<void>((resolve) => {
        stream.on('status', () => {
          isOver = true;
          resolve();
        });
      });
      streams.add(over);
      void over.then(() => streams.delete(over));
      stream.on('data', () => {});
      stream.on('error', reject);
      // The library says of a message that it is written when it waits for a connection.
      stream.write(bytes, () => void connected(via.getChannel(), () => isOver).then(resolve));
      stream.end();
      signal.addEventListener('abort', () => {
        leave();
        stream.cancel();
      });
    });
    return '';
  }

  async function send(pairs: readonly (readonly [GrpcItem, Given])[], call: ExportCall): Promise<void> {
    if (!hasWarned) call.warn('HTTPS_PROXY is set, but gRPC reads https_proxy');
    hasWarned = true;
    const bytes = Buffer.from(JSON.stringify(pairs.map(([item]) => changed(item))));
    let reply: string;
    try {
      reply = await (mode === 'written' ? write(bytes, call) : exchange(bytes, call));
    } catch (error) {
      const met = failed(
        failureOf(error as ServiceError, PATH, address, ways.failures ?? {}, Object.values(chosen.secret ?? {})),
      );
      if (met) throw met;
      return;
    }
    const rejected = rejectedIn(ways.reply ? ways.reply(reply) : reply);
    const items = pairs.filter(([{ id }]) => rejected.has(id)).map(([, each]) => each);
    if (items.length > 0) throw new ExportError('rejected', 'soundGrpc: a part was refused', { items });
  }

  return {
    name: 'soundGrpc',
    warnings,
    exportSpans(spans, call) {
      const pairs = spans.map((span) => {
        const { traceId, spanId: id, parentSpanId: parentId, name, start, end, attributes } = span;
        const worded = Object.entries(attributes).map(([key, value]) => [key, wordsOf(value)]);
        return [{ id, name, attributes: Object.fromEntries(worded), traceId, parentId, start, end }, span] as const;
      });
      return around((own) => send(pairs, own), call);
    },
    exportMetrics(metrics, call) {
      const pairs = metrics.flatMap(({ name, labelKeys, timeSeries }) =>
        Array.from(timeSeries as Iterable<TimeSeries>, (series) => {
          const attributes = Object.fromEntries(labelKeys.map((key, at) => [key, series.labelValues[at]]));
          return [{ id: attributes.id ?? '', name, attributes, value: series.value }, series] as const;
        }),
      );
      return around((own) => send(pairs, own), call);
    },
    async close(signal) {
      const ended = Promise.all(streams);
      const late = new Promise((resolve) => signal.addEventListener('abort', resolve));
      await Promise.race([ended, late]);
      (await client)?.close();
    },
  };
}

type Settle = (error: Error | null, reply: Buffer | string) => void;

function callOf(via: Client, sent: Metadata, bytes: Buffer, settle: Settle): { cancel(): void } {
  return via.makeUnaryRequest<Buffer, Buffer>(PATH, same, same, bytes, sent, (error, reply) =>
    settle(error, reply ?? ''),
  );
}

function streamOf(via: Client, sent: Metadata, bytes: Buffer, settle: Settle): { cancel(): void } {
  const stream = via.makeBidiStreamRequest<Buffer, Buffer>(PATH, same, same, sent);
  let last: Buffer | string = '';
  stream.on('data', (reply: Buffer) => {
    last = reply;
  });
  stream.on('error', (error) => settle(error, ''));
  stream.on('status', ({ code }) => code === 0 && settle(null, last));
  stream.write(bytes);
  stream.end();
  return stream;
}

/** Resolves when a channel is connected, or nobody waits for it any more. */
async function connected(channel: ReturnType<Client['getChannel']>, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const state = channel.getConnectivityState(true);
    if (state === READY) return;
    await new Promise((resolve) => channel.watchConnectivityState(state, Date.now() + 100, resolve));
  }
}

/** A state of a channel. */
const READY = 2;

const same = (bytes: Buffer): Buffer => bytes;

function rejectedIn(reply: string): ReadonlySet<string> {
  try {
    return new Set((JSON.parse(reply) as { rejected?: readonly string[] }).rejected);
  } catch {
    return new Set();
  }
}

/** JSON has no NaN: said in words. */
function wordsOf(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
