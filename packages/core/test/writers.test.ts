import { ByteWriter, chunk, JsonWriter } from '@oc/core/exporter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

function written(write: (writer: JsonWriter) => void): string {
  const writer = new JsonWriter();
  write(writer);
  return writer.take().toString();
}

describe('JsonWriter', () => {
  it('writes any well-formed string as JSON.stringify does', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 80 }),
      fc.string({ unit: 'binary-ascii', maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        expect(written((writer) => writer.list(texts, (each) => writer.string(each)))).toBe(JSON.stringify(texts));
      }),
    );
  });

  it('writes whole numbers and nanoseconds with all their digits', () => {
    const numbers = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 999_999_999, 1e9, 4e9 + 5, 2 ** 53 - 1));
    fc.assert(
      fc.property(numbers, (number) => {
        expect(written((writer) => writer.whole(number))).toBe(`${number}`);
        expect(written((writer) => writer.nanoseconds(number))).toBe(`${BigInt(number) * 1_000n}`);
      }),
    );
  });

  it('writes ids as hex digits', () => {
    const ids = Int32Array.of(0x463ac35c, 0x9f6413ad | 0, -1, 0);
    expect(written((writer) => writer.bits(ids, 0, 4))).toBe('"463ac35c9f6413adffffffff00000000"');
    expect(written((writer) => writer.bits(ids, 1, 2))).toBe('"9f6413ad"');
  });

  it('writes fixed parts, short and long, and grows as far as it has to', () => {
    const parts = ['[', `"${'x'.repeat(100)}"`, ',', `"${'y'.repeat(300_000)}"`, ']'];
    const text = written((writer) => {
      for (const part of parts) writer.raw(chunk(part));
    });
    expect(text).toBe(parts.join(''));
  });
});

describe('ByteWriter', () => {
  it('takes back what came after a length, and begins anew when it was taken', () => {
    const writer = new ByteWriter();
    writer.raw(Uint8Array.of(1, 2, 3));
    writer.length = 1;
    writer.raw(Uint8Array.of(4));
    const target = new Uint8Array(4);
    expect(writer.copyTo(target, 1)).toBe(2);
    expect([...target]).toEqual([0, 1, 4, 0]);
    expect([...writer.take()]).toEqual([1, 4]);
    expect([...writer.take()]).toEqual([]);
  });

  it('gives messages that later ones do not change', () => {
    const writer = new ByteWriter();
    const messages = [1_000, 5_000_000, 1_000].map((size, i) => {
      writer.raw(new Uint8Array(size).fill(i + 1));
      return writer.take();
    });
    expect(messages.map((bytes) => [bytes.length, bytes.every((byte) => byte === bytes[0]), bytes[0]])).toEqual([
      [1_000, true, 1],
      [5_000_000, true, 2],
      [1_000, true, 3],
    ]);
  });
});
