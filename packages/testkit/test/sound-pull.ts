import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type Exporter,
  integer,
  type Metric,
  readOptions,
  type Source,
  type SpanData,
  type TimeSeries,
  text,
} from '@oc/core/exporter';

// An exporter that is read, as a newcomer would write it: rows as JSON lines at /rows, and a page for people at /page.

/** Options of `soundPull`. */
export interface SoundPullOptions {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/** Answers one request. */
export type Respond = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** What a twin does in another way. */
export interface PullWays {
  readonly host?: string;
  /** Lines of one piece of an answer. */
  readonly slice?: number;
  readonly respond?: (respond: Respond, source: Source) => Respond;
  readonly collect?: (collect: () => Promise<readonly Metric[]>) => () => Promise<readonly Metric[]>;
  readonly line?: (line: string) => string;
  readonly escaped?: (text: string) => string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether readers that keep their connections hold the process. */
  readonly isHeld?: boolean;
  readonly isOwnHost?: (host: string) => boolean;
  readonly start?: (start: () => Promise<void>) => Promise<void>;
  readonly close?: (close: () => Promise<void>) => Promise<void>;
  readonly options?: (options: SoundPullOptions | undefined) => SoundPullOptions | undefined;
}

/** An exporter that can say where it listens. */
export interface PullExporter extends Exporter {
  address(): { readonly host: string; readonly port: number } | undefined;
}

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

export function soundPull(options?: SoundPullOptions, ways: PullWays = {}): PullExporter {
  const { slice = 500, line: changed = (line) => line, escaped = entities, isOwnHost = isLoopbackName } = ways;
  const { options: chosen, warnings } = readOptions('soundPull', ways.options ? ways.options(options) : options, {
    host: text(ways.host ?? '127.0.0.1', { env: 'SOUND_HOST' }),
    port: integer(4_999, { min: 0, max: 65_535, env: 'SOUND_PORT' }),
  });
  const spans = new Set<string>();
  let source: Source | undefined;
  let respond: Respond = answer;
  const server = createServer((request, response) => {
    Promise.resolve(respond(request, response)).catch(() => response.destroy());
  });
  if (!ways.isHeld) server.on('connection', (socket) => socket.unref());
  const collected = (): Promise<readonly Metric[]> => source?.metrics() ?? Promise.resolve([]);
  const collect = ways.collect?.(collected) ?? collected;

  async function answer({ method = '', url = '', headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = url.split('?');
    if (!isOwnHost(headers.host ?? '')) return end(response, 403);
    if (path !== '/rows' && path !== '/page') return end(response, 404);
    if (method !== 'GET' && method !== 'HEAD') return end(response, 405, { allow: 'GET, HEAD' });
    response.writeHead(200, {
      ...(path === '/page' ? PAGE_HEADERS : { 'content-type': 'application/x-ndjson' }),
      ...ways.headers,
    });
    if (method === 'HEAD') return void response.end();
    const lines = path === '/page' ? pageOf(spans, await collect(), escaped) : linesOf(await collect());
    let piece: string[] = [];
    for (const line of lines) {
      piece.push(changed(line));
      if (piece.length < slice) continue;
      response.write(`${piece.join('\n')}\n`);
      piece = [];
      await turn();
      if (response.destroyed) return;
    }
    response.end(`${piece.join('\n')}\n`);
  }

  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const { host, port } = chosen;
      server.once('error', ({ message }) => reject(new Error(`cannot listen on ${host}:${port}: ${message}`)));
      server.listen(port, host, resolve);
      server.unref();
    });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });

  return {
    name: 'soundPull',
    warnings,
    start(given) {
      source = given;
      respond = ways.respond?.(answer, given) ?? answer;
      given.watch({ start: ({ name }) => void spans.add(name), end: (span) => void spans.add(summaryOf(span)) });
      return ways.start ? ways.start(listen) : listen();
    },
    close: () => (ways.close ? ways.close(close) : close()),
    address() {
      const bound = server.address() as AddressInfo | null;
      return bound ? { host: bound.address, port: bound.port } : undefined;
    },
  };
}

function end(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, headers).end();
}

function isLoopbackName(host: string): boolean {
  return LOOPBACK_NAMES.has(host.replace(/:\d+$/, '').toLowerCase());
}

function* linesOf(metrics: readonly Metric[]): Generator<string> {
  for (const { name, labelKeys, timeSeries } of metrics) {
    for (const { labelValues, value } of timeSeries as Iterable<TimeSeries>) {
      const attributes = Object.fromEntries(labelKeys.map((key, at) => [key, labelValues[at]]));
      yield JSON.stringify({ id: attributes.id ?? '', name, attributes, value });
    }
  }
}

function summaryOf({ name, attributes, annotations, status }: SpanData): string {
  return [name, JSON.stringify(attributes), JSON.stringify(annotations), status.message].join(' ');
}

function pageOf(
  spans: ReadonlySet<string>,
  metrics: readonly Metric[],
  escaped: (text: string) => string,
): readonly string[] {
  const texts = [...spans, ...metrics.map(({ name, description }) => `${name} ${description}`), ...linesOf(metrics)];
  return ['<!doctype html><title>page</title><ul>', ...texts.map((each) => `<li>${escaped(each)}</li>`), '</ul>'];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function entities(given: string): string {
  return given.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}
