import type { Digest } from '@registry-cache/oci';
import type { OpenBlob } from './read/open-blob.ts';
import { createVerifier } from './verifier.ts';

/** Whether an open blob is what its digest says; one that cannot be read to its end is not. */
export async function isIntact(digest: Digest, blob: OpenBlob): Promise<boolean> {
  const verifier = createVerifier(digest);
  try {
    for await (const chunk of blob.read(0, blob.sizeBytes - 1)) verifier.update(chunk);
    verifier.verify();
    return true;
  } catch {
    // Whatever the disk says about it, these bytes are of no use to anybody.
    return false;
  }
}
