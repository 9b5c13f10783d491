import { digestOf, parseRepositoryName, RegistryError } from '@registry-cache/oci';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UpstreamError } from '../../src/upstream/upstream-error.ts';
import { unreachable } from '../support/scripted-upstream.ts';
import { bytesOf, createWorkerFixture, type WorkerFixture } from '../support/worker-fixture.ts';
import { createRecordedLog, type RecordedLog } from '../upstream/support/recorded-log.ts';

const PRIVATE = parseRepositoryName('org/private');
const OTHER = parseRepositoryName('org/other');
const LAYER = Buffer.from('a layer that is nobody else’s business');
const LAYER_DIGEST = digestOf(LAYER);
const BLOB_PATH = `/v2/${PRIVATE}/blobs/${LAYER_DIGEST}`;
const TAG_PATH = `/v2/${PRIVATE}/manifests/v1`;

const basic = (user: string, password = 'secret'): { client: { authorization: string; user: string } } => ({
  client: {
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    user,
  },
});
const ALICE = basic('alice');
const MALLORY = basic('mallory');

let worker: WorkerFixture;
let log: RecordedLog;
let manifestPath: string;

beforeEach(async () => {
  log = createRecordedLog();
  worker = await createWorkerFixture({ authorization: 'origin', log: log.log });
  const { upstream } = worker;
  upstream.putBlob(PRIVATE, LAYER);
  const descriptor = { mediaType: 'application/x-layer', digest: LAYER_DIGEST, size: LAYER.length };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = { schemaVersion: 2, mediaType, config: descriptor, layers: [descriptor] };
  const digest = upstream.putManifest(PRIVATE, manifest, 'v1');
  manifestPath = `/v2/${PRIVATE}/manifests/${digest}`;
  upstream.mayPull.set('alice', new Set([PRIVATE]));
});

afterEach(() => worker.close());

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

/** Alice pulls the whole image, so that all of it is cached. */
async function pullAsAlice(): Promise<void> {
  await worker.ask('GET', TAG_PATH, ALICE);
  await bytesOf(await worker.ask('GET', BLOB_PATH, ALICE));
  // Its fill ends a moment after it is in the store.
  await expect.poll(async () => (await worker.ask('GET', BLOB_PATH, ALICE)).kind).toBe('stored-blob');
}

describe('what one client has pulled', () => {
  const requests = [
    ['a manifest by tag', 'GET', () => TAG_PATH],
    ['a manifest by digest', 'GET', () => manifestPath],
    ['a HEAD of a manifest', 'HEAD', () => manifestPath],
    ['a blob', 'GET', () => BLOB_PATH],
    ['a HEAD of a blob', 'HEAD', () => BLOB_PATH],
    ['the tags', 'GET', () => `/v2/${PRIVATE}/tags/list`],
    ['the referrers', 'GET', () => `/v2/${PRIVATE}/referrers/${LAYER_DIGEST}`],
  ] as const;

  test.each(requests)('is not served to one without the right to it: %s', async (_, method, path) => {
    worker.upstream.mayPull.set('mallory', new Set([OTHER]));
    await pullAsAlice();
    expect(await refusalOf(worker.ask(method, path(), MALLORY))).toBe('DENIED');
  });

  test.each(requests)('is not served to one that is not known: %s', async (_, method, path) => {
    await pullAsAlice();
    expect(await refusalOf(worker.ask(method, path(), MALLORY))).toBe('UNAUTHORIZED');
  });

  test.each(requests)('is not served to one that does not say who it is: %s', async (_, method, path) => {
    await pullAsAlice();
    expect(await refusalOf(worker.ask(method, path()))).toBe('UNAUTHORIZED');
  });

  test('is not served to one who knows only the user’s name', async () => {
    await pullAsAlice();
    worker.upstream.mayPull.delete('alice');
    expect(await refusalOf(worker.ask('GET', BLOB_PATH, basic('alice', 'guessed')))).toBe('UNAUTHORIZED');
  });

  test('is served to another who may have it, and not fetched again', async () => {
    worker.upstream.mayPull.set('bob', new Set([PRIVATE]));
    await pullAsAlice();
    worker.upstream.calls.length = 0;
    const answer = await worker.ask('GET', BLOB_PATH, basic('bob'));
    expect(answer.kind).toBe('stored-blob');
    expect(worker.upstream.calls).toEqual([`bob: HEAD blob ${PRIVATE}@${LAYER_DIGEST}`]);
  });

  test('is not served from another repository that does not hold it', async () => {
    worker.upstream.mayPull.set('mallory', new Set([OTHER]));
    worker.upstream.putManifest(OTHER, { schemaVersion: 2 }, 'v1');
    await pullAsAlice();
    // The right to the other repository is proved before the blob is asked for.
    await worker.ask('GET', `/v2/${OTHER}/tags/list`, MALLORY).catch(() => {});
    expect(await refusalOf(worker.ask('GET', `/v2/${OTHER}/blobs/${LAYER_DIGEST}`, MALLORY))).toBe(
      'BLOB_UNKNOWN',
    );
  });
});

test('a fill that runs is joined by who may have the blob, and by nobody else', async () => {
  worker.upstream.mayPull.set('bob', new Set([PRIVATE])).set('mallory', new Set([OTHER]));
  const pulled = await worker.ask('GET', BLOB_PATH, ALICE);
  const joined = await worker.ask('GET', BLOB_PATH, basic('bob'));
  expect(await refusalOf(worker.ask('GET', BLOB_PATH, MALLORY))).toBe('DENIED');
  expect(await Promise.all([bytesOf(pulled), bytesOf(joined)])).toEqual([LAYER, LAYER]);
  expect(worker.upstream.calls.filter((call) => call.includes('GET blob'))).toHaveLength(1);
});

test('a client whose credential fails in mid-fill does not take others down with it', async () => {
  worker.upstream.mayPull.set('bob', new Set([PRIVATE]));
  await worker.ask('HEAD', BLOB_PATH, basic('bob'));
  await worker.ask('HEAD', BLOB_PATH, ALICE);
  const release = worker.upstream.hold();
  const refused = refusalOf(worker.ask('GET', BLOB_PATH, ALICE));
  await expect.poll(() => worker.upstream.calls).toContain(`alice: GET blob ${PRIVATE}@${LAYER_DIGEST}`);
  const joined = worker.ask('GET', BLOB_PATH, basic('bob'));
  worker.upstream.mayPull.delete('alice');
  release();
  expect(await refused).toBe('UNAUTHORIZED');
  expect(await bytesOf(await joined)).toEqual(LAYER);
});

describe('the right to a repository', () => {
  test('is asked for once within the time it counts, for everything in it', async () => {
    await pullAsAlice();
    worker.upstream.calls.length = 0;
    await worker.ask('GET', TAG_PATH, ALICE);
    await worker.ask('GET', manifestPath, ALICE);
    await worker.ask('GET', BLOB_PATH, ALICE);
    expect(worker.upstream.calls).toEqual([]);
  });

  test('is asked for every time where the time is 0', async () => {
    worker.settings.authorizationTtlMs = 0;
    await pullAsAlice();
    worker.upstream.calls.length = 0;
    await worker.ask('GET', BLOB_PATH, ALICE);
    await worker.ask('GET', BLOB_PATH, ALICE);
    expect(worker.upstream.calls).toHaveLength(2);
    worker.upstream.mayPull.delete('alice');
    expect(await refusalOf(worker.ask('GET', BLOB_PATH, ALICE))).toBe('UNAUTHORIZED');
  });

  test('is asked for once by a herd with one credential', async () => {
    await Promise.all(Array.from({ length: 20 }, () => worker.ask('HEAD', BLOB_PATH, ALICE)));
    expect(worker.upstream.calls.filter((call) => call.startsWith('alice: HEAD'))).toHaveLength(21);
  });

  test('that an upstream takes back while it would still count is gone at once', async () => {
    await worker.ask('GET', TAG_PATH, ALICE);
    worker.upstream.mayPull.delete('alice');
    // The blob is not cached yet: its fill is what the upstream refuses.
    expect(await refusalOf(worker.ask('GET', BLOB_PATH, ALICE))).toBe('UNAUTHORIZED');
    expect(await refusalOf(worker.ask('GET', TAG_PATH, ALICE))).toBe('UNAUTHORIZED');
  });

  test('cannot be had from an upstream that does not answer, however well everything is cached', async () => {
    worker.upstream.mayPull.set('bob', new Set([PRIVATE]));
    await pullAsAlice();
    worker.upstream.failure = unreachable();
    expect(await refusalOf(worker.ask('GET', BLOB_PATH, basic('bob')))).toBe('upstream unreachable');
    expect((await worker.ask('GET', BLOB_PATH, ALICE)).kind).toBe('stored-blob');
  });

  test('is not what an upstream means that refuses HEAD', async () => {
    const { upstream } = worker;
    await pullAsAlice();
    upstream.refusesHead = true;
    expect(await refusalOf(worker.ask('GET', TAG_PATH, MALLORY))).toBe('UNAUTHORIZED');
    expect(await refusalOf(worker.ask('GET', manifestPath))).toBe('UNAUTHORIZED');
  });
});

describe('a signed URL', () => {
  const signed = { query: 'signature=1' };

  test('counts for the blob that it is for, and is passed on', async () => {
    worker.upstream.mayPull.set('signature=1', new Set([PRIVATE]));
    expect(await bytesOf(await worker.ask('GET', BLOB_PATH, signed))).toEqual(LAYER);
  });

  test('that is no longer good serves nothing, though another one was', async () => {
    await pullAsAlice();
    expect(await refusalOf(worker.ask('GET', BLOB_PATH, { query: 'signature=2' }))).toBe('UNAUTHORIZED');
  });

  test('of one blob proves nothing about another of the same repository', async () => {
    worker.upstream.mayPull.set('signature=1', new Set([PRIVATE]));
    await pullAsAlice();
    await worker.ask('GET', BLOB_PATH, signed);
    worker.upstream.mayPull.delete('signature=1');
    const another = worker.upstream.putBlob(PRIVATE, Buffer.from('another'));
    expect(await refusalOf(worker.ask('GET', `/v2/${PRIVATE}/blobs/${another}`, signed))).toBe(
      'UNAUTHORIZED',
    );
  });

  test('has no meaning for what is no blob', async () => {
    worker.upstream.mayPull.set('n=1', new Set([PRIVATE]));
    expect(await refusalOf(worker.ask('GET', `/v2/${PRIVATE}/tags/list`, { query: 'n=1' }))).toBe(
      'UNAUTHORIZED',
    );
  });
});

describe('a login', () => {
  test('is checked by the upstream, and remembered', async () => {
    await worker.ask('GET', '/v2/', ALICE);
    await worker.ask('GET', '/v2/', ALICE);
    expect(worker.upstream.calls).toEqual(['alice: GET /v2/']);
  });

  test('that the upstream does not know is refused', async () => {
    expect(await refusalOf(worker.ask('GET', '/v2/', MALLORY))).toBe('UNAUTHORIZED');
  });

  test('of a form that no registry knows is refused without asking', async () => {
    const client = { authorization: 'Negotiate abc' };
    expect(await refusalOf(worker.ask('GET', '/v2/', { client }))).toBe('UNAUTHORIZED');
    expect(worker.upstream.calls).toEqual([]);
  });
});

test('who was refused, where and why is logged, without the credential', async () => {
  worker.upstream.mayPull.set('mallory', new Set([OTHER]));
  await refusalOf(worker.ask('GET', BLOB_PATH, MALLORY));
  const [line] = log.entries.filter(({ msg }) => msg === 'client refused by the origin');
  expect(line).toMatchObject({ user: 'mallory', repository: PRIVATE, code: 'DENIED' });
  expect(line).toHaveProperty('reason');
  expect(JSON.stringify(log.entries)).not.toMatch(/secret|Basic|bWFsbG9yeTpzZWNyZXQ/);
});

test('a damaged blob is verified for the proxy, whoever it asks for', async () => {
  await pullAsAlice();
  await expect(worker.ask('GET', BLOB_PATH, { suspect: true })).rejects.toThrow(RegistryError);
  expect(await worker.store.findBlob(LAYER_DIGEST)).toBeDefined();
});
