import { ByteWriter } from '@oc/core/exporter';

/**
 * Writes structs of Thrift. A struct is written as `const outer = writer.open()`, its fields in the order of their ids,
 * `writer.close(outer)`.
 */
export abstract class ThriftWriter extends ByteWriter {
  /** What goes before the arguments of a call that gets no answer. */
  abstract oneway(name: string): void;
  /** Begins a struct, and returns what its end needs to know. */
  abstract open(): number;
  /** Ends the struct that was begun last. */
  abstract close(outer: number): void;
  /** A field that is a struct, which has to follow. */
  abstract struct(field: number): void;
  /** A field that is a list of so many structs, which have to follow. */
  abstract structs(field: number, count: number): void;
  abstract bool(field: number, value: boolean): void;
  abstract i32(field: number, value: number): void;
  /** A field of 64 bits, in two halves of 32. */
  abstract i64(field: number, high: number, low: number): void;
  abstract double(field: number, value: number): void;
  abstract text(field: number, value: string): void;
}
