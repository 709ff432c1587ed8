import { setTimeout as delay } from 'node:timers/promises';

/** How long a receiver may take to show what it was sent. A test that waits for it in vain fails with what came. */
export const SHOWN_WITHIN_MS = 15_000;

/** Reads until it is enough. Rejects at the deadline with what was read last. */
export async function eventually<T>(
  what: string,
  read: () => Promise<T>,
  enough: (value: T) => boolean,
  withinMs: number = SHOWN_WITHIN_MS,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await read();
    if (enough(value)) return value;
    if (performance.now() > deadline) {
      const shown = typeof value === 'string' ? value : JSON.stringify(value, undefined, 1);
      throw new Error(`${what}: not enough within ${withinMs} ms; there is: ${shown}`);
    }
    await delay(25);
  }
}
