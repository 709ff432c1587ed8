/** A slab begins with so many rows and doubles up to a power of two; then the next one begins, so that little lies idle. */
const FIRST_ROWS = 16;
const SLAB_BITS = 10;
const SLAB_ROWS = 1 << SLAB_BITS;

/** Rows of numbers, all of one length, in slabs. A row is a place in a slab. */
export class Slabs {
  readonly #stride: number;
  readonly #slabs: Float64Array[] = [];

  constructor(stride: number) {
    this.#stride = stride;
  }

  /** Makes room for the row after the last one; its numbers are 0. */
  add(row: number): void {
    const slab = this.#slabs[row >>> SLAB_BITS];
    if (!slab) {
      this.#slabs.push(new Float64Array((row < SLAB_ROWS ? FIRST_ROWS : SLAB_ROWS) * this.#stride));
    } else if (slab.length === this.offset(row)) {
      const larger = new Float64Array(2 * slab.length);
      larger.set(slab);
      this.#slabs[row >>> SLAB_BITS] = larger;
    }
  }

  /** The slab of a row. */
  of(row: number): Float64Array {
    return this.#slabs[row >>> SLAB_BITS] as Float64Array;
  }

  /** Where a row begins in its slab. */
  offset(row: number): number {
    return (row & (SLAB_ROWS - 1)) * this.#stride;
  }
}
