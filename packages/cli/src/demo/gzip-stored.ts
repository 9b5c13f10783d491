import { crc32 } from 'node:zlib';

// Deflate is the only method; no flags, no time, compression level unstated, operating system unknown.
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
const MAX_STORED_BYTES = 65_535;

/**
 * A gzip member whose deflate blocks are all of the stored kind. What zlib makes of the same input changes from version to
 * version, and with it the digest of a layer; this is the same everywhere, and as long as what is in it.
 *
 * @see RFC 1951, 3.2.4 "Non-compressed blocks"; RFC 1952
 */
export function gzipStored(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [HEADER];
  for (let start = 0; start === 0 || start < bytes.length; start += MAX_STORED_BYTES) {
    const block = bytes.subarray(start, start + MAX_STORED_BYTES);
    parts.push(blockHeader(block.length, start + block.length >= bytes.length), block);
  }
  return Buffer.concat([...parts, trailer(bytes)]);
}

function blockHeader(length: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(isLast ? 1 : 0, 0);
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(~length & 0xffff, 3);
  return header;
}

function trailer(bytes: Uint8Array): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.length % 2 ** 32, 4);
  return trailer;
}
