/** Something to wait for: everything in a lab tells it when something has happened. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Something has happened. */
  tell(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Resolves when `condition` holds, with true; with false when that took too long. */
  until(condition: () => boolean, withinMs = 5_000): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (held: boolean): void => {
        this.#waiting.delete(look);
        clearTimeout(timer);
        resolve(held);
      };
      const look = (): void => {
        if (condition()) end(true);
      };
      const timer = setTimeout(() => end(condition()), withinMs);
      this.#waiting.add(look);
      look();
    });
  }
}
