import { AsyncLocalStorage } from 'node:async_hooks';

/** Tags of a measurement: short strings by key. Other values than strings, numbers and booleans count as absent. */
export type Tags = Readonly<Record<string, string | number | boolean | undefined>>;

const store = new AsyncLocalStorage<Tags>();

/** The tags of the current context. */
export function currentTags(): Tags | undefined {
  return store.getStore();
}

/** Runs `fn` with `tags` added to those of the current context; the new ones win. Tags that cannot be read are left out. */
export function runWithTags<T>(tags: Tags, fn: () => T): T {
  return store.run(merged(tags), fn);
}

function merged(tags: Tags): Tags {
  const current = store.getStore() ?? {};
  try {
    return { ...current, ...tags };
  } catch {
    return current;
  }
}
