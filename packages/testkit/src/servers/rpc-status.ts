/** A google.rpc.Status whose details are a RetryInfo: come back in so many seconds. */
export function retryInfo(status: number, seconds: number): Uint8Array {
  const nanos = Math.round((seconds % 1) * 1e9);
  const delay = [...field(1, Math.trunc(seconds)), ...field(2, nanos)];
  const any = [
    ...bytesField(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')),
    ...bytesField(2, bytesField(1, delay)),
  ];
  return Uint8Array.from([...field(1, status), ...bytesField(3, any)]);
}

function field(number: number, value: number): readonly number[] {
  return value === 0 ? [] : [number << 3, ...varint(BigInt(value))];
}

function bytesField(number: number, bytes: Iterable<number>): readonly number[] {
  const content = [...bytes];
  return [(number << 3) | 2, ...varint(BigInt(content.length)), ...content];
}

/** Negative numbers take ten bytes, as protobuf has it. */
function varint(value: bigint): readonly number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}
