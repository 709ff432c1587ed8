import type { SpanData } from '@oc/core/exporter';
import { goldens, samples } from '@oc/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BinaryWriter } from '../src/binary.ts';
import { CompactWriter } from '../src/compact.ts';
import type { Process } from '../src/process.ts';
import { anySpan, expectedOf } from './model.ts';
import { bodyOf, datagramOf, read, readBinary, readBody, readByApache } from './oracle.ts';

goldens(
  new URL('golden/', import.meta.url),
  ({ process, spans }: { process: Process; spans: readonly SpanData[] }) => ({
    http: bodyOf(spans, process),
    'udp, binary': datagramOf(spans, 'binary', process),
    'udp, compact': datagramOf(spans, 'compact', process),
  }),
);

describe('the readers that read our messages read those of others', () => {
  const cart = {
    serviceName: 'checkout',
    tags: [],
    spans: [
      {
        traceId: '7d1f4a52c0b94e6388a1d6f05b3e2c97',
        spanId: 'a3c1f07e5d294b86',
        parentSpanId: '1b9e44d2087f6ac5',
        operationName: 'GET /cart',
        references: [],
        flags: 1,
        startTime: 1_735_689_600_250_000,
        duration: 42_750,
        tags: [
          ['span.kind', 'STRING', 'client'],
          ['http.status_code', 'LONG', 503],
        ],
        logs: [],
      },
    ],
  };
  const batch =
    '0c00010b000100000008636865636b6f7574000f00020c000000010a000188a1d6f05b3e2c970a00027d1f4a52c0b94e630a0003a3c1f07e' +
    '5d294b860a00041b9e44d2087f6ac50b000500000009474554202f63617274080007000000010a000800062a99ba1030900a000900000000' +
    '0000a6fe0f000a0c000000020b0001000000097370616e2e6b696e64080002000000000b000300000006636c69656e74000b000100000010' +
    '687474702e7374617475735f636f6465080002000000030a000600000000000001f7000000';
  const datagram = `8001000400000009656d69744261746368000000000c0001${batch}00`;
  const compact =
    '82810009656d697442617463681c1c1808636865636b6f757400191c16d1cd8eccf4c394deee0116c6b9ca8bd894a59ffa0116f3d1b5adb4' +
    'e087beb801168aabfb87c1b4a29e371809474554202f63617274250216a0c281a1b7a6950616fc9b05192c18097370616e2e6b696e641500' +
    '1806636c69656e74001810687474702e7374617475735f636f6465150646ee0700000000';

  it.each([
    ['thriftrw, a batch', readBody, batch],
    ['thriftrw, a call', readBinary, datagram],
    ["Apache's, a call", (bytes: Buffer) => readByApache(bytes, 'binary'), datagram],
    ["Apache's, a compact call", (bytes: Buffer) => readByApache(bytes, 'compact'), compact],
  ])('%s', (_, reader, message) => {
    expect(reader(Buffer.from(message, 'hex'))).toEqual(cart);
  });
});

describe('is what the mapping says, to all readers in all three forms:', () => {
  it.each(Object.entries(samples.spans))('%s', (_, span) => {
    expect(read(span)).toEqual([expectedOf(span)]);
  });

  it('any spans', () => {
    fc.assert(
      fc.property(fc.array(anySpan, { minLength: 1, maxLength: 3 }), (spans) => {
        expect(read(...spans)).toEqual(spans.map(expectedOf));
      }),
    );
  });
});

it.each([BinaryWriter, CompactWriter])('%o keeps its buffer, but not that of a large message', (Writer) => {
  const writer = new Writer();
  const kept = [1_000, 5_000_000, 1_000].map((bytes) => {
    writer.raw(new Uint8Array(bytes));
    expect(writer.take()).toHaveLength(bytes);
    return writer.slice(0, 5_000_000).byteLength > 0;
  });
  expect(kept).toEqual([true, false, true]);
});
