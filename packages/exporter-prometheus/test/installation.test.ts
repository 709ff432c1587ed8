import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

it('without prom-client the page is served, and default metrics fail with a message that says what to install', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'without-prom-client-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['core', 'exporter-prometheus']) {
    for (const part of ['package.json', 'dist']) {
      const source = fileURLToPath(new URL(`../../${name}/${part}`, import.meta.url));
      cpSync(source, join(folder, 'node_modules/@oc', name, part), { recursive: true });
    }
  }
  const program = `
    import { telemetry } from '@oc/core';
    import { prometheus } from '@oc/exporter-prometheus';
    for (const defaultMetrics of [false, true]) {
      const exporter = prometheus({ port: 0, defaultMetrics });
      const oc = telemetry({ exporters: [exporter], onError: ({ message }) => console.log(message) });
      await oc.ready;
      const { host, port } = exporter.address ?? {};
      if (port) console.log((await fetch('http://' + host + ':' + port + '/metrics')).status);
      await oc.shutdown();
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: folder,
  });
  expect(stdout.trimEnd().split('\n')).toEqual([
    '200',
    "prometheus: did not start: 'defaultMetrics' needs the package prom-client: npm install prom-client",
  ]);
});
