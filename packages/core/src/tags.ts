import { AsyncLocalStorage } from 'node:async_hooks';

/** Tags of a measurement: short strings by key. Other values than strings, numbers and booleans count as absent. */
export type Tags = Readonly<Record<string, string | number | boolean | undefined>>;

const store = new AsyncLocalStorage<Tags>();

/** A copy that later changes of the caller's object do not reach; undefined when it cannot be read. */
export function copyOf(tags: Tags | undefined): Tags | undefined {
  try {
    return { ...tags };
  } catch {
    return undefined;
  }
}

/** The tags of the current context. */
export function currentTags(): Tags | undefined {
  return store.getStore();
}

/** Runs `fn` with `tags` added to those of the current context; the new ones win. Tags that cannot be read are left out. */
export function runWithTags<T>(tags: Tags, fn: () => T): T {
  return store.run(merged(tags), fn);
}

function merged(tags: Tags): Tags {
  return { ...store.getStore(), ...copyOf(tags) };
}
