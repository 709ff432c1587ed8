import { createRequire } from 'node:module';

// Two readers of Thrift that others wrote, neither of which has types: thriftrw, by the definitions that come with Jaeger's
// own client, and Apache's library, which knows the compact protocol.

interface Reading {
  readonly err: Error | null;
  readonly offset: number;
  readonly value: unknown;
}
interface Field {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly valueType: Struct & { readonly valueType?: Struct };
}
interface Struct {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly fieldsById: Readonly<Record<number, Field>>;
}
interface Definitions {
  readonly Agent: {
    readonly emitBatch: {
      readonly args: Struct;
      readonly argumentsMessageRW: { readFrom(from: Buffer, at: number): Reading };
    };
  };
  readonly modules: {
    readonly jaeger: { readonly Batch: { readonly rw: { readFrom(from: Buffer, at: number): Reading } } };
  };
}
interface Reader {
  readMessageBegin(): { readonly fname: string; readonly mtype: number; readonly rseqid: number };
  readMessageEnd(): void;
  readStructBegin(): void;
  readStructEnd(): void;
  readFieldBegin(): { readonly ftype: number; readonly fid: number };
  readFieldEnd(): void;
  readListBegin(): { readonly size: number };
  readListEnd(): void;
  readBool(): boolean;
  readI32(): number;
  readI64(): { readonly buffer: Buffer; readonly offset: number };
  readDouble(): number;
  readString(): string;
}
interface Apache {
  readonly Thrift: { readonly Type: Readonly<Record<string, number>> };
  readonly TCompactProtocol: new (transport: unknown) => Reader;
  readonly TBinaryProtocol: new (transport: unknown) => Reader;
  readonly TFramedTransport: new (bytes: Buffer) => { readonly readPos: number };
}

const require = createRequire(import.meta.url);
const ofClient = createRequire(require.resolve('jaeger-client'));
const { Thrift } = ofClient('thriftrw') as { Thrift: new (options: object) => Definitions };
const definitions = new Thrift({
  entryPoint: ofClient.resolve('./thriftrw-idl/agent.thrift'),
  allowFilesystemAccess: true,
});
const apache = require('thrift') as Apache;

/** A Batch of Jaeger's definition in the body of an HTTP request, read by thriftrw. */
export function batchIn(body: Buffer): unknown {
  return whole(definitions.modules.jaeger.Batch.rw.readFrom(body, 0), body);
}

/** A datagram of the binary protocol, read by thriftrw. */
export function batchOfCall(datagram: Buffer): unknown {
  const message = whole(definitions.Agent.emitBatch.argumentsMessageRW.readFrom(datagram, 0), datagram) as {
    readonly id: number;
    readonly body: { readonly batch: unknown };
  };
  if (message.id !== 0) throw new Error(`number ${message.id}`);
  return message.body.batch;
}

/** A datagram of either protocol, read by Apache's library. */
export function batchByApache(datagram: Buffer, encoding: 'compact' | 'binary'): unknown {
  const transport = new apache.TFramedTransport(datagram);
  const reader = new apache[encoding === 'compact' ? 'TCompactProtocol' : 'TBinaryProtocol'](transport);
  const { fname, mtype, rseqid } = reader.readMessageBegin();
  if (fname !== 'emitBatch' || mtype !== ONEWAY || rseqid !== 0) throw new Error(`${fname}, ${mtype}, ${rseqid}`);
  const { batch } = readStruct(reader, definitions.Agent.emitBatch.args);
  reader.readMessageEnd();
  if (transport.readPos !== datagram.length) throw new Error(`${datagram.length - transport.readPos} bytes too many`);
  return batch;
}

const ONEWAY = 4;
const { STOP, BOOL, DOUBLE, I32, I64, STRING, STRUCT, LIST } = apache.Thrift.Type;

function whole({ err, offset, value }: Reading, bytes: Buffer): unknown {
  if (err) throw err;
  if (offset !== bytes.length) throw new Error(`${bytes.length - offset} bytes too many`);
  return value;
}

function readStruct(reader: Reader, struct: Struct): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  reader.readStructBegin();
  for (let { ftype, fid } = reader.readFieldBegin(); ftype !== STOP; { ftype, fid } = reader.readFieldBegin()) {
    const field = struct.fieldsById[fid];
    if (!field) throw new Error(`${struct.name} has no field ${fid}`);
    members[field.name] = readValue(reader, ftype, field.valueType);
    reader.readFieldEnd();
  }
  reader.readStructEnd();
  for (const { name, required } of struct.fields) {
    if (required && !(name in members)) throw new Error(`${struct.name} needs ${name}`);
  }
  return members;
}

function readValue(reader: Reader, type: number, { valueType, ...struct }: Field['valueType']): unknown {
  if (type === BOOL) return reader.readBool();
  if (type === DOUBLE) return reader.readDouble();
  if (type === I32) return reader.readI32();
  if (type === STRING) return reader.readString();
  if (type === STRUCT) return readStruct(reader, struct);
  if (type === I64) {
    const { buffer, offset } = reader.readI64();
    return buffer.subarray(offset, offset + 8);
  }
  if (type !== LIST || !valueType) throw new Error(`no type ${type} of Thrift is used here`);
  const { size } = reader.readListBegin();
  const list = Array.from({ length: size }, () => readStruct(reader, valueType));
  reader.readListEnd();
  return list;
}
