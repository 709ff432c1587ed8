/** A receiver without which tests were skipped. */
export interface LeftOut {
  readonly name: string;
  /** Why it is missing. */
  readonly reason: string;
}

/** The note of a test that is skipped for want of a receiver. */
export function noteOf({ name, reason }: LeftOut): string {
  return `left out: ${name}: ${reason}; ${commandFor([name])} adds it`;
}

/** What a note says, if it is such a one. */
export function leftOutBy(note: string): LeftOut | undefined {
  const [, name, reason] = /^left out: ([\w-]+): (.*); npm run receivers -- [\w-]+ adds it$/.exec(note) ?? [];
  return name !== undefined && reason !== undefined ? { name, reason } : undefined;
}

/** What installs these receivers. */
export function commandFor(names: readonly string[]): string {
  return `npm run receivers -- ${names.join(' ')}`;
}
