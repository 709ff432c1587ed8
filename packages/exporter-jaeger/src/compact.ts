import { ThriftWriter } from './thrift.ts';

// Thrift's numbers of types in its compact protocol, where a boolean is a type.
const TRUE = 1;
const FALSE = 2;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const TEXT = 8;
const LIST = 9;
const STRUCT = 12;

const PROTOCOL = 0x82;
/** Version 1, and above it 4: a call that gets no answer. */
const ONEWAY = 1 | (4 << 5);
/** A list of more elements has their number in bytes of its own. */
const SHORT_LIST = 14;
/** More than any field takes whose value is a number. */
const FIELD_BYTES = 12;

/** Thrift's compact protocol: numbers in as few groups of 7 bits as they need, the least significant first. */
export class CompactWriter extends ThriftWriter {
  /** The field that was written last: the next one is named by its distance. */
  #last = 0;

  oneway(name: string): void {
    this.fit(3);
    this.bytes[this.length++] = PROTOCOL;
    this.bytes[this.length++] = ONEWAY;
    this.bytes[this.length++] = 0; // the number of the call, by which an answer would be known
    this.#string(name);
  }

  open(): number {
    const outer = this.#last;
    this.#last = 0;
    return outer;
  }

  close(outer: number): void {
    this.fit(1);
    this.bytes[this.length++] = 0;
    this.#last = outer;
  }

  struct(field: number): void {
    this.#header(STRUCT, field);
  }

  structs(field: number, count: number): void {
    this.#header(LIST, field);
    const isShort = count <= SHORT_LIST;
    this.bytes[this.length++] = STRUCT | ((isShort ? count : 15) << 4);
    if (!isShort) this.#varint(0, count);
  }

  bool(field: number, value: boolean): void {
    this.#header(value ? TRUE : FALSE, field);
  }

  i32(field: number, value: number): void {
    this.#header(I32, field);
    this.#varint(0, (value << 1) ^ (value >> 31));
  }

  i64(field: number, high: number, low: number): void {
    this.#header(I64, field);
    const sign = high >> 31;
    this.#varint(((high << 1) | (low >>> 31)) ^ sign, (low << 1) ^ sign);
  }

  double(field: number, value: number): void {
    this.#header(DOUBLE, field);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  text(field: number, value: string): void {
    this.#header(TEXT, field);
    this.#string(value);
  }

  /** Fields come in order and at most 15 apart: Jaeger's structs have no more. */
  #header(type: number, field: number): void {
    this.fit(FIELD_BYTES);
    this.bytes[this.length++] = ((field - this.#last) << 4) | type;
    this.#last = field;
  }

  /** An unsigned number of 64 bits in two halves. There has to be room for ten bytes. */
  #varint(high: number, low: number): void {
    const { bytes } = this;
    let at = this.length;
    while (high !== 0 || low >>> 7 !== 0) {
      bytes[at++] = low | 0x80;
      low = (low >>> 7) | (high << 25);
      high >>>= 7;
    }
    bytes[at++] = low;
    this.length = at;
  }

  #string(value: string): void {
    this.fit(5 + 3 * value.length);
    const size = this.utf8(value, this.length + 1);
    if (size < 0x80) {
      this.bytes[this.length] = size;
      this.length += 1 + size;
    } else {
      this.#varint(0, size); // over the text's beginning, as it needs more than a byte
      this.length += this.utf8(value, this.length);
    }
  }
}
