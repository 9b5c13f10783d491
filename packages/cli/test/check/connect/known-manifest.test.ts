import type { UpstreamSettings } from '@registry-cache/config';
import { digestOf, parseRepositoryName, parseTag } from '@registry-cache/oci';
import { createFileStore } from '@registry-cache/store';
import { expect, test } from 'vitest';
import { findKnownManifests } from '../../../src/check/connect/known-manifest.ts';
import { namedImages } from '../../../src/check/connect/named-images.ts';
import { settingsOf } from '../../support/diagnose.ts';

async function upstreamNamed(
  name: string,
  settings: Partial<UpstreamSettings> = {},
): Promise<UpstreamSettings> {
  const [upstream] = (await settingsOf({ name: name as UpstreamSettings['name'], ...settings })).upstreams;
  if (upstream === undefined) throw new TypeError('expected an upstream');
  return upstream;
}

test('the tag that the upstream has confirmed last comes first, then what the pull secret names', async () => {
  const { storage } = await settingsOf();
  const upstream = await upstreamNamed('registry.test:5000', {
    credentials: [
      { repositoryPrefix: 'org/team', credential: { kind: 'anonymous' } },
      { repositoryPrefix: 'org', credential: { kind: 'anonymous' } },
    ],
  });
  const store = createFileStore(storage);
  const bytes = Buffer.from('{}');
  const digest = digestOf(bytes);
  await store.putBlob(upstream.name, digest, bytes);
  for (const [name, tag, confirmedAtMs] of [
    ['org', 'parent', 1_000_000],
    ['org/image', '1.0', 2_000_000],
    ['org/image', '2.0', 4_000_000],
    ['org/deep/er', 'latest', 3_000_000],
  ] as const) {
    const repository = { upstream: upstream.name, name: parseRepositoryName(name) };
    await store.linkRevision(repository, digest);
    await store.putTag(repository, parseTag(tag), digest, confirmedAtMs);
  }
  expect(await findKnownManifests(upstream, storage.rootDirectory)).toEqual([
    { name: 'org/image', reference: '2.0', source: 'store' },
    { name: 'org/team', reference: 'latest', source: 'pull-secret' },
  ]);
});

test('an empty store knows nothing', async () => {
  const { storage, upstreams } = await settingsOf();
  const [upstream] = upstreams;
  expect(upstream && (await findKnownManifests(upstream, storage.rootDirectory))).toEqual([]);
});

const DIGEST = digestOf(Buffer.from('image'));

test.each([
  ['quay.io/org/image:1.0', 'quay.io', 'org/image', '1.0'],
  ['quay.io/org/image', 'quay.io', 'org/image', 'latest'],
  [`quay.io/org/image@${DIGEST}`, 'quay.io', 'org/image', DIGEST],
  [`quay.io/org/image:1.0@${DIGEST}`, 'quay.io', 'org/image', DIGEST],
  ['docker.io/alpine:3', 'docker.io', 'library/alpine', '3'],
  ['alpine:3', 'docker.io', 'library/alpine', '3'],
  ['org/image', 'docker.io', 'org/image', 'latest'],
  ['registry.test:5000/org/image', 'registry.test:5000', 'org/image', 'latest'],
])('--image %s', async (image, upstream, name, reference) => {
  const upstreams = await Promise.all([
    upstreamNamed('quay.io'),
    upstreamNamed('registry.test:5000'),
    upstreamNamed('docker.io', { default: true }),
  ]);
  expect([...namedImages([image], upstreams)]).toEqual([[upstream, [{ name, reference, source: 'image' }]]]);
});

test('an image of no upstream is an error that lists them', async () => {
  const upstreams = await Promise.all([upstreamNamed('quay.io'), upstreamNamed('docker.io')]);
  expect(() => namedImages(['gcr.io/org/image'], upstreams)).toThrow(
    '--image gcr.io/org/image names none of the upstreams: expected one of quay.io, docker.io before the repository',
  );
});

test.each(['quay.io/ORG/image', 'quay.io/', 'quay.io/org/image:', 'quay.io/org/image@sha256:12'])(
  '--image %s is no image',
  async (image) => {
    const upstreams = [await upstreamNamed('quay.io')];
    expect(() => namedImages([image], upstreams)).toThrow(`--image ${image} is no image: `);
  },
);
