import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CollectorReceivers, configOf, inletsOf } from './collector-config.ts';
import { type Arrived, type ArrivedLog, type ArrivedMetric, type ArrivedSpan, arrivedIn } from './collector-output.ts';
import { run } from './command.ts';
import { eventually } from './eventually.ts';
import { GO_FLAGS, goProgram } from './go.ts';
import { onFreePorts } from './ports.ts';
import { launch, type Program } from './program.ts';
import type { Receiver, Stoppable } from './receiver.ts';
import { sourceOf } from './sources.ts';
import { VERSIONS } from './versions.ts';

/** What the Collector is started with. */
export interface CollectorOptions {
  /** Its receivers with their settings, as in its own configuration; addresses are filled in. */
  readonly receivers: CollectorReceivers;
}

/** A line of the Collector's log: level, msg, error and what else it says. */
export type CollectorLog = Readonly<Record<string, unknown>>;

/** An OpenTelemetry Collector that writes all it takes to files. */
export interface Collector extends Stoppable {
  /** Where a receiver listens, '127.0.0.1:14268': `address('zipkin')`, `address('jaeger/thrift_compact')`. */
  address(inlet: string): string;
  /** All spans that arrived since the start, once they are enough. Rejects with those that came instead. */
  traces(enough: (spans: readonly ArrivedSpan[]) => boolean, withinMs?: number): Promise<readonly ArrivedSpan[]>;
  /** All metrics that arrived since the start, once they are enough: one entry a metric and message. */
  metrics(enough: (metrics: readonly ArrivedMetric[]) => boolean, withinMs?: number): Promise<readonly ArrivedMetric[]>;
  /** All logs that arrived since the start, once they are enough. */
  logs(enough: (logs: readonly ArrivedLog[]) => boolean, withinMs?: number): Promise<readonly ArrivedLog[]>;
  /** A line of its own log, from the start on, that matches; datagrams are refused nowhere else. */
  logged(pattern: RegExp, withinMs?: number): Promise<CollectorLog>;
}

const program = goProgram(
  'collector',
  ['go.mod', 'go.sum', 'main.go'].map((file) => sourceOf(`collector/${file}`)),
  // Never `go mod tidy` in that folder: some modules that only tests of its modules need cannot be had.
  (folder) =>
    run('go', ['build', ...GO_FLAGS, '-o', join(folder, 'collector'), '.'], {
      cwd: fileURLToPath(sourceOf('collector/')),
      env: { GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off', CGO_ENABLED: '0' },
    }),
);

export const collector: Receiver<CollectorOptions, Collector> = {
  name: 'collector',
  proves:
    `OpenTelemetry Collector ${VERSIONS.collector}: OTLP, Zipkin, Jaeger, OpenCensus and Datadog, ` +
    'as well as AWS X-Ray, SignalFx, Wavefront, Carbon, InfluxDB and StatsD',
  install: program.install,
  missing: program.missing,
  async start({ receivers }) {
    const command = await program.path();
    const inlets = inletsOf(receivers);
    return await onFreePorts(inlets.length, async (ports) => {
      const addresses = new Map(inlets.map((inlet, index) => [inlet, `127.0.0.1:${ports[index]}`]));
      const running = await launch({
        name: 'collector',
        command,
        async args(folder) {
          await writeFile(join(folder, 'config.json'), JSON.stringify(configOf(receivers, addresses, folder)));
          return ['--config', 'config.json'];
        },
        // The library for AWS X-Ray would else ask an address of the cloud for keys.
        env: {
          AWS_ACCESS_KEY_ID: 'none',
          AWS_SECRET_ACCESS_KEY: 'none',
          AWS_REGION: 'us-east-1',
          AWS_EC2_METADATA_DISABLED: 'true',
        },
        ready: ({ logged }, signal) => logged(/Everything is ready/, signal),
      });
      return handleOf(running, addresses);
    });
  },
};

function handleOf(running: Program, addresses: ReadonlyMap<string, string>): Collector {
  const arrived = async <S extends keyof Arrived>(
    signal: S,
    enough: (items: Arrived[S]) => boolean,
    withinMs?: number,
  ): Promise<Arrived[S]> => {
    const path = join(running.folder, `${signal}.jsonl`);
    const read = async (): Promise<Arrived[S]> => arrivedIn(signal, await readFile(path, 'utf8'));
    try {
      return await eventually(`the Collector's ${signal}`, read, enough, withinMs);
    } catch (error) {
      const complaints = running.log.filter((line) => /"level":"(warn|error)"/.test(line));
      throw new Error(`${(error as Error).message}\nit complained: ${complaints.join('\n') || 'of nothing'}`);
    }
  };
  return {
    address(inlet) {
      const address = addresses.get(inlet);
      if (address) return address;
      throw new Error(`the Collector was not started with ${inlet}; it has ${[...addresses.keys()].join(', ')}`);
    },
    traces: (enough, withinMs) => arrived('traces', enough, withinMs),
    metrics: (enough, withinMs) => arrived('metrics', enough, withinMs),
    logs: (enough, withinMs) => arrived('logs', enough, withinMs),
    async logged(pattern, withinMs) {
      const find = async (): Promise<string | undefined> => running.log.find((line) => pattern.test(line));
      const line = await eventually(`the Collector's log, ${pattern}`, find, (found) => found !== undefined, withinMs);
      const { stacktrace: _, ...entry } = JSON.parse(line ?? '') as Record<string, unknown>;
      return entry;
    },
    stop: running.stop,
  };
}
