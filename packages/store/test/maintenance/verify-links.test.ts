import { digestHex, digestOf, type Digest } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { verifyLinks } from '../../src/maintenance/verify-links.ts';
import { collect } from '../support/collect.ts';
import { createStoreFolder } from '../support/store-folder.ts';

const REPOSITORIES = 'docker/registry/v2/repositories';
const never = new AbortController().signal;

function layerLink(digest: Digest): string {
  return `quay.io/org/image/_layers/sha256/${digestHex(digest)}/link`;
}

test('links to blobs that are there are fine', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('hello');
  await store.writeFile(`${REPOSITORIES}/${layerLink(digest)}`, digest);
  await store.writeFile(`${REPOSITORIES}/quay.io/org/image/_manifests/tags/1.0/current/link`, digest);

  expect(await collect(verifyLinks(store.layout, never))).toEqual([]);
});

test('a link without its blob and one without a digest are dead, wherever they are', async () => {
  const store = await createStoreFolder();
  const missing = digestOf(Buffer.from('missing'));
  const tag = 'quay.io/org/image/_manifests/tags/1.0/current/link';
  const nested = 'quay.io/org/image/debug/_manifests/revisions/sha256/ab/link';
  await store.writeFile(`${REPOSITORIES}/${layerLink(missing)}`, missing);
  await store.writeFile(`${REPOSITORIES}/${tag}`, '');
  await store.writeFile(`${REPOSITORIES}/${nested}`, 'nonsense');

  const dead = await collect(verifyLinks(store.layout, never));

  expect(dead.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { kind: 'blob-missing', path: layerLink(missing) },
    { kind: 'no-digest', path: tag },
    { kind: 'no-digest', path: nested },
  ]);
});

test('an empty store has no dead links', async () => {
  const store = await createStoreFolder();

  expect(await collect(verifyLinks(store.layout, never))).toEqual([]);
});
