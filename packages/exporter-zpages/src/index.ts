import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Exporter, flag, fromCode, integer, readOptions, text } from '@oc/core/exporter';
import { answer } from './handler.ts';
import { openLive } from './live.ts';
import { type ListeningAddress, listen, type OwnServer } from './server.ts';
import { openSite, type Site } from './site.ts';

/** Options of `zpages`. */
export interface ZpagesOptions {
  /** The address to listen on. Default '127.0.0.1': what the pages show is for the people at this machine. */
  readonly host?: string | undefined;
  /** The port to listen on; 0 takes any that is free. Default 55679. */
  readonly port?: number | undefined;
  /** False opens no port: `handler` serves the pages in a server of yours. Default true. */
  readonly startServer?: boolean | undefined;
  /**
   * The names that the pages answer to, without ports; a request for another is refused, since any website can have a
   * name that leads to your machine. Default 'localhost', '127.0.0.1' and '[::1]'.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /** True lets the page Sampling change the sampler, by a form. Default false. */
  readonly allowConfigChange?: boolean | undefined;
  /** Span names with samples of their own; what goes beyond shares '(other)'. Default 1,000. */
  readonly maxSpanNames?: number | undefined;
  /** Names that are listed from the start, without a span yet. Default none. */
  readonly spanNames?: readonly string[] | undefined;
}

/** The pages: an exporter that is read from. */
export interface Zpages extends Exporter {
  /** Where they are served; undefined before the start, and without a server of their own. */
  readonly address: ListeningAddress | undefined;
  /** Serves them in any server of Node.js: `createServer(pages.handler)`, `app.use('/debug', pages.handler)`. */
  handler(request: IncomingMessage, response: ServerResponse): void;
}

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

const SPEC = {
  host: text('127.0.0.1'),
  port: integer(55_679, { max: 65_535 }),
  startServer: flag(true),
  allowedHosts: fromCode(hostsOf, LOOPBACK),
  allowConfigChange: flag(false),
  maxSpanNames: integer(1_000, { min: 1, max: 100_000 }),
  spanNames: fromCode(textsOf, []),
};

/**
 * Shows the telemetry of this process, live, in a browser: its traces, stats, exporters and sampling.
 *
 * @throws ConfigError for wrong options.
 */
export function zpages(options?: ZpagesOptions): Zpages {
  const { options: chosen, warnings } = readOptions('zpages', options, SPEC);
  const { host, port, startServer, allowedHosts, allowConfigChange, maxSpanNames, spanNames } = chosen;
  const live = openLive();
  let site: Site | undefined;
  let server: OwnServer | undefined;
  const answering = { allowedHosts, live, site: () => site };
  const handler = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(answering, request, response);

  return {
    name: 'zpages',
    warnings,
    handler,

    get address() {
      return server?.address;
    },

    async start(source) {
      const token = allowConfigChange ? tokenOf(crypto.getRandomValues(new Uint8Array(24))) : undefined;
      // Before anything is waited for: the first spans may end in this very turn.
      site = openSite(source, { maxSpanNames, spanNames, token });
      try {
        if (startServer) server = await listen({ host, port }, handler);
      } catch (error) {
        site.close(); // nobody will ever look
        site = undefined;
        throw error;
      }
    },

    async close() {
      live.close();
      site?.close();
      site = undefined;
      await server?.close();
      server = undefined;
    },
  };
}

function tokenOf(random: Uint8Array): string {
  return Buffer.from(random).toString('base64url');
}

function hostsOf(given: unknown): readonly string[] {
  const hosts = textsOf(given);
  if (hosts.every((host) => /^[^\s:/]+$|^\[[\da-f:.]+\]$/i.test(host))) return hosts.map((host) => host.toLowerCase());
  throw new Error('must be a list of host names without ports');
}

function textsOf(given: unknown): readonly string[] {
  if (Array.isArray(given) && given.every((each) => typeof each === 'string')) return given;
  throw new Error('must be a list of texts');
}
