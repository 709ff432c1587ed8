import { cacheFolder } from './cache.ts';
import type { Installable } from './receiver.ts';

/**
 * Installs the receivers that are named, or all, side by side, and lists them; with `--list` it only lists. Sets the exit
 * code to 1 when one of them is missing at the end.
 */
export async function runCli(receivers: readonly Installable[], args: readonly string[]): Promise<void> {
  const names = args.filter((argument) => argument !== '--list');
  const unknown = names.filter((name) => !receivers.some((receiver) => receiver.name === name));
  if (unknown.length > 0) {
    console.error(
      `receivers: there is no ${unknown.join(', ')}; there are ${receivers.map(({ name }) => name).join(', ')}`,
    );
    process.exitCode = 1;
    return;
  }
  const chosen = receivers.filter(({ name }) => names.length === 0 || names.includes(name));
  const onlyLists = args.includes('--list');
  if (!onlyLists) await Promise.all(chosen.map(install));

  console.log(`\nreceivers in ${cacheFolder()}`);
  for (const receiver of chosen) {
    const reason = await receiver.missing();
    if (reason !== undefined && !onlyLists) process.exitCode = 1;
    const found = reason === undefined ? await receiver.found?.() : `MISSING: ${reason}`;
    console.log(`  ${receiver.name.padEnd(16)}${receiver.proves}`);
    console.log(`  ${' '.repeat(16)}${found ?? 'there'}`);
  }
}

/** One receiver's failure is told, and keeps no other one from being installed. */
async function install(receiver: Installable): Promise<void> {
  try {
    if ((await receiver.missing()) === undefined) return;
    const started = performance.now();
    console.log(`${receiver.name}: installing`);
    await receiver.install();
    console.log(`${receiver.name}: installed in ${Math.round((performance.now() - started) / 1_000)} s`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`${receiver.name}: FAILED: ${(error as Error).message}`);
  }
}
