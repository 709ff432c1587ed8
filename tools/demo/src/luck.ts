/** True with probability `p`. */
export function chance(p: number): boolean {
  return Math.random() < p;
}

/** A random number from `least` up to `most`. */
export function between(least: number, most: number): number {
  return least + Math.random() * (most - least);
}
