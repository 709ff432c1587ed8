import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MANIFESTS = `${ROOT}tools/bench/peers`;
/** Our packages that make up a minimal tracing setup, by its name. */
const PACKED: Readonly<Record<string, readonly string[]>> = {
  ours: ['core', 'exporter-zipkin'],
  'ours-otlp': ['core', 'exporter-otlp'],
};

/** Where a library is installed: a folder of its own outside of version control, so that no two share a dependency. */
export function folderOf(library: string): string {
  return `${ROOT}.bench/${library}`;
}

function npm(args: readonly string[], cwd: string): string {
  const shell = process.platform === 'win32';
  const { status, error, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8', shell });
  if (status === 0) return stdout;
  throw new Error(`npm ${args[0]} failed: ${(error?.message ?? stderr).trim().split('\n').slice(0, 3).join(' ')}`);
}

function installIn(folder: string): void {
  npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'], folder);
}

/** Installs a peer once, and again when its manifest has changed. Throws when it cannot be installed. */
export function installPeer(library: string): void {
  const folder = folderOf(library);
  const manifest = readFileSync(`${MANIFESTS}/${library}/package.json`, 'utf8');
  const stamp = `${folder}/installed.json`;
  const isInstalled = existsSync(stamp) && readFileSync(stamp, 'utf8') === manifest;
  if (!isInstalled) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const shared of ['otel.mjs', 'otlp.mjs']) copyFileSync(`${MANIFESTS}/${shared}`, `${folder}/${shared}`);
  for (const file of readdirSync(`${MANIFESTS}/${library}`)) {
    copyFileSync(`${MANIFESTS}/${library}/${file}`, `${folder}/${file}`);
  }
  if (isInstalled) return;
  console.log(`installing ${library}`);
  installIn(folder);
  writeFileSync(stamp, manifest);
}

/** Packs our packages as they would be published and installs them as a user would. Each time, since they change. */
export function installOurs(setup: string): void {
  const folder = folderOf(setup);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const dependencies: Record<string, string> = {};
  for (const name of PACKED[setup] ?? []) {
    const packed = npm(['pack', `./packages/${name}`, '--json', '--pack-destination', folder], ROOT);
    const [tarball] = JSON.parse(packed) as { name: string; filename: string }[];
    if (tarball) dependencies[tarball.name] = `file:${tarball.filename}`;
  }
  writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true, type: 'module', dependencies }));
  copyFileSync(`${MANIFESTS}/${setup}/setup.mjs`, `${folder}/setup.mjs`);
  installIn(folder);
}
