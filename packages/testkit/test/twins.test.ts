import { type Lab, rowsFor, runOracle } from '@oc/testkit';
import { describe, expect, it } from 'vitest';
import { check } from './check.ts';
import { failuresOf } from './failing.ts';
import { PROGRAM_TWINS, TWINS } from './twins.ts';

// What proves that a row can fail: for each there is a twin of the sound exporter that breaks its promise, and no other.

const LIVE = rowsFor(check).filter((row) => row.applies(check) === true);
const SEED = 7; // faults of each kind come up
const HERE = LIVE.filter(({ inChildren }) => !inChildren).map((row) =>
  row.id === 'oracle' ? { ...row, run: (lab: Lab) => runOracle(lab, { seed: SEED }) } : row,
);

it('each row has a twin', () => {
  const named = new Set([...TWINS, ...PROGRAM_TWINS].flatMap(({ breaks }) => breaks));
  expect(LIVE.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([]);
  expect([...named].filter((id) => !LIVE.some((row) => row.id === id))).toEqual([]);
});

describe.concurrent('the suite names what is wrong with an exporter that', () => {
  it.each(TWINS.map((twin, turn) => ({ ...twin, turn })))(
    '$twin: $breaks',
    { timeout: 90_000 },
    async ({ turn, ...twin }) => {
      expect(await failuresOf(twin, HERE, turn)).toEqual([...twin.breaks].sort());
    },
  );
});
