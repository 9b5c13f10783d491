import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { run } from './run.ts';

/** An image in a folder of the OCI image layout. */
export interface ImageLayout {
  /** As skopeo names it. */
  readonly transport: string;
  /** The manifest's. */
  readonly digest: string;
  readonly layerDigests: readonly string[];
  readonly configDigest: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes an image whose layers are tar archives with one file of random bytes each: no two images share a layer. */
export async function writeImageLayout(
  folder: string,
  layerSizesBytes: readonly number[],
): Promise<ImageLayout> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });

  const writeBlob = async (mediaType: string, bytes: Buffer): Promise<Descriptor> => {
    const hex = sha256(bytes);
    await writeFile(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const writeJson = (mediaType: string, value: unknown): Promise<Descriptor> =>
    writeBlob(mediaType, Buffer.from(JSON.stringify(value)));

  const layers: Descriptor[] = [];
  const diffIds: string[] = [];
  for (const [index, sizeBytes] of layerSizesBytes.entries()) {
    const archive = await tarWithOneFile(join(folder, 'files'), `layer-${String(index)}`, sizeBytes);
    diffIds.push(`sha256:${sha256(archive)}`);
    layers.push(await writeBlob('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(archive)));
  }
  const config = await writeJson('application/vnd.oci.image.config.v1+json', {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = await writeJson(mediaType, { schemaVersion: 2, mediaType, config, layers });

  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  return {
    transport: `oci:${folder}`,
    digest: manifest.digest,
    layerDigests: layers.map(({ digest }) => digest),
    configDigest: config.digest,
  };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function tarWithOneFile(folder: string, name: string, sizeBytes: number): Promise<Buffer> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), randomBytes(sizeBytes));
  const archive = join(folder, `${name}.tar`);
  await run('tar', ['--create', '--file', archive, '--directory', folder, name]);
  return readFile(archive);
}
