// Debian packages, unpacked into the cache folder and not installed: that needs no root and starts no daemon.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPlaced, place, placeOf } from './cache.ts';
import { programOf, run } from './command.ts';
import { VERSIONS } from './versions.ts';

const PACKAGES = Object.keys(VERSIONS.debian);
const HASH = createHash('sha256').update(PACKAGES.join()).digest('hex').slice(0, 8);

/** Of one release of a distribution: 'debian-bookworm-1f2e3d4c'. Its packages are what that release has at the time. */
async function key(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (name: string): string => new RegExp(`^${name}="?([\\w.]+)`, 'm').exec(release)?.[1] ?? 'unknown';
  return `${value('ID')}-${value('VERSION_CODENAME')}-${HASH}`;
}

/** Fetches the packages with lists of its own, so that neither root nor the system's lock on them is needed. */
export async function installDebian(): Promise<void> {
  await place(await key(), async (folder) => {
    const state = join(folder, 'apt');
    for (const part of ['lists', 'cache/archives']) await mkdir(join(state, part, 'partial'), { recursive: true });
    const own = ['-q', '-o', `Dir::State::lists=${state}/lists`, '-o', `Dir::Cache=${state}/cache`];
    const asUser = ['-o', 'APT::Sandbox::User=', '-o', 'Acquire::Languages=none'];
    await run('apt-get', [...own, ...asUser, 'update']);
    await run('apt-get', [...own, ...asUser, 'download', ...PACKAGES], { cwd: folder });
    const archives = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
    for (const archive of archives) await run('dpkg-deb', ['-x', archive, folder], { cwd: folder });
    // prometheus_2.42.0+ds-5+deb12u1_amd64.deb
    const versions = Object.fromEntries(archives.map((name) => name.split('_').slice(0, 2)));
    await writeFile(join(folder, 'versions.json'), JSON.stringify(versions));
    for (const name of ['apt', ...archives]) await rm(join(folder, name), { recursive: true });
  });
}

/** Why nothing of these packages can be started. */
export async function missingDebian(): Promise<string | undefined> {
  if (isPlaced(await key())) return undefined;
  if (programOf('apt-get') && programOf('dpkg-deb')) return 'it is not installed';
  return 'it is not installed, and there is no apt-get to fetch it';
}

/** The path of a file of the packages: `debianFile('usr/bin/prometheus')`. */
export async function debianFile(path: string): Promise<string> {
  return join(placeOf(await key()), path);
}

/** What is there of a package: '2.42.0+ds-5+deb12u1', and whether the tests are known to pass with it. */
export async function foundInDebian(name: keyof typeof VERSIONS.debian): Promise<string> {
  const versions = JSON.parse(await readFile(await debianFile('versions.json'), 'utf8')) as Record<string, string>;
  return judged(`${versions[name]}`, VERSIONS.debian[name]);
}

/** Says of a version whether it is of the line that is known. */
export function judged(version: string, known: string): string {
  return version.startsWith(`${known}.`) ? version : `${version}; the tests are known to pass with ${known}`;
}
