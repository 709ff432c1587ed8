/** Texts are turned to bytes by pieces that fit into a processor's cache: one long string takes half as long again. */
const PIECE_CHARACTERS = 16 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** Texts between two turns of the event loop: some milliseconds of work. */
const TEXTS_A_TURN = 1_000;

/**
 * Texts put together to chunks of bytes. The event loop runs in between, and no chunk is made before it is asked for, so
 * that a page of any size neither blocks the process nor fills its memory.
 */
export async function* chunksOf(parts: Iterable<Iterable<string>>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let piece = '';
  let texts = 0;
  for (const part of parts) {
    for (const text of part) {
      piece += text;
      if (piece.length >= PIECE_CHARACTERS) {
        const made = Buffer.from(piece);
        pieces.push(made);
        bytes += made.length;
        piece = '';
      }
      if (++texts < TEXTS_A_TURN && bytes < CHUNK_BYTES) continue;
      if (bytes >= CHUNK_BYTES) {
        yield Buffer.concat(pieces);
        pieces = [];
        bytes = 0;
      }
      texts = 0;
      await new Promise(setImmediate);
    }
  }
  yield Buffer.concat([...pieces, Buffer.from(piece)]);
}
