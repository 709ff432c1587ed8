import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);

it('without unix-dgram a Unix socket for metrics is a ConfigError that says what to install, a variable a warning', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'without-unix-dgram-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['core', 'exporter-datadog']) {
    for (const part of ['package.json', 'dist']) {
      const source = fileURLToPath(new URL(`../../${name}/${part}`, import.meta.url));
      cpSync(source, join(folder, 'node_modules/@oc', name, part), { recursive: true });
    }
  }
  const program = `
    import { datadog } from '@oc/exporter-datadog';
    console.log(datadog().warnings.join());
    try {
      datadog({ dogstatsdUrl: 'unix:///var/run/datadog/dsd.socket' });
    } catch ({ name, message }) {
      console.log(name, message);
    }`;
  const env = { ...process.env, DD_DOGSTATSD_URL: 'unix:///var/run/datadog/dsd.socket' };
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder, env });

  const says = 'is a Unix socket, which needs the package unix-dgram: npm install unix-dgram';
  expect(stdout.trimEnd().split('\n')).toEqual([
    `DD_DOGSTATSD_URL ${says}; the default is used`,
    `ConfigError datadog: 'dogstatsdUrl' ${says}`,
  ]);
});
