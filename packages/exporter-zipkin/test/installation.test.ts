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

it('without protobufjs JSON is sent, and protobuf fails with a message that says what to install', async () => {
  const { host, arrivals } = await backend();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'without-protobufjs-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['core', 'exporter-zipkin']) {
    for (const part of ['package.json', 'dist']) {
      const source = fileURLToPath(new URL(`../../${name}/${part}`, import.meta.url));
      cpSync(source, join(folder, 'node_modules/@oc', name, part), { recursive: true });
    }
  }
  const program = `
    import { zipkin } from '@oc/exporter-zipkin';
    const call = { resource: { labels: {} }, signal: AbortSignal.timeout(10_000), warn() {} };
    for (const encoding of ['json', 'protobuf']) {
      const exporter = zipkin({ url: 'http://${host}', encoding, fetch });
      await exporter.exportSpans([${JSON.stringify(span())}], call).then(
        () => console.log(encoding, 'sent'),
        ({ failure, message, cause }) => console.log(encoding, failure, message, cause.code),
      );
    }`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder });

  expect(stdout.trimEnd().split('\n')).toEqual([
    'json sent',
    "protobuf misconfigured zipkin: encoding 'protobuf' needs the package protobufjs: npm install protobufjs " +
      'ERR_MODULE_NOT_FOUND',
  ]);
  expect(arrivals.map(({ headers }) => headers['content-type'])).toEqual(['application/json']);
});
