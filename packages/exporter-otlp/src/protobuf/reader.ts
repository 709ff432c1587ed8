/** The fields of a message by their numbers, the last of each: a number, or the bytes of anything else. */
export type Fields = ReadonlyMap<number, number | Uint8Array>;

/** Reads a message, but not what is in its fields. @throws when the bytes are no protobuf. */
export function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 63) throw new Error('a number without an end');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    at += length;
    if (at > bytes.length) throw new Error('a field without an end');
    return bytes.subarray(at - length, at);
  };
  const READ: Readonly<Record<number, () => number | Uint8Array>> = {
    0: varint,
    1: () => take(8),
    2: () => take(varint()),
    5: () => take(4),
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const read = READ[tag % 8];
    if (field === 0 || !read) throw new Error('a field that is none');
    fields.set(field, read());
  }
  return fields;
}
