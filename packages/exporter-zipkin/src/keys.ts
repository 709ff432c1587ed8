const MOST = 1_000;
const LONGEST = 256;

/**
 * Remembers what was written for a key: a program uses the same few, and copying bytes is faster than encoding text. It
 * forgets all when there come too many, as when somebody puts ids into keys.
 */
export function remembered(write: (key: string) => Uint8Array): (key: string) => Uint8Array {
  const known = new Map<string, Uint8Array>();
  return (key) => {
    const kept = known.get(key);
    if (kept) return kept;
    const bytes = write(key);
    if (known.size === MOST) known.clear();
    if (key.length <= LONGEST) known.set(key, bytes);
    return bytes;
  };
}
