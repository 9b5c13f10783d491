import { digestOf, parseRepositoryName, RegistryError } from '@registry-cache/oci';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UpstreamError } from '../../src/upstream/upstream-error.ts';
import { unreachable } from '../support/scripted-upstream.ts';
import { bytesOf, createWorkerFixture, type WorkerFixture } from '../support/worker-fixture.ts';

const PRIVATE = parseRepositoryName('org/private');
const LAYER = Buffer.from('a layer that is nobody else’s business');
const LAYER_DIGEST = digestOf(LAYER);
const BLOB_PATH = `/v2/${PRIVATE}/blobs/${LAYER_DIGEST}`;
const TAG_PATH = `/v2/${PRIVATE}/manifests/v1`;
const TAGS_PATH = `/v2/${PRIVATE}/tags/list`;
const PAGE = Buffer.from('<!doctype html><title>Log in</title>');

const basic = (user: string): { client: { authorization: string; user: string } } => ({
  client: { authorization: `Basic ${Buffer.from(`${user}:secret`).toString('base64')}`, user },
});
const ALICE = basic('alice');
const MALLORY = basic('mallory');

let worker: WorkerFixture;
let manifestPath: string;

beforeEach(async () => {
  worker = await createWorkerFixture({ authorization: 'origin', tagTtlMs: 0 });
  manifestPath = putImage(PRIVATE);
  worker.upstream.mayPull.set('alice', new Set([PRIVATE]));
});

afterEach(() => worker.close());

function putImage(name: typeof PRIVATE): string {
  const { upstream } = worker;
  upstream.putBlob(name, LAYER);
  const descriptor = { mediaType: 'application/x-layer', digest: LAYER_DIGEST, size: LAYER.length };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = { schemaVersion: 2, mediaType, config: descriptor, layers: [descriptor] };
  return `/v2/${name}/manifests/${upstream.putManifest(name, manifest, 'v1')}`;
}

async function pullAsAlice(name = PRIVATE): Promise<void> {
  const blobPath = `/v2/${name}/blobs/${LAYER_DIGEST}`;
  await worker.ask('GET', `/v2/${name}/manifests/v1`, ALICE);
  await bytesOf(await worker.ask('GET', blobPath, ALICE));
  // Its fill ends a moment after it is in the store.
  await expect.poll(async () => (await worker.ask('GET', blobPath, ALICE)).kind).toBe('stored-blob');
}

/** The code of the error that a request ends in. */
async function refusalOf(asked: Promise<unknown>): Promise<string> {
  const error: unknown = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RegistryError) return error.code;
  if (error instanceof UpstreamError) return `upstream ${error.code}`;
  throw new Error('expected a refusal', { cause: error });
}

test('a login proves nothing about a repository that is called login', async () => {
  const name = parseRepositoryName('login');
  putImage(name);
  worker.upstream.mayPull.set('alice', new Set([name])).set('mallory', new Set());
  await pullAsAlice(name);
  await worker.ask('GET', '/v2/', MALLORY);
  for (const path of ['manifests/v1', `blobs/${LAYER_DIGEST}`])
    expect(await refusalOf(worker.ask('GET', `/v2/${name}/${path}`, MALLORY))).toBe('DENIED');
});

describe('a gateway that answers 200 with its login page', () => {
  beforeEach(async () => {
    await pullAsAlice();
    const { upstream } = worker;
    upstream.mayPull.set('mallory', new Set([PRIVATE]));
    upstream.manifestHead = async () => ({ sizeBytes: PAGE.length });
    upstream.manifestGet = async () => ({ bytes: PAGE });
    upstream.blobHead = async () => ({ sizeBytes: PAGE.length });
    upstream.list = async () => ({ bytes: PAGE, contentType: 'text/html' });
  });

  test.each([
    ['a manifest by tag', 'GET', () => TAG_PATH],
    ['a manifest by digest', 'GET', () => manifestPath],
    ['a HEAD of a manifest', 'HEAD', () => manifestPath],
    ['a blob', 'GET', () => BLOB_PATH],
    ['a HEAD of a blob', 'HEAD', () => BLOB_PATH],
  ] as const)('lets nobody have what is cached: %s', async (_, method, path) => {
    expect(await refusalOf(worker.ask(method, path(), MALLORY))).toBe('upstream invalid');
  });

  test('lets nobody have it by having asked for something else before', async () => {
    const unknown = `/v2/${PRIVATE}/blobs/${digestOf(Buffer.from('there is no such blob'))}`;
    for (const path of [unknown, TAGS_PATH, `/v2/${PRIVATE}/manifests/v2`])
      await worker.ask('HEAD', path, MALLORY).catch(() => {});
    expect(await refusalOf(worker.ask('GET', manifestPath, MALLORY))).toBe('upstream invalid');
    expect(await refusalOf(worker.ask('GET', BLOB_PATH, MALLORY))).toBe('upstream invalid');
  });

  test('lets nobody list the tags that are stored', async () => {
    await worker.ask('GET', TAGS_PATH, MALLORY).catch(() => {});
    worker.upstream.failure = unreachable();
    worker.upstream.list = async () => {
      throw unreachable();
    };
    expect(await refusalOf(worker.ask('GET', TAGS_PATH, MALLORY))).toBe('upstream unreachable');
  });
});

test('a HEAD that a storage service answers, without a digest, proves the one blob', async () => {
  worker.upstream.mayPull.set('bob', new Set([PRIVATE]));
  await pullAsAlice();
  worker.upstream.blobHead = async () => ({ sizeBytes: LAYER.length });
  expect((await worker.ask('GET', BLOB_PATH, basic('bob'))).kind).toBe('stored-blob');
  worker.upstream.mayPull.delete('bob');
  expect((await worker.ask('GET', BLOB_PATH, basic('bob'))).kind).toBe('stored-blob');
  expect(await refusalOf(worker.ask('GET', manifestPath, basic('bob')))).toBe('UNAUTHORIZED');
});

test('who may list the tags may not pull for that', async () => {
  await pullAsAlice();
  const { upstream } = worker;
  const tags = Buffer.from(JSON.stringify({ name: PRIVATE, tags: ['v1'] }));
  upstream.mayPull.set('mallory', new Set([PRIVATE]));
  upstream.list = async () => ({ bytes: tags, contentType: 'application/json' });
  expect(await bytesOf(await worker.ask('GET', TAGS_PATH, MALLORY))).toEqual(tags);
  await worker.ask('GET', `/v2/${PRIVATE}/referrers/${LAYER_DIGEST}`, MALLORY);
  upstream.mayPull.set('mallory', new Set());
  for (const path of [TAG_PATH, manifestPath, BLOB_PATH])
    expect(await refusalOf(worker.ask('GET', path, MALLORY))).toBe('DENIED');
});

test('who may pull and may not list is not told the tags that others have pulled', async () => {
  await pullAsAlice();
  worker.upstream.list = async () => {
    throw new UpstreamError('denied', 'answered 403, expected 200', { status: 403 });
  };
  expect(await refusalOf(worker.ask('GET', TAGS_PATH, ALICE))).toBe('DENIED');
});

test('a tag is not served as stale to whom the origin denies it', async () => {
  await pullAsAlice();
  worker.upstream.mayPull.set('alice', new Set());
  expect(await refusalOf(worker.ask('GET', TAG_PATH, ALICE))).toBe('DENIED');
});

describe('a login that the origin refuses by 403, as some do', () => {
  const refuse = async (): Promise<never> => {
    throw new UpstreamError('denied', 'answered 403, expected 200', { status: 403 });
  };

  test('is wrong, and not one that lacks a right', async () => {
    worker.upstream.login = refuse;
    worker.upstream.blobHead = refuse;
    expect(await refusalOf(worker.ask('GET', '/v2/', MALLORY))).toBe('UNAUTHORIZED');
    expect(await refusalOf(worker.ask('GET', BLOB_PATH, MALLORY))).toBe('UNAUTHORIZED');
  });

  test('is not told from a wrong one while the origin cannot be asked', async () => {
    worker.upstream.blobHead = refuse;
    worker.upstream.login = async () => {
      throw unreachable();
    };
    expect(await refusalOf(worker.ask('GET', BLOB_PATH, MALLORY))).toBe('upstream unreachable');
  });
});
