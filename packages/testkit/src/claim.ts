import { AssertionError, deepStrictEqual } from 'node:assert/strict';

/** Claims that two values are the same, all of them. @throws AssertionError that begins with `what`. */
export function same<T>(what: string, actual: T, expected: T): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    const { message } = error as Error;
    throw new AssertionError({ message: `${what}\n${message}`, actual, expected, operator: 'same' });
  }
}

/** Claims that something is so. @throws AssertionError that says `what`, and what was seen in its place. */
export function holds(what: string, condition: boolean, seen?: unknown): void {
  if (condition) return;
  const detail = seen === undefined ? '' : `; seen: ${JSON.stringify(seen)?.slice(0, 2_000)}`;
  throw new AssertionError({ message: `${what}${detail}`, actual: seen, operator: 'holds' });
}

/** Each reason as one line, with how often it was given. */
export function eachOnce(reasons: readonly unknown[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const reason of reasons.map(String)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => (count === 1 ? `once: ${reason}` : `${count} times: ${reason}`));
}

/** What an act throws or rejects with; undefined when it does neither. */
export async function thrownBy(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return undefined;
}
