import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isPlaced, place, placeOf } from './cache.ts';
import { programOf, run } from './command.ts';
import { eventually } from './eventually.ts';
import { launch } from './program.ts';
import type { Receiver, Stoppable } from './receiver.ts';
import { VERSIONS } from './versions.ts';

/** A Zipkin server with its storage in memory. */
export interface ZipkinServer extends Stoppable {
  /** Where it listens: 'http://127.0.0.1:41234'. */
  readonly origin: string;
  /** The spans of a trace by their ids, once there are as many; it answers before it stores. */
  spans(traceId: string, count: number): Promise<readonly { readonly id: string }[]>;
}

const { artifact, file, sha256 } = VERSIONS.zipkin;
const KEY = `${file}-${sha256.slice(0, 16)}`;

// Its HTTP library opens a UDP socket to the world for a resolver of its own, which nothing here needs.
const NO_RESOLVER = '-Dcom.linecorp.armeria.useJdkDnsResolver=true';

export const zipkinServer: Receiver<undefined, ZipkinServer> = {
  name: 'zipkin',
  proves: 'Zipkin server 3.6.1: spans in JSON and protobuf, read back by its API',
  async install() {
    await place(KEY, async (folder) => {
      const copy = `org.apache.maven.plugins:maven-dependency-plugin:${VERSIONS.mavenDependencyPlugin}:copy`;
      await run('mvn', ['-B', '-ntp', '-q', copy, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]);
      const hash = createHash('sha256');
      await pipeline(createReadStream(join(folder, file)), hash);
      const found = hash.digest('hex');
      if (found !== sha256) throw new Error(`${file} has the SHA-256 ${found}; expected ${sha256}`);
    });
  },
  async missing() {
    if (!programOf('java')) return 'there is no java';
    if (isPlaced(KEY)) return undefined;
    return programOf('mvn') ? 'it is not installed' : 'it is not installed, and there is no mvn to fetch it';
  },
  async start() {
    const port = ['ip=127.0.0.1', 'port=0', 'protocols[0]=http'].map((setting) => `--armeria.ports[0].${setting}`);
    let origin = '';
    const program = await launch({
      name: 'zipkin',
      command: 'java',
      args: () => ['-Xmx384m', '-XX:TieredStopAtLevel=1', NO_RESOLVER, '-jar', join(placeOf(KEY), file), ...port],
      async ready({ logged }, signal) {
        [, origin = ''] = await logged(/Serving HTTP at .* - (http:\/\/[\d.:]+)\//, signal);
      },
    });
    return {
      origin,
      spans: (traceId, count) =>
        eventually(
          `Zipkin's trace ${traceId}`,
          async () => {
            const answer = await fetch(`${origin}/api/v2/trace/${traceId}`);
            const spans = answer.ok ? ((await answer.json()) as { readonly id: string }[]) : [];
            return spans.toSorted((a, b) => (a.id < b.id ? -1 : 1));
          },
          ({ length }) => length >= count,
        ),
      stop: program.stop,
    };
  },
};
