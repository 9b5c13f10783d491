import { RegistryError } from '@registry-cache/oci';
import type { FillFile } from '@registry-cache/store';
import type { BlobSource } from './blob-source.ts';
import { isPastTheEnd, tooLarge } from './transfer-blob.ts';
import type { UpstreamBlob } from '../upstream/upstream-registry.ts';

/** A transfer whose headers are there. */
export interface OpenTransfer {
  readonly first: UpstreamBlob;
  /** What an earlier fill left, where the upstream can go on from there. */
  readonly leftover: FillFile | undefined;
}

export interface OpenTransferOptions {
  readonly source: BlobSource;
  /** What an earlier fill left of the blob. */
  readonly adopt: () => Promise<FillFile | undefined>;
  readonly maxSizeBytes: number;
}

/**
 * Asks for the blob, or for what an earlier fill of it has not fetched.
 *
 * @throws {RegistryError} `BLOB_UNKNOWN`; @throws {UpstreamError}, also for a blob above the limit
 */
export async function openTransfer(options: OpenTransferOptions): Promise<OpenTransfer> {
  const { source, adopt, maxSizeBytes } = options;
  // A leftover that cannot be read saves nothing, and its disk is met again when the new file is written.
  const leftover = await adopt().catch(() => undefined);
  try {
    const first = await source.get(leftover === undefined ? undefined : { start: leftover.sizeBytes });
    if (first === undefined) throw new RegistryError('BLOB_UNKNOWN');
    if (first.sizeBytes !== undefined && first.sizeBytes > maxSizeBytes) {
      first.body.destroy();
      throw tooLarge(maxSizeBytes);
    }
    if (leftover === undefined || leftover.sizeBytes <= (first.sizeBytes ?? Infinity)) {
      return { first, leftover };
    }
    first.body.destroy();
  } catch (error) {
    if (leftover === undefined || !isPastTheEnd(error)) {
      await leftover?.close();
      throw error;
    }
  }
  // It has all that the blob has, or more, and was never published: nothing of it can be trusted.
  await leftover.close();
  await leftover.discard();
  return openTransfer(options);
}
