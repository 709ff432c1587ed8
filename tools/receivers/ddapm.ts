import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { isPlaced, place, placeOf } from './cache.ts';
import { run } from './command.ts';
import { onFreePorts } from './ports.ts';
import { answers, launch } from './program.ts';
import type { Receiver, Stoppable } from './receiver.ts';
import { sourceOf } from './sources.ts';
import { VERSIONS } from './versions.ts';

/** A span as the agent decoded it; ids are numbers of 64 bits, here as texts. */
export interface DatadogSpan {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_id?: string;
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly type?: string;
  /** Nanoseconds. */
  readonly start: string;
  readonly duration: string;
  readonly error: number;
  readonly meta?: Readonly<Record<string, string>>;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly [other: string]: unknown;
}

/** A request as it came in. */
export interface DatadogRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In base64. */
  readonly body: string;
}

/** Datadog's agent for tests of tracers. */
export interface DatadogTestAgent extends Stoppable {
  readonly origin: string;
  /** The same by HTTP on a Unix socket. */
  readonly socketPath: string;
  /** The traces that came with the header `X-Datadog-Test-Session-Token: token`. Rejects with the agent's complaint. */
  traces(token: string): Promise<readonly (readonly DatadogSpan[])[]>;
  /** The requests that came with that header, good and bad. */
  requests(token: string): Promise<readonly DatadogRequest[]>;
  /** Forgets what came with that header; after a bad request its traces cannot be read otherwise. */
  clear(token: string): Promise<void>;
}

const requirements = sourceOf('ddapm.txt');
const HASH = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
const PYTHON = '/usr/bin/python3'; // the one whose venv the distribution keeps, whatever is first in PATH

/** Wheels with code of their own are for one line of Python. */
async function key(): Promise<string> {
  return `ddapm-${VERSIONS.ddapm}-${HASH}-python${await pythonVersion()}`;
}

let version: string | undefined;
async function pythonVersion(): Promise<string> {
  const program = 'import sys; print("%d.%d" % sys.version_info[:2])';
  version ??= (await run(PYTHON, ['-c', program])).trim();
  return version;
}

export const ddapm: Receiver<undefined, DatadogTestAgent> = {
  name: 'ddapm',
  proves: `ddapm-test-agent ${VERSIONS.ddapm}: Datadog's traces in msgpack, with its checks of the headers`,
  async install() {
    await place(await key(), async (folder) => {
      await run(PYTHON, ['-m', 'venv', folder]);
      const from = ['--require-hashes', '--no-deps', '--only-binary', ':all:', '-r', fileURLToPath(requirements)];
      await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '-q', '--no-input', ...from]);
    });
  },
  async missing() {
    if (!existsSync(PYTHON)) return `there is no ${PYTHON}`;
    return isPlaced(await key()) ? undefined : 'it is not installed';
  },
  async start() {
    // Its folder was renamed after its programs had the old path written into them; the interpreter finds its own.
    const command = join(placeOf(await key()), 'bin/python');
    return await onFreePorts(3, async ([port = 0, http, grpc]) => {
      const origin = `http://127.0.0.1:${port}`;
      const program = await launch({
        name: 'ddapm',
        command,
        args: () => [
          ...['-c', 'from ddapm_test_agent.agent import main; main()', '--disable-llmobs-data-forwarding'],
          ...['--host', '127.0.0.1', '--port', `${port}`],
          ...['--otlp-http-port', `${http}`, '--otlp-grpc-port', `${grpc}`],
          ...['--snapshot-dir', 'snapshots', '--vcr-cassettes-directory', 'cassettes'],
        ],
        env: { ENABLED_CHECKS: 'trace_count_header,meta_tracer_version_header,trace_content_length' },
        ready: (_, signal) => answers(`${origin}/info`, signal),
      });
      // The agent itself listens either on a port or on a socket.
      const socketPath = join(program.folder, 'agent.sock');
      const socket = createServer((client) => {
        const agent = connect(port, '127.0.0.1');
        pipeline(client, agent, client).catch(() => client.destroy());
      });
      await once(socket.listen(socketPath), 'listening');
      const session = async (what: 'traces' | 'requests' | 'clear', token: string): Promise<string> => {
        const answer = await fetch(`${origin}/test/session/${what}?test_session_token=${encodeURIComponent(token)}`);
        const text = await answer.text();
        if (answer.status === 404) return '[]'; // nothing came with this token, or it was cleared
        if (!answer.ok) throw new Error(`ddapm: ${what} of ${token}: ${answer.status} ${text}`);
        return text;
      };
      return {
        origin,
        socketPath,
        traces: async (token) => JSON.parse(withWideNumbersAsTexts(await session('traces', token))) as DatadogSpan[][],
        requests: async (token) => JSON.parse(await session('requests', token)) as DatadogRequest[],
        async clear(token) {
          await session('clear', token);
        },
        async stop() {
          socket.close();
          await program.stop();
        },
      };
    });
  },
};

const WIDE = new Set(['"trace_id"', '"span_id"', '"parent_id"', '"start"', '"duration"']);

/** Ids and nanoseconds have more digits than a number of JavaScript keeps. */
function withWideNumbersAsTexts(json: string): string {
  // A text, and if it is a member's name before a whole number, that number.
  const token = /("(?:[^"\\]|\\.)*")(?:(\s*:\s*)(-?\d+)(?![\d.eE]))?/g;
  return json.replace(token, (whole, name: string, colon?: string, number?: string) =>
    number !== undefined && WIDE.has(name) ? `${name}${colon}"${number}"` : whole,
  );
}
