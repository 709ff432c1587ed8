import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from './backend.ts';
import { span } from './samples.ts';

const run = promisify(execFile);

it('without @grpc/grpc-js HTTP works, and gRPC fails with a message that says what to install', async () => {
  const { host, arrivals } = await backend(200);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'without-grpc-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['core', 'exporter-otlp']) {
    for (const part of ['package.json', 'dist']) {
      const source = fileURLToPath(new URL(`../../${name}/${part}`, import.meta.url));
      cpSync(source, join(folder, 'node_modules/@oc', name, part), { recursive: true });
    }
  }
  const program = `
    import { otlp } from '@oc/exporter-otlp';
    const call = { resource: { labels: {} }, signal: AbortSignal.timeout(10_000), warn() {} };
    for (const protocol of ['http/protobuf', 'http/json', 'grpc']) {
      const exporter = otlp({ url: 'http://${host}', protocol, ...(protocol !== 'grpc' && { fetch }) });
      await exporter.exportSpans([${JSON.stringify(span())}], call).then(
        () => console.log(protocol, 'sent'),
        ({ failure, message, cause }) => console.log(protocol, failure, message, cause.code),
      );
    }`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder });

  expect(stdout.trimEnd().split('\n')).toEqual([
    'http/protobuf sent',
    'http/json sent',
    "grpc misconfigured otlp: protocol 'grpc' needs the package @grpc/grpc-js: npm install @grpc/grpc-js " +
      'ERR_MODULE_NOT_FOUND',
  ]);
  expect(arrivals.map(({ headers }) => headers['content-type'])).toEqual([
    'application/x-protobuf',
    'application/json',
  ]);
});

it('neither a package nor a module of HTTP is loaded before the first call', async () => {
  const program = `
    import { otlp } from '@oc/exporter-otlp';
    for (const protocol of ['http/protobuf', 'grpc']) otlp({ protocol });
    const loaded = process.moduleLoadList.join();
    console.log(['https', 'http2', 'zlib', 'tls'].filter((name) => loaded.includes('NativeModule ' + name)).join());`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  expect(stdout.trim()).toBe('');
});
