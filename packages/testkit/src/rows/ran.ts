import type { Backend } from '../backends.ts';
import type { Outcome, ProgramOptions } from '../child.ts';
import { holds, same } from '../claim.ts';
import type { Lab } from '../lab.ts';
import type { Item } from '../receiver.ts';

/** Runs a program; gives the names of what arrived. */
export async function ran(
  lab: Lab,
  program: string,
  options: ProgramOptions & { readonly backend?: Backend } = {},
): Promise<Outcome & { readonly arrived: readonly string[] }> {
  const { receiver } = lab.check;
  if (receiver.transport === 'stream') {
    const outcome = await lab.run(program, options);
    return { ...outcome, arrived: lab.namesIn(receiver.items(outcome.stdout)) };
  }
  const backend = options.backend ?? (await lab.backend());
  const outcome = await lab.run(program, { ...options, target: backend.target });
  await lab.arrived();
  const byId = new Map(backend.items.map((item) => [item.id, item]));
  const taken = [...backend.took].flatMap(([id, times]) => Array.from({ length: times }, () => byId.get(id) as Item));
  return { ...outcome, arrived: lab.namesIn(taken) };
}

/** The names of so many items, `times` over, sorted. */
export function names(count: number, times = 1): readonly string[] {
  const one = Array.from({ length: count }, (_, at) => `s${at}`);
  return Array.from({ length: times }, () => one)
    .flat()
    .sort();
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** Claims how a program ended. */
export function ended(
  outcome: Outcome,
  expected: { code: number | null; signal?: NodeJS.Signals; stderr?: string },
): void {
  const { code, signal, stderr } = outcome;
  same('how the program ended', { code, signal, stderr }, { signal: null, stderr: '', ...expected });
}

/** Claims that one line of ours told what was lost. */
export function toldOnce(outcome: Outcome, amount: string, exporter: string): void {
  const ours = lines(outcome.stderr).filter((line) => line.startsWith('[oc]'));
  same('lines that telemetry wrote', ours.length, 1);
  holds('the line names exporter and amount', ours[0]?.includes(amount) === true && ours[0].includes(exporter), ours);
}

/** So many items, as a line of ours tells them. */
export const amount = (lab: Lab, count: number): string =>
  `${count} ${lab.signal === 'spans' ? 'spans' : 'time series'}`;

/** Of programs. Metrics are held, too, once they are collected: `held` has a collection under way when it goes on. */
export const HELD = 'const held = async (oc) => { if (signal === "metrics") await oc.flush({ withinMs: 200 }); };';
