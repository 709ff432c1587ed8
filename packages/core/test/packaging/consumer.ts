import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export const ROOT: string = fileURLToPath(new URL('../../../../', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** A package of the workspace that is published. */
export interface Package {
  readonly folder: string;
  readonly manifest: Manifest;
  /** What programs import: '@oc/core', '@oc/core/exporter'. */
  readonly entries: readonly string[];
  readonly optionalPeers: readonly string[];
}

export const PACKAGES: readonly Package[] = readdirSync(join(ROOT, 'packages'))
  .map((name) => join(ROOT, 'packages', name))
  .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest }))
  .filter(({ manifest }) => !manifest.private)
  .map(({ folder, manifest }) => ({
    folder,
    manifest,
    entries: Object.keys(manifest.exports ?? {}).map((path) => manifest.name + path.slice(1)),
    optionalPeers: Object.entries(manifest.peerDependenciesMeta ?? {})
      .filter(([, { optional }]) => optional)
      .map(([name]) => name),
  }));

/** The files of each package's tarball, by the package's name. */
export type Tarballs = ReadonlyMap<string, readonly string[]>;

/** A fresh folder outside of the workspace. */
export function consumerFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'consumer-')));
}

/**
 * Packs all packages and unpacks them into `folder` as an installation would: each package sees its own dependencies and
 * the peers that are not optional, and nothing else.
 */
export async function install(folder: string): Promise<Tarballs> {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const command = ['pack', '--workspaces', '--json', '--pack-destination', folder];
  const { stdout } = await execute(npm, command, { cwd: ROOT, shell: process.platform === 'win32' });
  const packed = JSON.parse(stdout) as readonly { name: string; filename: string; files: { path: string }[] }[];
  const tarballs = new Map<string, string[]>();
  for (const { manifest, folder: source } of PACKAGES) {
    const one = packed.find(({ name }) => name === manifest.name);
    if (!one) throw new Error(`npm pack made no tarball of ${manifest.name}`);
    tarballs.set(
      manifest.name,
      one.files.map(({ path }) => path),
    );
    const home = join(folder, 'node_modules', manifest.name);
    mkdirSync(home, { recursive: true });
    await execute('tar', ['-xzf', join(folder, one.filename), '-C', home, '--strip-components', '1']);
    for (const name of Object.keys(manifest.dependencies ?? {})) link(name, source, home);
    for (const name of Object.keys(manifest.peerDependencies ?? {})) {
      const isOptional = manifest.peerDependenciesMeta?.[name]?.optional;
      if (!isOptional && !PACKAGES.some((each) => each.manifest.name === name)) link(name, source, folder);
    }
  }
  return tarballs;
}

/** Makes the copy of a dependency that the workspace has visible in `node_modules` of `home`. */
function link(name: string, source: string, home: string): void {
  const target = [source, ROOT].map((place) => join(place, 'node_modules', name)).find((path) => existsSync(path));
  if (!target) throw new Error(`${name}, which ${source} wants, is not installed`);
  const path = join(home, 'node_modules', name);
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(realpathSync(target), path, 'junction');
}

/** Runs a program with this Node and nothing in its environment but what is given. */
export async function node(
  file: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { PATH } = process.env;
  try {
    const output = await execute(process.execPath, [file], { env: { PATH, ...env }, timeout: 20_000 });
    return { code: 0, ...output };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}
