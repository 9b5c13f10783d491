import { parseDigest } from '@registry-cache/oci';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Image } from '../../support/image/build-image.ts';
import { contentOfBytes } from '../../support/image/content.ts';
import type { ImageLayout } from './image-layout.ts';

/** An image layout for an upstream of this process, with layers that clients can unpack. */
export async function readLayout(
  folder: string,
  { digest, configDigest, layerDigests }: ImageLayout,
): Promise<Pick<Image, 'root' | 'manifests' | 'blobs'>> {
  const read = (blob: string): Promise<Buffer> =>
    readFile(join(folder, 'blobs/sha256', parseDigest(blob).replace('sha256:', '')));
  const bytes = await read(digest);
  const { mediaType } = JSON.parse(bytes.toString()) as { mediaType: string };
  const root = { ...contentOfBytes(bytes), mediaType, bytes };
  const blobs = await Promise.all(
    [configDigest, ...layerDigests].map(async (blob) => contentOfBytes(await read(blob))),
  );
  return { root, manifests: [root], blobs };
}
