import { MANIFEST_MEDIA_TYPES, parseManifest } from '@registry-cache/oci';
import type { Received, RegistryClient } from './registry-client.ts';

export interface Pull {
  /** What the reference named. */
  readonly root: Received;
  readonly manifests: readonly Received[];
  readonly blobs: readonly Received[];
}

/** A request of a pull that did not bring what was asked for. */
class PullError extends Error {
  override readonly name = 'PullError';
  readonly received: Received;

  constructor(received: Received, problem: string) {
    const { path, status, sizeBytes, bytes } = received;
    const body = status === 200 ? '' : `: ${Buffer.from(bytes).toString().slice(0, 300)}`;
    super(`pull failed at ${path}: ${problem} (status ${status}, ${sizeBytes} bytes)${body}`);
    this.received = received;
  }
}

/**
 * Pulls an image of all its platforms as container engines do: the manifest, then what it refers to. Every byte is compared with
 * its digest.
 *
 * @param image with its upstream: `quay.io/org/image`
 * @param reference a tag or a digest
 * @throws {PullError}
 */
export async function pullImage(client: RegistryClient, image: string, reference: string): Promise<Pull> {
  const root = await getManifest(client, image, reference);
  const { manifests: digests } = parseManifest(root.bytes);
  const platforms = await Promise.all(digests.map((digest) => getManifest(client, image, digest)));
  const manifests = [root, ...platforms];
  const blobs = new Set(manifests.flatMap(({ bytes }) => parseManifest(bytes).blobs));
  return {
    root,
    manifests,
    blobs: await Promise.all([...blobs].map((digest) => getBlob(client, image, digest))),
  };
}

/** @throws {PullError} unless the manifest comes whole and is what it says */
export async function getManifest(
  client: RegistryClient,
  image: string,
  reference: string,
): Promise<Received> {
  const manifest = await client.get(`/v2/${image}/manifests/${reference}`, {
    headers: { accept: MANIFEST_MEDIA_TYPES.join(', ') },
  });
  const digest = reference.includes(':') ? reference : manifest.headers['docker-content-digest'];
  return verified(manifest, digest);
}

/** @throws {PullError} unless the blob comes whole and is what its digest says */
export async function getBlob(client: RegistryClient, image: string, digest: string): Promise<Received> {
  return verified(await client.get(blobPath(image, digest)), digest);
}

export function blobPath(image: string, digest: string): string {
  return `/v2/${image}/blobs/${digest}`;
}

function verified(received: Received, digest: string | string[] | undefined): Received {
  if (received.status !== 200) throw new PullError(received, 'refused');
  if (!received.complete) throw new PullError(received, 'the connection broke within the body');
  if (received.digest !== digest)
    throw new PullError(received, `bytes are ${received.digest}, not ${String(digest)}`);
  return received;
}
