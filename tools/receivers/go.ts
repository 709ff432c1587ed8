// Programs built from Go modules, keyed by the Go version too: another compiler is another program.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isPlaced, place, placeOf } from './cache.ts';
import { programOf, run } from './command.ts';

/** A program that Go builds. */
export interface GoProgram {
  install(): Promise<void>;
  missing(): Promise<string | undefined>;
  /** Where the program is. */
  path(): Promise<string>;
}

/** `sources` decide what is built, beside Go itself; `build` puts a program of that name into the folder. */
export function goProgram(
  name: string,
  sources: readonly (string | URL)[],
  build: (folder: string) => Promise<unknown>,
): GoProgram {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(source instanceof URL ? readFileSync(source) : source).update('\0');
  const ofSources = hash.digest('hex').slice(0, 12);
  const keyOf = (go: string): string => `${name}-${ofSources}-${go}`;
  return {
    async install() {
      await place(keyOf(await goVersion()), async (folder) => {
        await build(folder);
      });
    },
    async missing() {
      if (!programOf('go')) return 'there is no go to build it, 1.24 or later';
      return isPlaced(keyOf(await goVersion())) ? undefined : 'it is not installed';
    },
    async path() {
      return `${placeOf(keyOf(await goVersion()))}/${name}`;
    },
  };
}

/** Outside of any module: the version of the very Go, whatever a go.mod may ask for. */
async function goVersion(): Promise<string> {
  return (await run('go', ['env', 'GOVERSION'], { cwd: '/' })).trim();
}

/** Smaller programs, the same bytes for the same sources wherever they are built. */
export const GO_FLAGS = ['-trimpath', '-ldflags=-s -w'] as const;
