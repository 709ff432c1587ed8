import { runOracle } from '../oracle.ts';
import { answered, needing, type Row } from '../row.ts';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 30));

/** Random faults, and the five properties that hold under all of them. */
export const ORACLE: readonly Row[] = [
  {
    id: 'oracle',
    title: `random faults: what was acknowledged arrives or is counted, unchanged, and once (SEED=${SEED})`,
    signals: 'each',
    applies: needing(answered),
    run: (lab) => runOracle(lab, { seed: SEED }),
  },
];
