import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const VERSION = '3.6.1';
const folder = fileURLToPath(new URL('../../../node_modules/.cache/receivers/', import.meta.url));
const jar = join(folder, `zipkin-server-${VERSION}-slim.jar`);
const run = promisify(execFile);

/** A Zipkin server of its own makers, with its storage in memory. */
export interface ZipkinServer {
  /** Where it listens: 'http://127.0.0.1:41234'. */
  readonly origin: string;
  stop(): Promise<void>;
}

/** Why no server can be started here, or undefined when one can. */
export async function missingForZipkin(): Promise<string | undefined> {
  const isThere = (tool: string): Promise<boolean> =>
    run(tool, ['-version']).then(
      () => true,
      () => false,
    );
  if (!(await isThere('java'))) return 'there is no java';
  if (!existsSync(jar) && !(await isThere('mvn'))) return 'there is no mvn to fetch the Zipkin server';
  return undefined;
}

/** Starts a server on a free port of the loopback interface; fetches its jar by Maven the first time. */
export async function startZipkin(): Promise<ZipkinServer> {
  if (!existsSync(jar)) {
    mkdirSync(folder, { recursive: true });
    const artifact = `-Dartifact=io.zipkin:zipkin-server:${VERSION}:jar:slim`;
    await run('mvn', ['-B', '-ntp', '-q', 'dependency:copy', artifact, `-DoutputDirectory=${folder}`]);
  }
  const port = ['ip=127.0.0.1', 'port=0', 'protocols[0]=http'].map((setting) => `--armeria.ports[0].${setting}`);
  const server = spawn('java', ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-jar', jar, ...port], {
    stdio: ['ignore', 'ignore', 'pipe'], // its log goes to stderr
  });
  const kill = (): boolean => server.kill('SIGKILL'); // it holds nothing that a slower end would save
  process.once('exit', kill);
  const log: string[] = [];
  for await (const line of createInterface(server.stderr)) {
    log.push(line);
    const [, origin] = /Serving HTTP at .* - (http:\/\/[\d.:]+)\//.exec(line) ?? [];
    if (!origin) continue;
    server.stderr.resume();
    return {
      origin,
      async stop() {
        process.off('exit', kill);
        kill();
        await once(server, 'exit');
      },
    };
  }
  throw new Error(`the Zipkin server ended:\n${log.join('\n')}`);
}
