import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { answering, HttpServer } from '@oc/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { onFreePorts } from '../../../tools/receivers/ports.ts';
import { samplesOf } from './page-reader.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const [service = '', application = '', job = ''] = Array.from(
  readme.matchAll(/```ts\n(.*?)```/gs),
  ([, lines]) => lines,
);

/** Runs lines as a program that finds the packages by their names; a line on stderr fails it. */
async function run(lines: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', lines], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, ...env },
  });
  expect(stderr).toBe('');
  return stdout;
}

/** Lines that read a page from within the program and end it. */
const reading = (port: number): string => `
  await oc.ready;
  const read = async () => (await fetch('http://127.0.0.1:${port}/metrics')).text();
  process.stdout.write(await read(), () => process.exit());
`;

it('the service in a container shows its views and the default metrics', async () => {
  const page = await onFreePorts(1, ([port = 0]) =>
    run(service + reading(port), { OTEL_EXPORTER_PROMETHEUS_PORT: `${port}` }),
  );
  const samples = samplesOf(page);
  expect(samples).toContainEqual({ name: 'shop_latency_bucket', labels: { method: 'GET', le: '50' }, value: '1' });
  expect(samples.map(({ name }) => name)).toContain('nodejs_heap_size_used_bytes');
});

it('the application with a page of prom-client has both there', async () => {
  const page = await onFreePorts(1, ([port = 0]) => run(application.replace('3000', `${port}`) + reading(port)));
  expect(samplesOf(page).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['nodejs_heap_size_used_bytes', 'target_info']),
  );
});

it('the batch job has pushed when it ends', async () => {
  const gateway = await HttpServer.open(() => []);
  gateway.behave = answering({ status: 200 });
  onTestFinished(() => gateway.tcp.close());
  await run(job.replace('http://pushgateway:9091', `http://127.0.0.1:${gateway.tcp.port}`));
  expect(gateway.arrivals.map(({ path, body }) => [path, samplesOf(`${body}`)])).toEqual([
    ['/metrics/job/nightly-import', [{ name: 'import_rows_total', labels: {}, value: '1' }]],
  ]);
});
