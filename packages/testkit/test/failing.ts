import { type Case, casesOf, type ExporterCheck, type Row, runCase } from '@oc/testkit';
import { check, SOUND } from './check.ts';
import { sound } from './sound.ts';
import type { Twin } from './twins.ts';

const SIDE_BY_SIDE = 4;
/** Each twin meets its own rows, and of the others, in turn, one of three that is not heavy; or all when asked to. */
const MEETS_ALL = process.env.OC_TWINS === 'all';
const SHARE = 3;

/** The check of a twin. */
export function checkOf({ ways, make, telemetry, program, signals, receiver }: Twin): ExporterCheck {
  return {
    ...check,
    ...(ways && { make: ({ url, secret, agent }) => sound({ url, secret, agent }, ways()) }),
    ...(make && { make }),
    ...(signals && { signals }),
    ...(receiver && { receiver }),
    ...(telemetry && { telemetry }),
    ...(program && { program: `${SOUND}\n${program}` }),
  };
}

/** The ids of the rows that a twin fails; each was run again, alone, if it should not have failed. */
export async function failuresOf(
  twin: Pick<Twin, 'breaks'>,
  rows: readonly Row[],
  turn: number,
  checked: ExporterCheck = checkOf(twin as Twin),
): Promise<readonly string[]> {
  const meets = (row: Row, at: number): boolean =>
    MEETS_ALL || twin.breaks.includes(row.id) || ((at + turn) % SHARE === 0 && !row.isHeavy);
  const cases = rows
    .filter(meets)
    .flatMap((row) => casesOf(row, checked))
    .filter(({ reason }) => reason === undefined);
  const failed: Case[] = [];
  const waiting = [...cases];
  const work = async (): Promise<void> => {
    for (let each = waiting.shift(); each; each = waiting.shift())
      if (!(await passes(each, checked))) failed.push(each);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  const named: string[] = [];
  for (const each of failed) {
    const isExpected = twin.breaks.includes(each.row.id);
    if (isExpected || !(await passes(each, checked))) named.push(each.row.id);
  }
  return [...new Set(named)].sort();
}

async function passes(each: Case, checked: ExporterCheck): Promise<boolean> {
  try {
    await runCase(each, checked);
    return true;
  } catch (error) {
    if (process.env.OC_TWINS_LOUD) console.log(`${each.title}: ${String(error).slice(0, 300)}`);
    return false;
  }
}
