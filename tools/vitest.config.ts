import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = new URL('../', import.meta.url);
// Tests run on sources: every export of every package is mapped from dist/X.js to src/X.ts.
const alias = readdirSync(new URL('packages/', root)).flatMap((folder) => {
  const { name, exports } = JSON.parse(readFileSync(new URL(`packages/${folder}/package.json`, root), 'utf8'));
  return Object.entries<{ default: string }>(exports).map(([path, target]) => ({
    find: new RegExp(`^${name}${path.slice(1)}$`),
    replacement: fileURLToPath(
      new URL(target.default.replace('./dist/', `packages/${folder}/src/`).replace(/\.js$/, '.ts'), root),
    ),
  }));
});

export default defineConfig({
  resolve: { alias },
  test: {
    root: fileURLToPath(root),
    include: ['packages/*/test/**/*.test.ts', 'tools/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', './tools/count-line.ts'],
  },
});
