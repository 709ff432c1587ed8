import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  type Clock,
  type DeliveryOptions,
  type Problem,
  type SignalHealth,
  type Telemetry,
  type TelemetryOptions,
  telemetry,
} from '@oc/core';
import {
  type Agent,
  type ExportCall,
  ExportError,
  type Exporter,
  type ExportFailure,
  type Fetch,
  httpSender,
  type Metric,
  type SpanData,
  type TimeSeries,
} from '@oc/core/exporter';
import { onTestFinished } from 'vitest';

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A request that came in whole. */
export interface Arrival {
  readonly n: number;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly ids: readonly string[];
  readonly socket: Socket;
  readonly response: ServerResponse;
  /** What it was answered with, if it was. */
  status: number | undefined;
  /** Answers; with 200 to 299 the ids count as taken. */
  answer(status: number, headers?: Readonly<Record<string, string>>, body?: string | Uint8Array): void;
  /** Counts ids as taken. */
  take(ids?: readonly string[]): void;
}

export type Behaviour = (arrival: Arrival) => void;

export const ok: Behaviour = (arrival) => arrival.answer(204);
export const silence: Behaviour = () => {};
/** Neither taken nor answered. */
export const reset: Behaviour = ({ socket }) => socket.resetAndDestroy();
/** Taken, but the answer is lost. */
export const takeAndReset: Behaviour = ({ take, socket }) => {
  take();
  socket.resetAndDestroy();
};

export function status(
  code: number,
  headers?: Readonly<Record<string, string>>,
  body?: string | Uint8Array,
): Behaviour {
  return (arrival) => arrival.answer(code, headers, body);
}

/** A server on a loopback port that does as it is told, with a ledger of what it was sent and took. */
export class Backend {
  readonly arrivals: Arrival[] = [];
  /** How often each id was taken. */
  readonly took = new Map<string, number>();
  behave: Behaviour;
  /** Sees a request when only its head has come; true when it has dealt with it. */
  onHead: ((request: IncomingMessage) => boolean) | undefined;
  port = 0;
  readonly #server: Server;
  readonly #next: Behaviour[] = [];
  readonly #changes = new EventEmitter().setMaxListeners(0);

  private constructor(behave: Behaviour) {
    this.behave = behave;
    this.#server = createServer((request, response) => this.#hear(request, response));
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on('clientError', (_, socket) => socket.destroy());
  }

  static async open(behave: Behaviour = ok, port = 0): Promise<Backend> {
    const backend = new Backend(behave);
    await backend.listen(port);
    onTestFinished(() => backend.close());
    return backend;
  }

  async listen(port = this.port): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}/v1/ids`);
  }

  /** How the next requests are treated, one each, before `behave` applies again. */
  next(...behaviours: readonly Behaviour[]): void {
    this.#next.push(...behaviours);
  }

  /** Resolves when the ledger meets the condition. */
  async until(condition: (backend: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise((resolve) => this.#changes.once('change', resolve));
  }

  /** What came, as [number of ids, status]. */
  get log(): readonly (readonly [number, number | undefined])[] {
    return this.arrivals.map(({ ids, status }) => [ids.length, status] as const);
  }

  #hear(request: IncomingMessage, response: ServerResponse): void {
    if (this.onHead?.(request)) {
      this.#changes.emit('change');
      return;
    }
    const chunks: Buffer[] = [];
    request.on('error', () => {}); // resets are what the tests are about
    response.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const ids = (JSON.parse(body) as (string | { id: string })[]).map((item) =>
        typeof item === 'string' ? item : item.id,
      );
      const take = (taken: readonly string[] = ids): void => {
        for (const id of taken) this.took.set(id, (this.took.get(id) ?? 0) + 1);
      };
      const arrival: Arrival = {
        n: this.arrivals.length + 1,
        path: request.url ?? '',
        headers: request.headers,
        body,
        ids,
        socket: request.socket,
        response,
        status: undefined,
        take,
        answer: (code, headers = {}, text) => {
          arrival.status = code;
          if (code >= 200 && code < 300) take();
          response.writeHead(code, headers).end(text);
          this.#changes.emit('change');
        },
      };
      this.arrivals.push(arrival);
      (this.#next.shift() ?? this.behave)(arrival);
      this.#changes.emit('change');
    });
  }
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const backend = await Backend.open();
  await backend.close();
  return backend.port;
}

/** One call of an exporter. */
export interface WireCall {
  readonly ids: readonly string[];
  readonly at: number;
  readonly signal: AbortSignal;
  endedAt: number | undefined;
  /** 'ok', or how it failed. */
  outcome: string | undefined;
  /** How many items the backend has said yes to. */
  accepted: number;
}

export interface WireOptions {
  readonly name?: string;
  readonly clock?: Clock;
  readonly limits?: Exporter['limits'];
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that come with each request, as a refreshed token does. */
  readonly more?: Readonly<Record<string, string>>;
  readonly failures?: Readonly<Record<number, ExportFailure>>;
  readonly fetch?: Fetch;
  readonly agent?: Agent;
  /** Sends metrics so that a lost answer is 'unconfirmed'. */
  readonly once?: boolean;
  /** Blanks after each body. */
  readonly padBytes?: number;
}

/** An exporter to a `Backend`, with a record of its calls. */
export interface Wire extends Exporter {
  readonly calls: readonly WireCall[];
  readonly running: number;
  /** Most calls that ran at one time. */
  readonly most: number;
}

/** What a `Backend` may answer with 200 about a part of a call. */
export interface PartAnswer {
  readonly failed: readonly {
    readonly failure: ExportFailure;
    readonly ids?: readonly string[];
    readonly count?: number;
  }[];
}

/** Spans by name, rows by metric and labels. */
export function wire(target: Backend | URL, options: WireOptions = {}): Wire {
  const { name = 'wire', clock, limits, failures, headers, more, fetch, agent, once = false, padBytes = 0 } = options;
  const sender = httpSender({
    exporter: name,
    url: target instanceof Backend ? target.url : target,
    load: async () => (await import('node-fetch')).default,
    headers,
    failures,
    fetch,
    agent,
  });
  const calls: WireCall[] = [];
  let running = 0;
  let most = 0;
  const now = (): number => (clock ? clock.monotonic() : performance.now());

  async function send<T extends SpanData | TimeSeries>(
    items: ReadonlyMap<string, T>,
    body: string,
    call: ExportCall,
    isOnce: boolean,
  ): Promise<void> {
    const made: WireCall = {
      ids: [...items.keys()],
      at: now(),
      signal: call.signal,
      endedAt: undefined,
      outcome: undefined,
      accepted: 0,
    };
    calls.push(made);
    running++;
    most = Math.max(most, running);
    try {
      const request = { body: body + ' '.repeat(padBytes), headers: more, once: isOnce };
      const { text } = await sender.send(request, call);
      const errors = text.startsWith('{"failed"') ? errorsOf(name, JSON.parse(text) as PartAnswer, items) : [];
      made.accepted = errors.reduce((rest, each) => rest - (each.items?.length ?? each.count ?? 0), items.size);
      if (errors.length > 1) throw new AggregateError(errors, `${name}: failed in parts`);
      if (errors.length === 1) throw errors[0];
      made.outcome = 'ok';
    } catch (error) {
      const { failure, errors } = error as { failure?: string; errors?: { failure: string }[] };
      made.outcome = failure ?? errors?.map((each) => each.failure).join() ?? String(error);
      throw error;
    } finally {
      running--;
      made.endedAt = now();
    }
  }

  return {
    name,
    limits,
    calls,
    get running() {
      return running;
    },
    get most() {
      return most;
    },
    exportSpans(spans, call) {
      const items = new Map(spans.map((span) => [span.name, span]));
      return send(items, JSON.stringify(spans.map((span) => span.name)), call, false);
    },
    exportMetrics(metrics, call) {
      const items = new Map(rowsOf(metrics).map(({ id, series }) => [id, series]));
      const body = [...items].map(([id, { start, time, value }]) => ({ id, start, time, value }));
      return send(items, JSON.stringify(body), call, once);
    },
    async close() {
      sender.close();
    },
  };
}

/** The rows of metrics, each with an id of name and labels. */
export function rowsOf(metrics: readonly Metric[]): readonly { readonly id: string; readonly series: TimeSeries }[] {
  return metrics.flatMap((metric) =>
    Array.from(metric.timeSeries as Iterable<TimeSeries>, (series) => ({
      id: `${metric.name}{${series.labelValues.join()}}`,
      series,
    })),
  );
}

function errorsOf<T extends SpanData | TimeSeries>(
  name: string,
  { failed }: PartAnswer,
  items: ReadonlyMap<string, T>,
): readonly ExportError[] {
  return failed.map(({ failure, ids, count }) => {
    const named = ids?.flatMap((id) => items.get(id) ?? []);
    return new ExportError(failure, `${name}: a part is ${failure}`, { items: named, count });
  });
}

/** A telemetry under test. */
export interface Rig {
  readonly oc: Telemetry;
  /** What `onError` heard. */
  readonly problems: readonly Problem[];
}

/** Starts a telemetry that reports to `problems` and is shut down when the test ends. */
export function rig(
  exporters: readonly (Exporter | readonly [Exporter, Partial<DeliveryOptions>])[],
  options: TelemetryOptions = {},
): Rig {
  const problems: Problem[] = [];
  const oc = telemetry({
    service: 'test',
    flushOn: [],
    ...options,
    exporters,
    onError(problem) {
      problems.push(problem);
      return options.onError?.(problem);
    },
  });
  onTestFinished(async () => {
    // On a clock that stands still a shutdown would not end.
    if (!options.clock) await oc.shutdown({ withinMs: 20 });
  });
  return { oc, problems };
}

/** Ends spans named prefix0, prefix1, ... in one go; returns the names. */
export function endSpans(oc: Telemetry, count: number, prefix = 's'): readonly string[] {
  const names = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  for (const name of names) oc.tracer.startSpan(name).end();
  return names;
}

/** A ledger in which each of the ids was taken once. */
export function onceEach(...ids: readonly (readonly string[])[]): ReadonlyMap<string, number> {
  return new Map(ids.flat().map((id) => [id, 1]));
}

/** The account of a signal without its messages, which tests look at on their own. */
export function figures({ state, accepted, delivered, dropped, queued, inFlight }: SignalHealth): object {
  return { state, accepted, delivered, dropped, queued, inFlight };
}

/** By how much an account is out of balance. */
export function imbalance({ accepted, delivered, dropped, queued, inFlight }: SignalHealth): number {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  return accepted - delivered - lost - queued - inFlight;
}

/** The spans' account of the only exporter. */
export function spansOf(oc: Telemetry): SignalHealth {
  return (oc.health()[0] as ReturnType<Telemetry['health']>[number]).spans;
}

/** The metrics' account of the only exporter. */
export function metricsOf(oc: Telemetry): SignalHealth {
  return (oc.health()[0] as ReturnType<Telemetry['health']>[number]).metrics;
}

/** Numbers from 0 to below 1, the same ones for the same seed (xorshift). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
