import { describe, test } from 'vitest';
import type { ExporterCheck } from './conformance.ts';
import { casesOf, runCase } from './row.ts';
import { nightlyRows } from './rows/nightly.ts';

/**
 * Makes a test of each row that takes minutes, one after the other. They run only with OC_NIGHTLY, the minutes that each
 * takes: 10 for a night, 0.2 to try them, 4320 for the row of three days before a major version.
 */
export function checkNightly(check: ExporterCheck): void {
  const minutes = Number(process.env.OC_NIGHTLY ?? 0);
  describe(`${check.name} keeps its promises for long:`, () => {
    for (const each of nightlyRows(minutes).flatMap((row) => casesOf(row, check))) {
      const timeout = (minutes + 2) * 60_000;
      test(each.title, { timeout }, async (ctx) => {
        if (each.reason !== undefined) ctx.skip(each.reason);
        if (!(minutes > 0)) ctx.skip('it takes minutes: OC_NIGHTLY=10 runs it for ten');
        await runCase(each, check, timeout);
      });
    }
  });
}
