import { createCipheriv, createHash } from 'node:crypto';

const CHUNK_BYTES = 256 * 1024;
const CIPHER_BLOCK_BYTES = 16;

/**
 * Bytes `start` to `end` (exclusive) of an endless stream that a seed determines, in chunks of 256 KiB. They are made while they
 * are read and can start anywhere, so that a blob of 256 MiB costs no memory. AES in counter mode: they don't compress.
 */
export function* pseudoRandomBytes(seed: string, start: number, end: number): Generator<Uint8Array> {
  const firstBlock = Math.floor(start / CIPHER_BLOCK_BYTES);
  const counter = Buffer.alloc(CIPHER_BLOCK_BYTES);
  counter.writeBigUInt64BE(BigInt(firstBlock), 8);
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  cipher.update(Buffer.alloc(start - firstBlock * CIPHER_BLOCK_BYTES));
  for (let position = start; position < end; position += CHUNK_BYTES) {
    yield cipher.update(Buffer.alloc(Math.min(CHUNK_BYTES, end - position)));
  }
}
