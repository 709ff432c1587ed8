import type { SpanData } from '@oc/core/exporter';
import type { Item } from '@oc/testkit';
import { expect } from 'vitest';
import { BinaryWriter } from '../src/binary.ts';
import { CompactWriter } from '../src/compact.ts';
import { pack } from '../src/datagrams.ts';
import { encodeBatch } from '../src/encode.ts';
import type { Process } from '../src/process.ts';
import { batchByApache, batchIn, batchOfCall } from './thrift.ts';

/** A tag: its key, its type by Jaeger's name, its value. Longs that no number holds exactly are BigInts. */
export type ReadTag = readonly [key: string, type: string, value: string | number | bigint | boolean];

/** A span as Jaeger's definition has it, its ids in hex digits. */
export interface ReadSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly traceId: string; readonly spanId: string }[];
  readonly flags: number;
  readonly startTime: number | bigint;
  readonly duration: number | bigint;
  readonly tags: readonly ReadTag[];
  readonly logs: readonly { readonly timestamp: number | bigint; readonly fields: readonly ReadTag[] }[];
}

export interface ReadBatch {
  readonly serviceName: string;
  readonly tags: readonly ReadTag[];
  readonly spans: readonly ReadSpan[];
}

/** The body of an HTTP request, read by thriftrw. */
export function readBody(body: Buffer): ReadBatch {
  return batchOf(batchIn(body));
}

/** A datagram of the binary protocol, read by thriftrw. */
export function readBinary(datagram: Buffer): ReadBatch {
  return batchOf(batchOfCall(datagram));
}

/** A datagram of either protocol, read by Apache's library. */
export function readByApache(datagram: Buffer, encoding: 'compact' | 'binary'): ReadBatch {
  return batchOf(batchByApache(datagram, encoding));
}

interface ThriftTag {
  readonly key: string;
  readonly vType: string | number;
  readonly vStr?: string | null;
  readonly vDouble?: number | null;
  readonly vBool?: boolean | null;
  readonly vLong?: Buffer | null;
}
interface ThriftReference {
  readonly refType: string | number;
  readonly traceIdLow: Buffer;
  readonly traceIdHigh: Buffer;
  readonly spanId: Buffer;
}
interface ThriftSpan extends Omit<ThriftReference, 'refType'> {
  readonly parentSpanId: Buffer;
  readonly operationName: string;
  readonly references?: readonly ThriftReference[] | null;
  readonly flags: number;
  readonly startTime: Buffer;
  readonly duration: Buffer;
  readonly tags?: readonly ThriftTag[] | null;
  readonly logs?: readonly { readonly timestamp: Buffer; readonly fields: readonly ThriftTag[] }[] | null;
}

function batchOf(batch: unknown): ReadBatch {
  const { process, spans } = batch as {
    readonly process: { readonly serviceName: string; readonly tags?: readonly ThriftTag[] | null };
    readonly spans: readonly ThriftSpan[];
  };
  return {
    serviceName: process.serviceName,
    tags: (process.tags ?? []).map(tagOf),
    spans: spans.map((span) => ({
      traceId: hex(span.traceIdHigh) + hex(span.traceIdLow),
      spanId: hex(span.spanId),
      parentSpanId: hex(span.parentSpanId),
      operationName: span.operationName,
      references: (span.references ?? []).map(({ refType, traceIdHigh, traceIdLow, spanId }) => {
        return {
          refType: wordOf(REFERENCES, refType),
          traceId: hex(traceIdHigh) + hex(traceIdLow),
          spanId: hex(spanId),
        };
      }),
      flags: span.flags,
      startTime: longOf(span.startTime),
      duration: longOf(span.duration),
      tags: (span.tags ?? []).map(tagOf),
      logs: (span.logs ?? []).map(({ timestamp, fields }) => ({
        timestamp: longOf(timestamp),
        fields: fields.map(tagOf),
      })),
    })),
  };
}

const TYPES = ['STRING', 'DOUBLE', 'BOOL', 'LONG', 'BINARY'];
const REFERENCES = ['CHILD_OF', 'FOLLOWS_FROM'];

/** thriftrw gives enums as words, Apache's library as numbers. */
function wordOf(words: readonly string[], given: string | number): string {
  return typeof given === 'number' ? (words[given] ?? `${given}`) : given;
}

function tagOf({ key, vType, vStr, vDouble, vBool, vLong }: ThriftTag): ReadTag {
  const values = [vStr, vDouble, vBool, vLong && longOf(vLong)].filter(
    (value) => value !== null && value !== undefined,
  );
  const [value] = values;
  if (value === undefined || values.length > 1) throw new Error(`${key} has ${values.length} values`);
  const type = wordOf(TYPES, vType);
  const expected = { STRING: vStr, DOUBLE: vDouble, BOOL: vBool, LONG: vLong }[type];
  if (expected === null || expected === undefined) throw new Error(`${key} has no value of type ${type}`);
  return [key, type, value];
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex');
}

function longOf(bytes: Buffer): number | bigint {
  const long = bytes.readBigInt64BE();
  return Number.isSafeInteger(Number(long)) ? Number(long) : long;
}

/** A process that says nothing of its host. */
export const CHECKOUT: Process = { serviceName: 'checkout', tags: {} };

const binary = new BinaryWriter();
const WRITERS = {
  compact: { spans: new CompactWriter(), datagrams: new CompactWriter() },
  binary: { spans: new BinaryWriter(), datagrams: new BinaryWriter() },
};

/** Spans of the service 'checkout' as the body of a request. */
export function bodyOf(spans: readonly SpanData[], process: Process = CHECKOUT): Buffer {
  return encodeBatch(binary, process, spans);
}

/** The same as one datagram, however large. */
export function datagramOf(
  spans: readonly SpanData[],
  encoding: 'compact' | 'binary',
  process: Process = CHECKOUT,
): Buffer {
  const [datagram] = pack(spans, process, Number.POSITIVE_INFINITY, WRITERS[encoding]).datagrams;
  if (!datagram) throw new Error('there are no spans');
  return datagram.bytes;
}

/** What all readers see alike in spans that are sent in any of the three ways. */
export function read(...spans: readonly SpanData[]): readonly ReadSpan[] {
  const [body, ...others] = [
    readBody(bodyOf(spans)),
    readBinary(datagramOf(spans, 'binary')),
    readByApache(datagramOf(spans, 'binary'), 'binary'),
    readByApache(datagramOf(spans, 'compact'), 'compact'),
  ];
  for (const other of others) expect(other).toEqual(body);
  return body?.spans ?? [];
}

/** Spans in the words of the conformance suite. */
export function itemsOf({ spans }: ReadBatch): readonly Item[] {
  return spans.map(({ spanId, traceId, parentSpanId, operationName, startTime, duration, tags }) => ({
    id: spanId,
    traceId,
    parentId: /^0+$/.test(parentSpanId) ? undefined : parentSpanId,
    name: operationName,
    start: Number(startTime),
    end: Number(startTime) + Number(duration),
    attributes: Object.fromEntries(tags.map(([key, , value]) => [key, value])),
  }));
}
