import { bundleKb, diskKb, packageCount, setupOf } from './footprint.ts';
import { folderOf } from './peers.ts';
import type { Workload } from './workloads.ts';

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Prints rows with the first column to the left and the others to the right. */
function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[0] ?? 0),
    );
    console.log(`  ${cells.join('  ')}`.trimEnd());
  }
}

/** Median and spread of the ratios, each taken within its round. */
function ratio(values: readonly number[], reference: readonly number[] | undefined): string[] {
  if (!reference) return ['-', ''];
  const ratios = values.map((value, round) => value / (reference[round] as number));
  return [median(ratios).toFixed(3), `(${Math.min(...ratios).toFixed(3)}..${Math.max(...ratios).toFixed(3)})`];
}

/** Prints one workload: the median figure of each library and its ratio to each reference. */
export function printFigures(workload: Workload, figures: ReadonlyMap<string, readonly number[]>): void {
  console.log(`\n${workload.id}: ${workload.title}\n  target: ${workload.target}`);
  printTable([
    ['library', workload.unit, ...workload.references.flatMap((reference) => [`x ${reference}`, '(min..max)'])],
    ...[...figures].map(([library, values]) => [
      library,
      median(values).toFixed(workload.unit === 'ms' ? 1 : 0),
      ...workload.references.flatMap((reference) => ratio(values, figures.get(reference))),
    ]),
  ]);
}

/** Prints what a minimal setup weighs, for each library, and for ours by package. */
export async function printFootprints(libraries: readonly string[]): Promise<void> {
  const kb = (size: number | undefined): string => size?.toFixed(1) ?? '-';
  console.log('\nW7: weight of that setup');
  const rows = [['library', 'installed KB', 'packages', 'min+gz KB']];
  for (const library of libraries) {
    rows.push([
      library,
      diskKb(`${folderOf(library)}/node_modules`).toFixed(0),
      String(packageCount(library)),
      kb(await bundleKb(library, setupOf(library))),
    ]);
  }
  printTable(rows);
  if (!libraries.includes('ours')) return;
  const core = await bundleKb('ours', "export { telemetry } from '@oc/core'");
  const zipkin = await bundleKb('ours', "export { zipkin } from '@oc/exporter-zipkin'", ['@oc/core', 'node-fetch']);
  console.log(`  own code: ${diskKb(`${folderOf('ours')}/node_modules/@oc`).toFixed(0)} KB (target: <= 400)`);
  console.log(`  min+gz: core ${kb(core)} KB (target: <= 12), exporter-zipkin alone ${kb(zipkin)} KB (target: <= 4)`);
}
