import { AssertionError, deepStrictEqual } from 'node:assert/strict';

/** Claims that two values are the same, all of them. @throws AssertionError that begins with `what`. */
export function same<T>(what: string, actual: T, expected: T): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    const { message } = error as Error;
    throw new AssertionError({ message: `${what}\n${message}`, actual, expected, operator: 'deepStrictEqual' });
  }
}

/** Claims that something is so. @throws AssertionError that says `what`, and what was seen in its place. */
export function holds(what: string, condition: boolean, seen?: unknown): void {
  if (condition) return;
  const detail = seen === undefined ? '' : `; seen: ${JSON.stringify(seen)?.slice(0, 2_000)}`;
  throw new AssertionError({ message: `${what}${detail}`, actual: seen, operator: 'holds' });
}
