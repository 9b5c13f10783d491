import { eventually } from '../eventually.ts';
import { blobPath, pullImage, type Pull } from './pull-image.ts';
import type { RegistryClient } from './registry-client.ts';

/**
 * Pulls an image and waits until all of its blobs are hits: a client may have the last byte of a blob shortly before the cache
 * has put it into its store. Resolves with the first pull.
 */
export async function cacheImage(client: RegistryClient, image: string, reference: string): Promise<Pull> {
  const first = await pullImage(client, image, reference);
  for (const { path, digest } of first.blobs) {
    await eventually(`${path} is cached`, async () => {
      return (await client.get(blobPath(image, digest))).outcome === 'hit';
    });
  }
  return first;
}
