import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { digestAlgorithm, type Digest } from '@registry-cache/oci';
import { unlessAbsent } from '../absence.ts';
import { blobDataPath, type Layout } from '../layout.ts';
import { openQuietly } from '../open-quietly.ts';
import { walkBlobs } from './walk-blobs.ts';

export type BlobVerdict =
  | { readonly kind: 'intact'; readonly digest: Digest; readonly sizeBytes: number }
  /** `actual` is the digest of the bytes that are there. */
  | { readonly kind: 'corrupt'; readonly digest: Digest; readonly sizeBytes: number; readonly actual: string }
  | {
      readonly kind: 'unreadable';
      readonly digest: Digest;
      readonly sizeBytes: number;
      readonly cause: unknown;
    };

const CHUNK_BYTES = 1024 * 1024;

/** Recomputes the digest of every blob. One that is evicted meanwhile is left out. Reading does not make a blob look used. */
export async function* verifyBlobs(layout: Layout, signal: AbortSignal): AsyncGenerator<BlobVerdict> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for await (const { digest, sizeBytes } of walkBlobs(layout, signal)) {
    const path = join(layout.blobs, blobDataPath(digest));
    const actual = await unlessAbsent(digestOfFile(path, { digest, buffer, signal })).catch(
      (cause: unknown) => ({ cause }),
    );
    signal.throwIfAborted();
    if (actual === undefined) continue;
    if (typeof actual === 'object') yield { kind: 'unreadable', digest, sizeBytes, ...actual };
    else if (actual === digest) yield { kind: 'intact', digest, sizeBytes };
    else yield { kind: 'corrupt', digest, sizeBytes, actual };
  }
}

interface Reading {
  readonly digest: Digest;
  readonly buffer: Uint8Array;
  readonly signal: AbortSignal;
}

async function digestOfFile(path: string, { digest, buffer, signal }: Reading): Promise<string> {
  const algorithm = digestAlgorithm(digest);
  const hash = createHash(algorithm);
  const file = await openQuietly(path);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength);
      if (bytesRead === 0) return `${algorithm}:${hash.digest('hex')}`;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
