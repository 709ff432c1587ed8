import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** A case: what goes in, and what has to come out. */
interface Golden<I> {
  readonly input: I;
  readonly expected?: unknown;
}

const BYTES_A_LINE = 50;

/**
 * Makes a test of each `*.json` in a folder: `{ input, expected }`, where `encode(input)` has to give `expected`. Bytes,
 * also in members, are kept as lines of hex digits. With OC_GOLDENS=write the files are rewritten instead, which is how a
 * new case, a file with an `input` alone, gets its `expected`: to be read before it is committed.
 */
export function goldens<I>(folder: string | URL, encode: (input: I) => unknown): void {
  const path = folder instanceof URL ? fileURLToPath(folder) : folder;
  const files = readdirSync(path).filter((name) => name.endsWith('.json'));
  describe('golden files', () => {
    test('are there', () => expect(files).not.toEqual([]));
    test.for(files)('%s', (name) => checkGolden(join(path, name), encode, process.env.OC_GOLDENS === 'write'));
  });
}

/** Compares one file, or rewrites it. */
export async function checkGolden<I>(file: string, encode: (input: I) => unknown, isWritten: boolean): Promise<void> {
  const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden<I>;
  const actual: unknown = JSON.parse(JSON.stringify(hexed(await encode(golden.input))));
  if (isWritten) {
    writeFileSync(file, `${JSON.stringify({ ...golden, expected: actual }, null, 2)}\n`);
    return;
  }
  if (!('expected' in golden)) throw new Error(`${basename(file)} has no 'expected': OC_GOLDENS=write adds it`);
  expect(actual).toEqual(golden.expected);
}

function hexed(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value).toString('hex');
    return hex.match(new RegExp(`.{1,${2 * BYTES_A_LINE}}`, 'g')) ?? [];
  }
  if (Array.isArray(value)) return value.map(hexed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hexed(member)]));
}
