// The folder in which receivers are kept. It lies outside every clone and is shared by all of them.
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const HEARTBEAT_MS = 5_000;

/** `OC_RECEIVERS_CACHE`, else oc-receivers in `XDG_CACHE_HOME`, else in ~/.cache. */
export function cacheFolder(): string {
  const { OC_RECEIVERS_CACHE, XDG_CACHE_HOME } = process.env;
  return OC_RECEIVERS_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'oc-receivers');
}

/** Where the thing of this key is, or would be. The key holds all that decides its content: versions, hashes. */
export function placeOf(key: string): string {
  return join(cacheFolder(), key);
}

/** Whether the thing of this key is there, whole. */
export function isPlaced(key: string): boolean {
  return existsSync(placeOf(key));
}

/**
 * Lets `make` fill a new folder and puts it in its place when it is whole, by one rename: whatever ends this process
 * before that, nothing counts as installed. Of several installers one works and the others wait for it.
 */
export async function place(key: string, make: (folder: string) => Promise<void>): Promise<void> {
  if (isPlaced(key)) return;
  await mkdir(cacheFolder(), { recursive: true });
  const unlock = await lock(`${placeOf(key)}.lock`);
  try {
    if (isPlaced(key)) return;
    await sweep(`${key}.draft-`);
    const draft = await mkdtemp(`${placeOf(key)}.draft-${process.pid}-`);
    try {
      await make(draft);
      await rename(draft, placeOf(key));
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      if (!isPlaced(key)) throw error; // else another was quicker, after it had taken this one for dead
    }
  } finally {
    await unlock();
  }
}

/** Removes what interrupted installers left behind. */
async function sweep(prefix: string): Promise<void> {
  for (const name of await readdir(cacheFolder())) {
    if (!name.startsWith(prefix) || isAlive(Number.parseInt(name.slice(prefix.length), 10))) continue;
    await rm(join(cacheFolder(), name), { recursive: true, force: true });
  }
}

/**
 * Holds a file until the function that it resolves to is called. The file of an owner that is gone is taken over. Should
 * two take over at once, both go on: work done twice, no harm, since only a rename puts things in place.
 */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await isAbandoned(path)) await rm(path, { force: true });
      else await delay(200);
    }
  }
  // The id of a process that is gone may be given to another one: a living owner also keeps its file fresh.
  const heartbeat = setInterval(
    () => utimes(path, new Date(), new Date()).catch(() => clearInterval(heartbeat)),
    HEARTBEAT_MS,
  );
  return async () => {
    clearInterval(heartbeat);
    await rm(path, { force: true });
  };
}

async function isAbandoned(path: string): Promise<boolean> {
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > 12 * HEARTBEAT_MS) return true;
  const owner = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
  return Number.isInteger(owner) && !isAlive(owner);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
