import { expect, test } from 'vitest';
import { describeManifest, findPlatform } from '../src/manifest-description.ts';
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../src/media-types.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const bytesOf = (document: unknown): Uint8Array => Buffer.from(JSON.stringify(document));

test('an image manifest is described by its config and layers, each once', () => {
  const layer = { mediaType: 'a/layer', digest: digest('2'), size: 8 };
  const config = { mediaType: 'a/config', digest: digest('1'), size: 7 };
  const document = { mediaType: DOCKER_MANIFEST, config, layers: [layer, layer, config] };

  expect(describeManifest(bytesOf(document))).toEqual({
    mediaType: DOCKER_MANIFEST,
    config: { mediaType: 'a/config', digest: digest('1'), sizeBytes: 7, platform: undefined },
    layers: [{ mediaType: 'a/layer', digest: digest('2'), sizeBytes: 8, platform: undefined }],
    manifests: [],
  });
});

test('an index is described by its manifests and their platforms', () => {
  const platforms = [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm', variant: 'v7' },
    { os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.1' },
    { os: 'unknown', architecture: 'unknown' },
    undefined,
  ];
  const manifests = platforms.map((platform, index) => ({
    mediaType: OCI_MANIFEST,
    digest: digest(String(index)),
    size: 1,
    platform,
  }));

  const described = describeManifest(bytesOf({ mediaType: OCI_INDEX, manifests }));

  expect(described.manifests.map(({ platform }) => platform)).toEqual([
    'linux/amd64',
    'linux/arm/v7',
    'windows/amd64',
    'unknown/unknown',
    undefined,
  ]);
});

test('a schema 1 manifest has layers of no known size', () => {
  const { layers } = describeManifest(bytesOf({ schemaVersion: 1, fsLayers: [{ blobSum: digest('1') }] }));

  expect(layers).toEqual([{ digest: digest('1'), mediaType: '', sizeBytes: undefined, platform: undefined }]);
});

test('what makes no sense in a descriptor is left out, and so is one without a digest', () => {
  const layers = [
    {
      digest: digest('1'),
      size: -1,
      mediaType: 'a/b\u001b[31m',
      platform: { os: 'li\nnux', architecture: 'x' },
    },
    { digest: digest('2'), size: 1.5, mediaType: 7, platform: 'linux' },
    { digest: 'sha256:12' },
    null,
    7,
  ];

  expect(describeManifest(bytesOf({ mediaType: OCI_MANIFEST, layers })).layers).toEqual([
    { digest: digest('1'), mediaType: '', sizeBytes: undefined, platform: undefined },
    { digest: digest('2'), mediaType: '', sizeBytes: undefined, platform: undefined },
  ]);
});

test.each([
  [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, 'linux/arm64/v8'],
  [{ os: 'linux', architecture: 's390x', variant: '' }, 'linux/s390x'],
  [{ os: 'linux' }, undefined],
  [{ os: '', architecture: '' }, undefined],
  [null, undefined],
  ['linux/amd64', undefined],
])('the platform of %j is %s', (value, platform) => {
  expect(findPlatform(value)).toBe(platform);
});

test('what is no manifest is refused', () => {
  expect(() => describeManifest(bytesOf([]))).toThrowError(
    expect.objectContaining({ code: 'MANIFEST_INVALID' }),
  );
});
