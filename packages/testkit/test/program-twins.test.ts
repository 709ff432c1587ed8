import { rowsFor } from '@oc/testkit';
import { describe, expect, it } from 'vitest';
import { check } from './check.ts';
import { failuresOf } from './failing.ts';
import { PROGRAM_TWINS } from './twins.ts';

const ROWS_IN_CHILDREN = rowsFor(check).filter((row) => row.inChildren && row.applies(check) === true);

describe.concurrent('the suite names what is wrong with a program whose exporter', () => {
  it.each(PROGRAM_TWINS.map((twin, turn) => ({ ...twin, turn })))(
    '$twin: $breaks',
    { timeout: 120_000 },
    async ({ turn, ...twin }) => {
      expect(await failuresOf(twin, ROWS_IN_CHILDREN, turn)).toEqual([...twin.breaks].sort());
    },
  );
});
