import { afterAll, beforeAll, beforeEach } from 'vitest';
import { noteOf } from './left-out.ts';
import type { Receiver, Stoppable } from './receiver.ts';

type Given<Options> = [Options] extends [undefined] ? [] : [options: Options | (() => Options | Promise<Options>)];

/**
 * Starts a receiver for the tests of this file, or of the `describe` around, and stops it after them. Gives a function
 * for the running one, to be called within tests. Where the receiver is missing, the tests are skipped with the command
 * that adds it, and in CI they fail. Options that are known only then may be a function, which is called before the
 * start, after the `beforeAll` hooks above it.
 */
export function receiving<Options, Running extends Stoppable>(
  receiver: Receiver<Options, Running>,
  ...[options]: Given<Options>
): () => Running {
  let running: Running | undefined;
  let note: string | undefined;
  beforeAll(async () => {
    const reason = await receiver.missing();
    if (reason !== undefined) {
      note = noteOf({ name: receiver.name, reason });
      if (process.env.CI) throw new Error(note);
      return;
    }
    running = await receiver.start((options instanceof Function ? await options() : options) as Options);
  }, 180_000);
  beforeEach((test) => test.skip(note !== undefined, note));
  afterAll(async () => running?.stop());
  return () => {
    if (!running) throw new Error(`${receiver.name} runs only within tests`);
    return running;
  };
}
