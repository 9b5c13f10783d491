import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex, parseRepositoryName, parseTag, type Digest } from '@registry-cache/oci';
import type { Store } from '@registry-cache/store';
import { afterEach, describe, expect, test } from 'vitest';
import { unreachable } from './support/scripted-upstream.ts';
import { serveWorker, type Received, type ServedWorker } from './support/served-worker.ts';
import { UPSTREAM_NAME, type WorkerFixtureOptions } from './support/worker-fixture.ts';

const NAME = parseRepositoryName('org/image');
const REPOSITORY = { upstream: UPSTREAM_NAME, name: NAME };
const BY_TAG = '/v2/org/image/manifests/latest';
const BYTES = randomBytes(1000);
const MANIFEST = { schemaVersion: 2, config: {}, layers: [], annotations: { version: 'one' } };
const MOVED = { schemaVersion: 2, config: {}, layers: [], annotations: { version: 'two' } };

let worker: ServedWorker;
afterEach(() => worker.close());

/** A worker whose manifest and blob are stored and linked, the tag confirmed this very moment. */
async function startWarm(options: WorkerFixtureOptions = {}): Promise<{ byDigest: string; blob: string }> {
  worker = await serveWorker(options);
  const digest = worker.upstream.putManifest(NAME, MANIFEST, 'latest');
  const bytes = Buffer.from(JSON.stringify(MANIFEST));
  await worker.store.putBlob(UPSTREAM_NAME, digest, bytes);
  await worker.store.linkRevision(REPOSITORY, digest);
  await worker.store.putTag(REPOSITORY, parseTag('latest'), digest, worker.clock.nowMs);
  const blob = worker.upstream.putBlob(NAME, BYTES);
  await worker.store.putBlob(UPSTREAM_NAME, blob, BYTES);
  await worker.store.linkLayer(REPOSITORY, blob);
  return { byDigest: `/v2/org/image/manifests/${digest}`, blob: `/v2/org/image/blobs/${blob}` };
}

function expiresOf({ headers }: Received): string | string[] | undefined {
  return headers['x-accel-expires'];
}

function removeFile(digest: string): Promise<void> {
  const hex = digestHex(digest.slice(digest.lastIndexOf('/') + 1) as Digest);
  return rm(join(worker.root, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data'));
}

/** Counts what is looked up on disk. */
function countingLooks(): { storeOf: (store: Store) => Store; looks: () => number } {
  let looks = 0;
  const counted = <Result>(look: () => Result): Result => {
    looks++;
    return look();
  };
  const storeOf = (store: Store): Store => ({
    ...store,
    findBlob: (...args) => counted(() => store.findBlob(...args)),
    readBlob: (...args) => counted(() => store.readBlob(...args)),
    findTag: (...args) => counted(() => store.findTag(...args)),
    hasLayerLink: (...args) => counted(() => store.hasLayerLink(...args)),
    hasRevisionLink: (...args) => counted(() => store.hasRevisionLink(...args)),
  });
  return { storeOf, looks: () => looks };
}

describe('an answer may be repeated', () => {
  test.each([
    ['a manifest by tag', () => BY_TAG],
    ['a manifest by digest', ({ byDigest }: { byDigest: string }) => byDigest],
    ['a blob that the proxy sends', ({ blob }: { blob: string }) => blob],
  ])('for ten seconds where it is a hit: %s, by GET and HEAD', async (_name, pathOf) => {
    const path = pathOf(await startWarm());
    for (const method of ['GET', 'HEAD']) {
      const answer = await worker.get(path, {}, method);
      expect(answer).toMatchObject({ status: 200, headers: { 'cache-status': 'registry-cache; hit' } });
      expect(expiresOf(answer)).toBe('10');
    }
  });

  test('where the client has the manifest already', async () => {
    const { byDigest } = await startWarm();
    const etag = `"${byDigest.slice(byDigest.lastIndexOf('/') + 1)}"`;
    const answer = await worker.get(BY_TAG, { 'if-none-match': etag });
    expect(answer.status).toBe(304);
    expect(expiresOf(answer)).toBe('10');
  });

  test('no longer than the tag stays fresh', async () => {
    await startWarm({ tagTtlMs: 60_000 });
    worker.clock.nowMs += 56_500;
    expect(expiresOf(await worker.get(BY_TAG))).toBe('3');
  });

  test('only for whole seconds', async () => {
    await startWarm({ tagTtlMs: 60_000 });
    worker.clock.nowMs += 59_001;
    const answer = await worker.get(BY_TAG);
    expect(answer.headers['cache-status']).toBe('registry-cache; hit');
    expect(expiresOf(answer)).toBeUndefined();
  });

  test('no longer than what the disk said counts, however often it is asked for', async () => {
    const { byDigest } = await startWarm();
    await worker.get(byDigest);
    worker.clock.nowMs += 8_500;
    expect(expiresOf(await worker.get(byDigest))).toBe('1');
    worker.clock.nowMs += 600;
    expect(expiresOf(await worker.get(byDigest))).toBe('10');
  });

  test('until a tag that was confirmed in the future is as old as it may be', async () => {
    await startWarm({ tagTtlMs: 60_000 });
    worker.clock.nowMs -= 55_000;
    expect(expiresOf(await worker.get(BY_TAG))).toBe('5');
  });
});

describe('an answer may not be repeated', () => {
  test('that came from the upstream, or that it has confirmed', async () => {
    worker = await serveWorker({ tagTtlMs: 60_000 });
    worker.upstream.putManifest(NAME, MANIFEST, 'latest');
    const miss = await worker.get(BY_TAG);
    expect(miss.headers['cache-status']).toBe('registry-cache; fwd=miss; stored');
    expect(expiresOf(miss)).toBeUndefined();
    worker.clock.nowMs += 61_000;
    const revalidated = await worker.get(BY_TAG);
    expect(revalidated.headers['cache-status']).toMatch(/revalidated/);
    expect(expiresOf(revalidated)).toBeUndefined();
  });

  test('that is stale', async () => {
    await startWarm({ tagTtlMs: 60_000 });
    worker.clock.nowMs += 61_000;
    worker.upstream.failure = unreachable();
    for (let asked = 0; asked < 2; asked++) {
      const answer = await worker.get(BY_TAG);
      expect(answer.headers['cache-status']).toMatch(/upstream-failed/);
      expect(expiresOf(answer)).toBeUndefined();
    }
  });

  test('of a tag that is confirmed each time', async () => {
    await startWarm({ tagTtlMs: 0 });
    for (let asked = 1; asked <= 2; asked++) {
      expect(expiresOf(await worker.get(BY_TAG))).toBeUndefined();
      expect(worker.upstream.calls).toHaveLength(asked);
    }
  });

  test('of a blob that is not stored, or that the worker sends itself', async () => {
    const { blob } = await startWarm();
    expect(expiresOf(await worker.get(blob, { 'x-registry-cache-no-accel': '1' }))).toBeUndefined();
    const cold = `/v2/org/image/blobs/${worker.upstream.putBlob(NAME, randomBytes(10))}`;
    expect(expiresOf(await worker.get(cold, {}, 'HEAD'))).toBeUndefined();
    expect(expiresOf(await worker.get(cold))).toBeUndefined();
  });

  test('where the upstream says who may have it', async () => {
    const { byDigest, blob } = await startWarm({ authorization: 'origin' });
    worker.upstream.mayPull.set('anonymous', new Set([NAME]));
    for (const path of [BY_TAG, byDigest, blob]) {
      for (let asked = 0; asked < 2; asked++) {
        const answer = await worker.get(path);
        expect(answer.headers['cache-status']).toBe('registry-cache; hit');
        expect(expiresOf(answer)).toBeUndefined();
      }
    }
  });

  test('of an error', async () => {
    await startWarm();
    const answer = await worker.get('/v2/org/image/manifests/unknown');
    expect(answer.status).toBe(404);
    expect(expiresOf(answer)).toBeUndefined();
  });
});

describe('in memory', () => {
  test('what is asked for again and again is looked for on disk once', async () => {
    const { storeOf, looks } = countingLooks();
    const { byDigest, blob } = await startWarm({ storeOf });
    for (const path of [BY_TAG, byDigest, blob]) await worker.get(path);
    const looksOnce = looks();
    for (const path of [BY_TAG, byDigest, blob, blob, byDigest, BY_TAG]) {
      expect((await worker.get(path)).status).toBe(200);
    }
    expect(looks()).toBe(looksOnce);
  });

  test('a manifest grows older', async () => {
    await startWarm();
    expect((await worker.get(BY_TAG)).headers.age).toBe('0');
    worker.clock.nowMs += 4_000;
    expect((await worker.get(BY_TAG)).headers.age).toBe('4');
  });

  test('a tag is fresh no longer than on disk', async () => {
    await startWarm({ tagTtlMs: 3_000 });
    await worker.get(BY_TAG);
    const moved = worker.upstream.putManifest(NAME, MOVED, 'latest');
    worker.clock.nowMs += 2_999;
    expect((await worker.get(BY_TAG)).headers['docker-content-digest']).not.toBe(moved);
    worker.clock.nowMs += 1;
    expect((await worker.get(BY_TAG)).headers['docker-content-digest']).toBe(moved);
  });

  test('a manifest that was evicted is a miss after ten seconds at the latest', async () => {
    const { byDigest } = await startWarm();
    for (const path of [BY_TAG, byDigest]) await worker.get(path);
    await removeFile(byDigest);
    worker.clock.nowMs += 10_000;
    expect((await worker.get(byDigest)).headers['cache-status']).toBe('registry-cache; fwd=miss; stored');
  });

  test('a blob that the proxy did not find is a miss at once, for everyone', async () => {
    const { blob } = await startWarm();
    await worker.get(blob);
    await removeFile(blob);
    const again = await worker.get(blob, { 'x-registry-cache-no-accel': '1' });
    expect(again.headers['cache-status']).toBe('registry-cache; fwd=miss; stored');
    expect(again.body).toEqual(BYTES);
  });

  test('what one repository holds is no proof for another', async () => {
    const { blob } = await startWarm();
    await worker.get(blob);
    const elsewhere = await worker.get(blob.replace('org/image', 'org/other'));
    expect(elsewhere.status).toBe(404);
  });

  test('what one client was given another is not, unless the upstream allows it', async () => {
    const { blob } = await startWarm({ authorization: 'origin' });
    worker.upstream.mayPull.set('alice', new Set([NAME]));
    const authorization = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
    expect((await worker.get(blob, { authorization })).status).toBe(200);
    expect((await worker.get(blob)).status).toBe(401);
  });
});
