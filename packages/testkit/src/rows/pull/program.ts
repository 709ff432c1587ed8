import type { Outcome, ProgramOptions } from '../../child.ts';
import { same } from '../../claim.ts';
import type { Lab } from '../../lab.ts';
import { READER } from '../../servers/reader.ts';

/** What programs of these rows begin with: the exporter under test listens at `at`, and `path` is read. */
export const OPEN = `
import { lastValue, measure, view } from '@oc/core';
import { exchange, get, keep, leave } from './reader.mjs';
import { address } from './subject.mjs';
const { path, ...others } = targets;
const exporter = make(target);
`;
/** And how they wait until it does. */
export const LISTEN = `
await oc.ready;
const at = address(exporter);
`;

/** Runs a program that reads from its own exporter. */
export async function run(
  lab: Lab,
  program: string,
  options: ProgramOptions & { readonly targets?: object } = {},
): Promise<Outcome> {
  lab.file('reader.mjs', READER);
  const targets = { path: lab.reading.path, ...options.targets };
  const target = { listen: { host: '127.0.0.1', port: 0 } };
  return lab.run(program, { ...options, target, targets });
}

/** Claims that a program ended by itself, and that nothing was written. */
export function ended({ code, signal, stderr }: Outcome): void {
  same('how the program ended', { code, signal, stderr }, { code: 0, signal: null, stderr: '' });
}

/** Claims that what was read holds so many rows, as `record` makes them. */
export function shows(lab: Lab, what: string, { status, body }: Read, count: number): void {
  same(`${what}: the status`, status, 200);
  if (!lab.reading.items || lab.signal === 'spans') return;
  const names = Array.from({ length: count }, (_, at) => `s${at}`).sort();
  same(`${what}: what is shown`, lab.namesIn(lab.reading.items(body)), names);
}

/** What was read. */
export interface Read {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}
