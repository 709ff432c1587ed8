import type { SpanData } from '@oc/core/exporter';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BinaryWriter } from '../src/binary.ts';
import { CompactWriter } from '../src/compact.ts';
import { pack } from '../src/datagrams.ts';
import { CHECKOUT, type ReadBatch, readBinary, readByApache } from './oracle.ts';
import { span } from './samples.ts';

const ENCODINGS = {
  compact: { Writer: CompactWriter, read: (bytes: Buffer): ReadBatch => readByApache(bytes, 'compact') },
  binary: { Writer: BinaryWriter, read: readBinary },
};

/** A span that is told from others by its id, and takes about so many bytes. */
function sized(id: number, bytes: number): SpanData {
  return span({ spanId: id.toString(16).padStart(16, '0'), attributes: { pad: 'x'.repeat(bytes) } });
}

describe.each(['compact', 'binary'] as const)('%s datagrams', (encoding) => {
  const { Writer, read } = ENCODINGS[encoding];
  const writers = { spans: new Writer(), datagrams: new Writer() };

  it('hold all spans once and in order, each as many as fit, within the limit', () => {
    const sizes = fc.array(fc.nat({ max: 3_000 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 4_000, max: 65_000 }), (all, most) => {
        const spans = all.map((bytes, id) => sized(id + 1, bytes));
        const { datagrams, failures } = pack(spans, CHECKOUT, most, writers);
        expect(failures).toEqual([]);
        expect(datagrams.flatMap((each) => each.spans)).toEqual(spans);
        for (const [at, { bytes, spans: held }] of datagrams.entries()) {
          expect(bytes.byteLength).toBeLessThanOrEqual(most);
          expect(read(bytes).spans.map(({ spanId }) => spanId)).toEqual(held.map(({ spanId }) => spanId));
          const next = datagrams[at + 1]?.spans[0];
          if (!next) continue;
          const [withNext] = pack([...held, next], CHECKOUT, Number.POSITIVE_INFINITY, writers).datagrams;
          // The number of spans is counted with the most bytes that it can take.
          expect(withNext?.bytes.byteLength).toBeGreaterThan(most - 3);
        }
      }),
    );
  });

  it.each([
    ['two spans', [sized(1, 2_000), sized(2, 2_000)], { datagrams: 2, failures: 0 }],
    ['one span', [sized(1, 2_000)], { datagrams: 0, failures: 1 }],
  ])('are filled to the last byte by %s', (_, spans, tooLarge) => {
    const [whole] = pack(spans, CHECKOUT, Number.POSITIVE_INFINITY, writers).datagrams;
    const counts = [0, 1].map((less) => {
      const { datagrams, failures } = pack(spans, CHECKOUT, (whole?.bytes.byteLength ?? 0) - less, writers);
      return { datagrams: datagrams.length, failures: failures.length };
    });
    expect(counts).toEqual([{ datagrams: 1, failures: 0 }, tooLarge]);
  });

  it('leave out a span that none can hold, by name, and hold the others', () => {
    const large = [sized(2, 70_000), sized(5, 65_000)];
    const others = [sized(1, 1), sized(3, 64_000), sized(4, 1)];
    const spans = [others[0], large[0], others[1], others[2], large[1]].filter((each) => each !== undefined);
    const { datagrams, failures } = pack(spans, CHECKOUT, 65_000, writers);
    expect(datagrams.flatMap(({ bytes }) => read(bytes).spans.map(({ spanId }) => Number(spanId)))).toEqual([1, 3, 4]);
    expect(failures.map(({ failure, message, items }) => ({ failure, message, items }))).toEqual(
      large.map((each) => ({
        failure: 'too-large',
        message: expect.stringMatching(/^jaeger: a datagram of (70|65)\d{3} bytes would exceed maxPacketSize, 65000$/),
        items: [each],
      })),
    );
  });

  it('are whole again after a span that could not be read', () => {
    const broken = {
      ...span(),
      get name(): string {
        throw new Error('gone');
      },
    };
    expect(() => pack([span(), broken], CHECKOUT, 65_000, writers)).toThrow('gone');
    const [datagram] = pack([sized(7, 1)], CHECKOUT, 65_000, writers).datagrams;
    expect(read(datagram?.bytes ?? Buffer.alloc(0)).spans.map(({ spanId }) => spanId)).toEqual(['0000000000000007']);
  });
});
