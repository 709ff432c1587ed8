import { join } from 'node:path';
import { run } from './command.ts';
import { eventually } from './eventually.ts';
import { GO_FLAGS, goProgram } from './go.ts';
import { onFreePorts } from './ports.ts';
import { answers, launch } from './program.ts';
import type { Receiver, Stoppable } from './receiver.ts';
import { VERSIONS } from './versions.ts';

/** A statsd_exporter, which also takes DogStatsD's tags. */
export interface StatsdExporter extends Stoppable {
  /** Where it takes datagrams, and lines by TCP: '127.0.0.1:18125'. */
  readonly address: string;
  /** Where it takes datagrams on a Unix socket. */
  readonly socketPath: string;
  /** The page of all that it took, once it is enough. Rejects with the page. */
  page(enough: (page: string) => boolean): Promise<string>;
  /** The value of one series of the page, once it is there: `value('shop_orders{env="prod"}')`. */
  value(series: string): Promise<number>;
}

const SOCKET = 'statsd.sock';
const MODULE = `github.com/prometheus/statsd_exporter@v${VERSIONS.statsdExporter}`;
const program = goProgram('statsd_exporter', [MODULE], (folder) =>
  run('go', ['install', ...GO_FLAGS, MODULE], {
    cwd: '/',
    env: { GOBIN: folder, GOFLAGS: '-buildvcs=false', GOWORK: 'off', CGO_ENABLED: '0' },
  }),
);

export const statsdExporter: Receiver<undefined, StatsdExporter> = {
  name: 'statsd-exporter',
  proves: `statsd_exporter ${VERSIONS.statsdExporter}: StatsD and DogStatsD by UDP, TCP and a Unix socket, tags too`,
  install: program.install,
  missing: program.missing,
  async start() {
    const command = await program.path();
    return await onFreePorts(2, async ([port, web]) => {
      const address = `127.0.0.1:${port}`;
      const url = `http://127.0.0.1:${web}/metrics`;
      const running = await launch({
        name: 'statsd-exporter',
        command,
        args: () => [
          `--statsd.listen-udp=${address}`,
          `--statsd.listen-tcp=${address}`,
          `--statsd.listen-unixgram=${SOCKET}`,
          `--web.listen-address=127.0.0.1:${web}`,
          '--log.level=debug',
        ],
        ready: (_, signal) => answers(url, signal),
      });
      const page = async (): Promise<string> => (await fetch(url)).text();
      const lineOf = (text: string, series: string): string | undefined =>
        text.split('\n').find((line) => line.startsWith(`${series} `));
      return {
        address,
        socketPath: join(running.folder, SOCKET),
        page: (enough) => eventually('statsd_exporter', page, enough),
        async value(series) {
          const there = (text: string): boolean => lineOf(text, series) !== undefined;
          const text = await eventually(`statsd_exporter: ${series}`, page, there);
          return Number(lineOf(text, series)?.slice(series.length + 1));
        },
        stop: running.stop,
      };
    });
  },
};
