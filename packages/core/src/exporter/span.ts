import type { AttributeList } from '../attributes.ts';
import type { SpanRecord } from '../record.ts';
import type { AttributeValue, SpanData } from '../span.ts';

// What a span says, read in the form that core keeps it in, which no text and no object has to be made for. Spans of
// bridges and tests are plain objects: of these the same is made.

/** What core's own spans have beside SpanData. */
type Kept = Partial<Pick<SpanRecord, 'trace' | 'high' | 'low' | 'parentHigh' | 'parentLow' | 'list'>>;

/**
 * Puts a span's ids into `into` as signed integers of 32 bits, the most significant first: 0 to 3 is the trace's, 4 and 5
 * the span's, 6 and 7 its parent's, which are 0 for a root. For formats that write ids as bytes or numbers. An id of
 * a bridge that has too few digits is filled up with zeros.
 */
export function readIds(span: SpanData, into: Int32Array): void {
  const { trace, high, low, parentHigh, parentLow } = span as Kept;
  if (trace === undefined) {
    readHex(span.traceId, into, 0, 4);
    readHex(span.spanId, into, 4, 6);
    readHex(span.parentSpanId ?? '', into, 6, 8);
    return;
  }
  into[0] = trace.a;
  into[1] = trace.b;
  into[2] = trace.c;
  into[3] = trace.d;
  into[4] = high as number;
  into[5] = low as number;
  into[6] = parentHigh as number;
  into[7] = parentLow as number;
}

function readHex(digits: string, into: Int32Array, from: number, to: number): void {
  let at = 0;
  for (let i = from; i < to; i++) {
    let bits = 0;
    // Of 0 to 9 the low four bits, of letters nine more.
    for (const end = at + 8; at < end; at++) {
      const code = digits.charCodeAt(at); // NaN for no digit: its bits are 0
      bits = (bits << 4) | ((code & 15) + 9 * (code >> 6));
    }
    into[i] = bits;
  }
}

/** A span's attributes in turn, key, value, key, value: the same that `attributes` has. */
export function attributeListOf(span: SpanData): readonly (string | AttributeValue)[] {
  const { list } = span as Kept;
  if (list !== undefined) return list;
  const made: AttributeList = [];
  for (const key in span.attributes) made.push(key, span.attributes[key] as AttributeValue);
  return made;
}
