import { casesOf, checkNightly, nightlyRows, runCase } from '@oc/testkit';
import { expect, test } from 'vitest';
import { check } from './check.ts';
import { checkOf } from './failing.ts';
import { NIGHTLY_TWINS } from './twins.ts';

checkNightly(check);

const minutes = Number(process.env.OC_NIGHTLY ?? 0);

test.for(NIGHTLY_TWINS)(
  'the suite names what is wrong with an exporter that $twin: $breaks',
  { timeout: 30 * 60_000 },
  async (twin, ctx) => {
    if (!(minutes > 0)) ctx.skip('it takes minutes: OC_NIGHTLY=0.2 runs it');
    const checked = checkOf(twin);
    const own = nightlyRows(Math.min(minutes, 0.2)).filter(({ id }) => twin.breaks.includes(id));
    for (const each of own.flatMap((row) => casesOf(row, checked))) {
      await expect(runCase(each, checked, 120_000)).rejects.toThrow();
    }
  },
);
