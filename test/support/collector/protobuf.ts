/** A message as it is on the wire: for each field number, its values in their order. */
export type Message = ReadonlyMap<number, readonly (Buffer | bigint)[]>;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** As much of protobuf as it takes to read what an exporter sends. @see https://protobuf.dev/programming-guides/encoding/ */
export function decodeMessage(bytes: Buffer): Message {
  const fields = new Map<number, (Buffer | bigint)[]>();
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(offset++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    offset += length;
    if (offset > bytes.length) throw new Error('a message ends within a field');
    return bytes.subarray(offset - length, offset);
  };
  const valueOf = (wireType: number): Buffer | bigint => {
    switch (wireType) {
      case VARINT:
        return varint();
      case FIXED64:
        return take(8).readBigUInt64LE();
      case BYTES:
        return take(Number(varint()));
      case FIXED32:
        return BigInt(take(4).readUInt32LE());
      default:
        throw new Error(`unknown wire type ${wireType}`);
    }
  };
  while (offset < bytes.length) {
    const tag = Number(varint());
    const value = valueOf(tag & 7);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

export function messagesIn(message: Message | undefined, field: number): Message[] {
  return (message?.get(field) ?? []).map((value) => decodeMessage(bytesOf(value)));
}

export function textIn(message: Message | undefined, field: number): string | undefined {
  const [value] = message?.get(field) ?? [];
  return value === undefined ? undefined : bytesOf(value).toString('utf8');
}

export function hexIn(message: Message, field: number): string {
  const [value] = message.get(field) ?? [];
  return value === undefined ? '' : bytesOf(value).toString('hex');
}

export function numberIn(message: Message | undefined, field: number): number | undefined {
  const [value] = message?.get(field) ?? [];
  return typeof value === 'bigint' ? Number(value) : undefined;
}

function bytesOf(value: Buffer | bigint): Buffer {
  if (typeof value === 'bigint') throw new Error('expected bytes, got a number');
  return value;
}
