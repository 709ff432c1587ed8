// Makes the JavaScript of each package: one file an entry point and what they share, since Node takes a third of a
// millisecond to load each module and core has over thirty. The declarations beside it are TypeScript's.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const packages = new URL('../packages/', import.meta.url);

for (const folder of readdirSync(packages)) {
  const root = new URL(`${folder}/`, packages);
  const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  // Shared files have a hash in their names: those of the last build would stay.
  rmSync(new URL('dist/shared/', root), { recursive: true, force: true });
  await build({
    absWorkingDir: root.pathname,
    entryPoints: Object.values(exports).map((entry) =>
      entry.default.replace('./dist/', './src/').replace(/\.js$/, '.ts'),
    ),
    outbase: 'src',
    outdir: 'dist',
    bundle: true,
    splitting: true,
    chunkNames: 'shared/[name]-[hash]',
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
  });
}
