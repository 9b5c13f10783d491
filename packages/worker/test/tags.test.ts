import { digestOf, parseRepositoryName, parseTag } from '@registry-cache/oci';
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDamagedBlobs } from '../src/damaged-blobs.ts';
import { createManifestMemory } from '../src/manifest-memory.ts';
import { createManifests } from '../src/manifests.ts';
import { createTags, type Tags } from '../src/tags.ts';
import { UpstreamError } from '../src/upstream/upstream-error.ts';
import { createRecordedLog, type RecordedLog } from './upstream/support/recorded-log.ts';
import { unreachable } from './support/scripted-upstream.ts';
import { bytesOf, createWorkerFixture, UPSTREAM_NAME, type WorkerFixture } from './support/worker-fixture.ts';

const NAME = parseRepositoryName('org/image');
const REPOSITORY = { upstream: UPSTREAM_NAME, name: NAME };
const TAG = parseTag('latest');
const BY_TAG = '/v2/org/image/manifests/latest';
const ONE = { schemaVersion: 2, config: {}, layers: [], annotations: { version: 'one' } };
const TWO = { schemaVersion: 2, config: {}, layers: [], annotations: { version: 'two' } };

let worker: WorkerFixture;
beforeEach(async () => {
  worker = await createWorkerFixture({ tagTtlMs: 60_000 });
});
afterEach(() => worker.close());

test('the first pull by tag costs one GET, and its bytes come as they are', async () => {
  const digest = worker.upstream.putManifest(NAME, ONE, 'latest');
  const answer = await worker.ask('GET', BY_TAG);
  expect(answer).toMatchObject({
    kind: 'document',
    outcome: 'miss',
    headers: { 'docker-content-digest': digest, age: '0' },
  });
  expect(digestOf(await bytesOf(answer))).toBe(digest);
  expect(worker.upstream.calls).toEqual(['GET manifest org/image@latest']);
});

test('within the freshness window the upstream is not asked', async () => {
  worker.upstream.putManifest(NAME, ONE, 'latest');
  await worker.ask('GET', BY_TAG);
  worker.clock.nowMs += 59_000;
  const answer = await worker.ask('GET', BY_TAG);
  expect(answer).toMatchObject({ outcome: 'hit', headers: { age: '59' } });
  expect(worker.upstream.calls).toHaveLength(1);
});

test('after it a HEAD confirms the tag, and the window begins anew', async () => {
  worker.upstream.putManifest(NAME, ONE, 'latest');
  await worker.ask('GET', BY_TAG);
  worker.clock.nowMs += 61_000;
  expect(await worker.ask('GET', BY_TAG)).toMatchObject({ outcome: 'revalidated', headers: { age: '0' } });
  expect(await worker.ask('GET', BY_TAG)).toMatchObject({ outcome: 'hit' });
  expect(worker.upstream.calls).toEqual(['GET manifest org/image@latest', 'HEAD manifest org/image@latest']);
});

test('a tag that has moved is fetched by the digest that HEAD named', async () => {
  worker.upstream.putManifest(NAME, ONE, 'latest');
  await worker.ask('GET', BY_TAG);
  const moved = worker.upstream.putManifest(NAME, TWO, 'latest');
  worker.clock.nowMs += 61_000;
  expect(await worker.ask('GET', BY_TAG)).toMatchObject({
    outcome: 'miss',
    headers: { 'docker-content-digest': moved },
  });
  expect(worker.upstream.calls.at(-1)).toBe(`GET manifest org/image@${moved}`);
  expect(await worker.store.findTag(REPOSITORY, parseTag('latest'))).toMatchObject({ digest: moved });
});

test('a tag moves only after its manifest is stored', async () => {
  const first = worker.upstream.putManifest(NAME, ONE, 'latest');
  await worker.ask('GET', BY_TAG);
  worker.upstream.putManifest(NAME, TWO, 'latest');
  worker.clock.nowMs += 61_000;
  // The upstream names the new digest and then fails to deliver it.
  worker.upstream.manifestGet = async () => Promise.reject(unreachable());
  expect(await worker.ask('GET', BY_TAG)).toMatchObject({
    outcome: 'stale',
    headers: { 'docker-content-digest': first },
  });
  expect(await worker.store.findTag(REPOSITORY, parseTag('latest'))).toMatchObject({ digest: first });
});

test.each(['unreachable', 'timeout', 'denied', 'rate-limited', 'failed', 'invalid'] as const)(
  'an upstream that is %s leaves a known tag stale',
  async (code) => {
    worker.upstream.putManifest(NAME, ONE, 'latest');
    await worker.ask('GET', BY_TAG);
    worker.clock.nowMs += 61_000;
    worker.upstream.failure = new UpstreamError(code, 'no');
    expect(await worker.ask('GET', BY_TAG)).toMatchObject({ outcome: 'stale', headers: { age: '61' } });
  },
);

test('an upstream that sends a web page leaves a known tag stale', async () => {
  worker.upstream.putManifest(NAME, ONE, 'latest');
  await worker.ask('GET', BY_TAG);
  worker.clock.nowMs += 61_000;
  worker.upstream.manifestHead = async () => ({});
  worker.upstream.manifestGet = async () => ({ bytes: Buffer.from('<html>') });
  expect(await worker.ask('GET', BY_TAG)).toMatchObject({ outcome: 'stale' });
});

test('a tag that the upstream has removed is unknown, even when the upstream fails later', async () => {
  worker.upstream.putManifest(NAME, ONE, 'latest');
  await worker.ask('GET', BY_TAG);
  worker.upstream.removeTag(NAME, 'latest');
  worker.clock.nowMs += 61_000;
  await expect(worker.ask('GET', BY_TAG)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  worker.upstream.failure = unreachable();
  await expect(worker.ask('GET', BY_TAG)).rejects.toMatchObject({ code: 'unreachable' });
});

test('HEAD by tag stores the manifest, so that the GET by digest that follows is a hit', async () => {
  const digest = worker.upstream.putManifest(NAME, ONE, 'latest');
  expect(await worker.ask('HEAD', BY_TAG)).toMatchObject({ outcome: 'miss' });
  expect(await worker.ask('GET', `/v2/org/image/manifests/${digest}`)).toMatchObject({ outcome: 'hit' });
});

test('an upstream whose HEAD names no digest is asked by GET', async () => {
  worker.upstream.putManifest(NAME, ONE, 'latest');
  await worker.ask('GET', BY_TAG);
  worker.clock.nowMs += 61_000;
  worker.upstream.manifestHead = async () => ({ sizeBytes: 3 });
  expect(await worker.ask('GET', BY_TAG)).toMatchObject({ outcome: 'miss' });
});

test('a herd costs one question', async () => {
  worker.upstream.putManifest(NAME, ONE, 'latest');
  await Promise.all(Array.from({ length: 50 }, () => worker.ask('GET', BY_TAG)));
  expect(worker.upstream.calls).toEqual(['GET manifest org/image@latest']);
});

test('a manifest whose bytes are not what the upstream says is neither stored nor served', async () => {
  worker.upstream.manifestGet = async () => ({
    bytes: Buffer.from(JSON.stringify(ONE)),
    digest: digestOf(Buffer.from('other')),
  });
  await expect(worker.ask('GET', BY_TAG)).rejects.toMatchObject({ code: 'invalid' });
  expect(await worker.store.findBlob(digestOf(Buffer.from(JSON.stringify(ONE))))).toBeUndefined();
});

test('a manifest of another repository is served after that repository was asked for it', async () => {
  const digest = worker.upstream.putManifest(NAME, ONE);
  await worker.ask('GET', `/v2/org/image/manifests/${digest}`);
  await expect(worker.ask('GET', `/v2/org/other/manifests/${digest}`)).rejects.toMatchObject({
    code: 'MANIFEST_UNKNOWN',
  });
  worker.upstream.putManifest(parseRepositoryName('org/other'), ONE);
  expect(await worker.ask('GET', `/v2/org/other/manifests/${digest}`)).toMatchObject({
    outcome: 'revalidated',
  });
  expect(await worker.ask('GET', `/v2/org/other/manifests/${digest}`)).toMatchObject({ outcome: 'hit' });
});

test('a HEAD that the upstream refuses proves nothing', async () => {
  const digest = worker.upstream.putManifest(NAME, ONE);
  await worker.ask('GET', `/v2/org/image/manifests/${digest}`);
  worker.upstream.manifestHead = async () => ({});
  await expect(worker.ask('GET', `/v2/org/other/manifests/${digest}`)).rejects.toMatchObject({
    code: 'MANIFEST_UNKNOWN',
  });
});

test('a manifest whose file was evicted is fetched again', async () => {
  const digest = worker.upstream.putManifest(NAME, ONE, 'latest');
  await worker.ask('GET', BY_TAG);
  await rm(`${worker.root}/docker/registry/v2${worker.store.accelPath(digest)}`);
  expect(await worker.ask('GET', `/v2/org/image/manifests/${digest}`)).toMatchObject({ outcome: 'miss' });
});

/** Without a freshness window, and with hardly any patience. */
function createImpatientTags(): Tags & Pick<RecordedLog, 'messages'> {
  const { store, upstream } = worker;
  const { log, messages } = createRecordedLog();
  const { signal } = new AbortController();
  const damaged = createDamagedBlobs({ store, log });
  const manifestMemory = createManifestMemory();
  const manifests = createManifests({ store, upstream, damaged, manifestMemory, signal });
  const onWork = (): (() => void) => () => {};
  const options = { store, upstream, manifests, log, onWork, signal, isDenialStale: true, patienceMs: 1 };
  return { ...createTags({ ...options, tagTtlMs: () => 0, now: () => worker.clock.nowMs }), messages };
}

describe('an upstream that takes long to confirm a tag', () => {
  test('is not waited for, and its answer counts for the next pull', async () => {
    const tags = createImpatientTags();
    const first = worker.upstream.putManifest(NAME, ONE, 'latest');
    await tags.resolve(REPOSITORY, TAG);
    const moved = worker.upstream.putManifest(NAME, TWO, 'latest');
    const release = worker.upstream.hold();
    for (let n = 0; n < 3; n++) {
      expect(await tags.resolve(REPOSITORY, TAG)).toMatchObject({
        outcome: 'stale',
        manifest: { digest: first },
      });
    }
    expect(worker.upstream.calls).toHaveLength(2);
    release();
    await expect.poll(() => worker.store.findTag(REPOSITORY, TAG)).toMatchObject({ digest: moved });
  });

  test('is waited for where nothing is known', async () => {
    const tags = createImpatientTags();
    const digest = worker.upstream.putManifest(NAME, ONE, 'latest');
    const release = worker.upstream.hold();
    const resolved = tags.resolve(REPOSITORY, TAG);
    await new Promise((resolve) => setTimeout(resolve, 20));
    release();
    expect(await resolved).toMatchObject({ outcome: 'miss', manifest: { digest } });
  });

  test('and fails in the end harms nobody', async () => {
    const tags = createImpatientTags();
    worker.upstream.putManifest(NAME, ONE, 'latest');
    await tags.resolve(REPOSITORY, TAG);
    worker.upstream.removeTag(NAME, 'latest');
    const release = worker.upstream.hold();
    expect(await tags.resolve(REPOSITORY, TAG)).toMatchObject({ outcome: 'stale' });
    release();
    await expect.poll(() => worker.store.findTag(REPOSITORY, TAG)).toBeUndefined();
  });
});

test('a herd on a tag that cannot be confirmed is logged once', async () => {
  const tags = createImpatientTags();
  worker.upstream.putManifest(NAME, ONE, 'latest');
  await tags.resolve(REPOSITORY, TAG);
  worker.upstream.failure = unreachable();
  const release = worker.upstream.hold();
  const herd = await Promise.all(Array.from({ length: 50 }, () => tags.resolve(REPOSITORY, TAG)));
  release();
  expect(new Set(herd.map(({ outcome }) => outcome))).toEqual(new Set(['stale']));
  await expect.poll(() => tags.messages).toEqual(['tag not confirmed, served as stale']);
});

test('a tag that the upstream is not asked about in an outage is not logged: the outage was', async () => {
  const tags = createImpatientTags();
  worker.upstream.putManifest(NAME, ONE, 'latest');
  await tags.resolve(REPOSITORY, TAG);
  worker.upstream.failure = new UpstreamError('unreachable', 'down for a while', { remembered: true });
  for (let n = 0; n < 3; n++) {
    expect(await tags.resolve(REPOSITORY, TAG)).toMatchObject({ outcome: 'stale' });
  }
  expect(tags.messages).toEqual([]);
});
