import { digestOf, parseManifest } from '@registry-cache/oci';
import { execFileSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Content } from '../../src/demo/content.ts';
import { buildDemoImage } from '../../src/demo/image.ts';

const image = buildDemoImage();

function read(content: Content | undefined): unknown {
  return JSON.parse(Buffer.from(content?.bytes ?? []).toString('utf8'));
}

function blob(digest: string | undefined): Content {
  const found = image.blobs.find((content) => content.digest === digest);
  if (found === undefined) throw new Error(`the image has no blob ${digest}`);
  return found;
}

describe('the image of the demo', () => {
  test('has the same digest on every machine and under every version of Node', () => {
    expect(image.index.digest).toBe(
      'sha256:d78ae5f4aac6d3a65c9e53f5cc7952272165e37b1f8e173fff05d48a1d253671',
    );
  });

  test('holds everything under the digest of its bytes', () => {
    for (const { digest, bytes } of [image.index, ...image.manifests, ...image.blobs]) {
      expect(digestOf(bytes)).toBe(digest);
    }
  });

  test('has an index of both platforms, which names their manifests with their sizes', () => {
    expect(read(image.index)).toMatchObject({
      manifests: ['amd64', 'arm64'].map((architecture, index) => ({
        digest: image.manifests[index]?.digest,
        size: image.manifests[index]?.bytes.length,
        platform: { architecture, os: 'linux' },
      })),
    });
  });

  test.each([0, 1])(
    'has a config and two layers in manifest %i, the first of which is shared',
    (position) => {
      const manifest = image.manifests[position];
      const { blobs } = parseManifest(manifest?.bytes ?? Buffer.of());
      expect(blobs.map((digest) => blob(digest).mediaType)).toEqual([
        'application/vnd.oci.image.config.v1+json',
        'application/vnd.oci.image.layer.v1.tar+gzip',
        'application/vnd.oci.image.layer.v1.tar+gzip',
      ]);
      expect(blobs[1]).toBe(parseManifest(image.manifests[1 - position]?.bytes ?? Buffer.of()).blobs[1]);
    },
  );

  test('lists in each config the digests of its layers before compression', () => {
    for (const manifest of image.manifests) {
      const [config, ...layers] = parseManifest(manifest.bytes).blobs;
      const diffIds = layers.map((digest) => digestOf(gunzipSync(blob(digest).bytes)));
      expect(read(blob(config))).toMatchObject({ rootfs: { type: 'layers', diff_ids: diffIds } });
    }
  });

  test('has layers that tar can read', () => {
    const layer = blob(parseManifest(image.manifests[0]?.bytes ?? Buffer.of()).blobs[2]);
    const listing = execFileSync('tar', ['-tzf', '-'], { input: layer.bytes, encoding: 'utf8' });
    expect(listing).toBe('hello.txt\nusr/share/registry-cache/amd64.txt\n');
    const greeting = execFileSync('tar', ['-xzOf', '-', 'hello.txt'], {
      input: layer.bytes,
      encoding: 'utf8',
    });
    expect(greeting).toBe('hello from linux/amd64\n');
  });
});
