import { ThriftWriter } from './thrift.ts';

// Thrift's numbers of types, as in its binary protocol.
const BOOL = 2;
const DOUBLE = 4;
const I32 = 8;
const I64 = 10;
const TEXT = 11;
const STRUCT = 12;
const LIST = 15;

/** The version of the strict protocol, and 4: a call that gets no answer. */
const ONEWAY = 0x8001_0004;
/** More than any field takes whose value is a number. */
const FIELD_BYTES = 12;

/** Thrift's binary protocol: each number in all of its bytes, the most significant first. */
export class BinaryWriter extends ThriftWriter {
  oneway(name: string): void {
    this.fit(8);
    this.#int32(ONEWAY);
    this.#string(name);
    this.fit(4);
    this.#int32(0); // the number of the call, by which an answer would be known
  }

  open(): number {
    return 0;
  }

  close(): void {
    this.fit(1);
    this.bytes[this.length++] = 0;
  }

  struct(field: number): void {
    this.#header(STRUCT, field);
  }

  structs(field: number, count: number): void {
    this.#header(LIST, field);
    this.bytes[this.length++] = STRUCT;
    this.#int32(count);
  }

  bool(field: number, value: boolean): void {
    this.#header(BOOL, field);
    this.bytes[this.length++] = value ? 1 : 0;
  }

  i32(field: number, value: number): void {
    this.#header(I32, field);
    this.#int32(value);
  }

  i64(field: number, high: number, low: number): void {
    this.#header(I64, field);
    this.#int32(high);
    this.#int32(low);
  }

  double(field: number, value: number): void {
    this.#header(DOUBLE, field);
    this.length = this.bytes.writeDoubleBE(value, this.length);
  }

  text(field: number, value: string): void {
    this.#header(TEXT, field);
    this.#string(value);
  }

  #header(type: number, field: number): void {
    this.fit(FIELD_BYTES);
    const { bytes, length } = this;
    bytes[length] = type;
    bytes[length + 1] = field >> 8;
    bytes[length + 2] = field;
    this.length = length + 3;
  }

  #int32(value: number): void {
    const { bytes, length } = this;
    bytes[length] = value >> 24;
    bytes[length + 1] = value >> 16;
    bytes[length + 2] = value >> 8;
    bytes[length + 3] = value;
    this.length = length + 4;
  }

  #string(value: string): void {
    this.fit(4 + 3 * value.length);
    const start = this.length + 4;
    const size = this.utf8(value, start);
    this.#int32(size);
    this.length = start + size;
  }
}
