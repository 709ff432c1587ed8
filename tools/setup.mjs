// Makes a fresh clone ready, and does nothing when it is: `npm ci` when the lock file has changed, then, if asked, a build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

process.chdir(new URL('..', import.meta.url).pathname);
const STAMP = 'node_modules/.setup-stamp';
const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');

/** Runs a command with our own output streams and ends this process with its code if it fails. */
function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) console.error(`setup: ${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== lock) {
  console.log('setup: installing the tools (once; about a minute)');
  run('npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error');
  writeFileSync(STAMP, lock);
}
if (process.argv.includes('--clean')) {
  for (const folder of readdirSync('packages')) {
    for (const made of ['build', 'dist']) rmSync(`packages/${folder}/${made}`, { recursive: true, force: true });
  }
}
if (process.argv.includes('--build')) run('npm', 'run', '--silent', 'build');
