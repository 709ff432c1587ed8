/** What a google.rpc.Status says: how servers of gRPC, and of OTLP over HTTP, explain a refusal. */
export interface RpcStatus {
  readonly message?: string | undefined;
  /** What a RetryInfo among its details asks to wait. */
  readonly retryAfterMs?: number | undefined;
}

/** Reads a google.rpc.Status in protobuf. What is none says nothing. */
export function rpcStatusOf(bytes: Uint8Array): RpcStatus {
  let [message, retryAfterMs]: [string?, number?] = [];
  for (const [field, value] of fieldsOf(bytes)) {
    if (field === 2 && value instanceof Uint8Array) message = Buffer.from(value).toString();
    if (field === 3 && value instanceof Uint8Array) retryAfterMs ??= delayIn(value);
  }
  return { message, retryAfterMs };
}

/** The delay in a google.protobuf.Any that holds a google.rpc.RetryInfo. */
function delayIn(any: Uint8Array): number | undefined {
  const parts = new Map(fieldsOf(any));
  const [type, info] = [parts.get(1), parts.get(2)];
  if (!(type instanceof Uint8Array && Buffer.from(type).toString().endsWith('/google.rpc.RetryInfo'))) return undefined;
  const duration = info instanceof Uint8Array ? new Map(fieldsOf(info)).get(1) : undefined;
  if (!(duration instanceof Uint8Array)) return undefined;
  const { 1: seconds = 0n, 2: nanos = 0n } = Object.fromEntries(fieldsOf(duration)) as Record<string, bigint>;
  return Math.max(0, Number(BigInt.asIntN(64, seconds)) * 1_000 + Number(BigInt.asIntN(32, nanos)) / 1e6);
}

/** The fields of a message, numbers as they are on the wire; it ends where the bytes make no sense. */
function* fieldsOf(bytes: Uint8Array): Generator<[number, bigint | Uint8Array]> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; at < bytes.length; shift += 7n) {
      const byte = bytes[at++] as number;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [field, form] = [tag >>> 3, tag & 7];
    if (form === 0) yield [field, varint()];
    else if (form === 1) at += 8;
    else if (form === 5) at += 4;
    else if (form === 2) {
      const length = Number(varint());
      yield [field, bytes.subarray(at, at + length)];
      at += length;
    } else return;
  }
}
