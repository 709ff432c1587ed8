import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Exporter } from '@oc/core/exporter';
import { expect, test } from 'vitest';

const ROOT = new URL('../', import.meta.url);

/** What the README's table says of one exporter. */
interface Row {
  readonly name: string;
  readonly traces: boolean;
  readonly stats: boolean;
  readonly links: readonly string[];
}

function rowsOfReadme(): readonly Row[] {
  const rows = readFileSync(new URL('README.md', ROOT), 'utf8').matchAll(/^\| `(@oc\/exporter-[\w-]+)` \|(.*)\|$/gm);
  return Array.from(rows, ([, name = '', rest = '']) => {
    const [, traces, stats, ...pages] = rest.split('|').map((cell) => cell.trim());
    const links = pages.map((cell) => /\]\(([^)]+)\)/.exec(cell)?.[1] ?? 'no link');
    return { name, traces: traces === 'T', stats: stats === 'S', links };
  });
}

/** What exporters show that nothing is sent to: their shape does not tell. */
const SHOWN: Readonly<Record<string, Pick<Row, 'traces' | 'stats'>>> = {
  prometheus: { traces: false, stats: true },
  zpages: { traces: true, stats: true },
};

const folders = readdirSync(new URL('packages/', ROOT)).filter((folder) => folder.startsWith('exporter-'));

test('the README lists each exporter once, and no other', () => {
  expect(rowsOfReadme().map(({ name }) => name)).toEqual(folders.map((folder) => `@oc/${folder}`));
});

test.each(folders)('what the README says of %s is so: its signals, its guide, its proof', async (folder) => {
  const row = rowsOfReadme().find(({ name }) => name === `@oc/${folder}`);
  const factories: Record<string, () => Exporter> = await import(`../packages/${folder}/src/index.ts`);
  const exporters = Object.values(factories).map((factory) => factory());
  expect(row).toEqual({
    name: `@oc/${folder}`,
    traces: exporters.some(({ name, exportSpans }) => exportSpans !== undefined || SHOWN[name]?.traces),
    stats: exporters.some(({ name, exportMetrics }) => exportMetrics !== undefined || SHOWN[name]?.stats),
    links: [
      `packages/${folder}/README.md`,
      expect.stringMatching(new RegExp(`^packages/${folder}/test/.+\\.test\\.ts$`)),
    ],
  });
  for (const link of row?.links ?? []) expect([link, existsSync(new URL(link, ROOT))]).toEqual([link, true]);
});
