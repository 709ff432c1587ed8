// Makes what each package ships: for each entry point one file of JavaScript and one of declarations, and what entry
// points share. Node takes a third of a millisecond to load each module, and a file takes 4 KB of a disk however small
// it is: core has forty. The declarations come from those that TypeScript wrote into build/.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

const packages = new URL('../packages/', import.meta.url);

/** Bundles the code of the sources `names`, written without their endings. */
function bundleCode(root, names) {
  return build({
    absWorkingDir: root,
    entryPoints: names.map((name) => `src/${name}.ts`),
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

async function bundleDeclarations(root, names) {
  const bundle = await rollup({
    input: Object.fromEntries(names.map((name) => [name, `${root}build/${name}.d.ts`])),
    external: /^[^./]/, // other packages; ours are named by a path
    plugins: [dts()],
    onwarn({ message }) {
      throw new Error(message);
    },
  });
  await bundle.write({
    dir: `${root}dist`,
    entryFileNames: '[name].d.ts',
    chunkFileNames: 'shared/types-[hash].d.ts',
  });
}

for (const folder of readdirSync(packages)) {
  const root = fileURLToPath(new URL(`${folder}/`, packages));
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const names = Object.values(exports).map((entry) => entry.default.replace(/^\.\/dist\/(.+)\.js$/, '$1'));
  rmSync(`${root}dist`, { recursive: true, force: true });
  // The demo compiles only the packages that it uses.
  const isCompiled = existsSync(`${root}build`);
  await Promise.all([bundleCode(root, names), isCompiled && bundleDeclarations(root, names)]);
}
