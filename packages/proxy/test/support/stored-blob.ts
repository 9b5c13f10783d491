import { digestHex, digestOf, type Digest } from '@registry-cache/oci';
import { mkdir, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';

/** A blob as a registry's own layout keeps it, and the answer of a worker that names it. */
export interface StoredTestBlob {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly folder: string;
  readonly accelPath: string;
  readonly path: string;
  readonly accelAnswer: RequestListener;
}

export async function storeBlob(rootDirectory: string, bytes: Buffer): Promise<StoredTestBlob> {
  const digest = digestOf(bytes);
  const hex = digestHex(digest);
  const relative = `sha256/${hex.slice(0, 2)}/${hex}`;
  const folder = join(rootDirectory, 'docker/registry/v2/blobs', relative);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'data'), bytes);
  const accelPath = `/blobs/${relative}/data`;
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    'cache-status': 'registry-cache; hit',
    'x-accel-redirect': accelPath,
    'x-accel-length': String(bytes.length),
    'content-length': '0',
  };
  return {
    digest,
    bytes,
    folder,
    accelPath,
    path: `/v2/quay.io/org/image/blobs/${digest}`,
    accelAnswer: (_request, response) => void response.writeHead(200, headers).end(),
  };
}
