import { ExportError, type SpanData } from '@oc/core/exporter';
import { encodeDatagram, writeSpan } from './encode.ts';
import type { Process } from './process.ts';
import type { ThriftWriter } from './thrift.ts';

/** One datagram, and what it holds. */
export interface Datagram {
  readonly bytes: Buffer;
  readonly spans: readonly SpanData[];
}

/** Spans in datagrams, and one failure for each that no datagram can hold. */
export interface Packed {
  readonly datagrams: readonly Datagram[];
  readonly failures: readonly ExportError[];
}

const NOTHING = new Uint8Array();

/** Fills datagrams of at most `maxPacketSize` bytes with spans, in order. Both writers are used until it returns. */
export function pack(
  spans: readonly SpanData[],
  process: Process,
  maxPacketSize: number,
  writers: { readonly spans: ThriftWriter; readonly datagrams: ThriftWriter },
): Packed {
  const datagrams: Datagram[] = [];
  const failures: ExportError[] = [];
  const written = writers.spans;
  written.clear();
  // What is around the spans; around fewer of them it may be some bytes less.
  const around = encodeDatagram(writers.datagrams, process, NOTHING, spans.length).byteLength;
  let group: SpanData[] = [];
  let start = 0;

  function finish(end: number): void {
    const bytes = encodeDatagram(writers.datagrams, process, written.slice(start, end), group.length);
    datagrams.push({ bytes, spans: group });
    group = [];
    start = end;
  }

  for (const span of spans) {
    const before = written.length;
    writeSpan(written, span);
    const alone = around + written.length - before;
    if (alone > maxPacketSize) {
      const message = `jaeger: a datagram of ${alone} bytes would exceed maxPacketSize, ${maxPacketSize}`;
      failures.push(new ExportError('too-large', message, { items: [span] }));
      written.length = before;
      continue;
    }
    if (around + written.length - start > maxPacketSize) finish(before);
    group.push(span);
  }
  if (group.length > 0) finish(written.length);
  written.clear();
  return { datagrams, failures };
}
