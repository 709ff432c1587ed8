import { readdirSync, readFileSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { folderOf } from './peers.ts';

/** Optional parts, not installed with a minimal setup; this repository's own node_modules, further up, may hold them. */
const OPTIONAL = ['protobufjs', '@grpc/grpc-js', 'encoding'];

/** Disk space of a folder in KB, as `du` counts it. */
export function diskKb(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const { blocks, size } = statSync(`${entry.parentPath}/${entry.name}`);
    bytes += blocks === undefined ? size : blocks * 512; // Windows knows no blocks
  }
  return bytes / 1024;
}

/** How many packages an installation brought. */
export function packageCount(library: string): number {
  const lock = readFileSync(`${folderOf(library)}/node_modules/.package-lock.json`, 'utf8');
  return Object.keys((JSON.parse(lock) as { packages: Record<string, unknown> }).packages).length;
}

/**
 * KB of a bundle, minified and compressed; undefined when the library cannot be bundled. ES modules are preferred
 * wherever a package has them, so that every library is shaken as well as it can be.
 */
export async function bundleKb(
  library: string,
  code: string,
  external: readonly string[] = [],
): Promise<number | undefined> {
  try {
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: folderOf(library) },
      bundle: true,
      minify: true,
      write: false,
      platform: 'node',
      format: 'esm',
      mainFields: ['module', 'main'],
      external: [...OPTIONAL, ...external],
      logLevel: 'silent',
    });
    return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length / 1024;
  } catch {
    return undefined;
  }
}

/** The code of a library's minimal setup. */
export function setupOf(library: string): string {
  return readFileSync(`${folderOf(library)}/setup.mjs`, 'utf8');
}
