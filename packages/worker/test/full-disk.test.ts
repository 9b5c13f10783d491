import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { parseRepositoryName, parseTag, type Digest } from '@registry-cache/oci';
import type { Store } from '@registry-cache/store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesOf, createWorkerFixture, UPSTREAM_NAME, type WorkerFixture } from './support/worker-fixture.ts';

const NAME = parseRepositoryName('org/image');
const REPOSITORY = { upstream: UPSTREAM_NAME, name: NAME };
const BYTES = randomBytes(500_000);
const MANIFEST = { schemaVersion: 2, config: {}, layers: [] };

let worker: WorkerFixture;
/** How much a fill may write before the disk says that it is full; undefined when there is room. */
let roomBytes: number | undefined;

beforeEach(async () => {
  roomBytes = undefined;
  worker = await createWorkerFixture({ storeOf: smallDisk });
});
afterEach(() => worker.close());

function full(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
}

/** A store that says what the kernel says of a full disk. */
function smallDisk(store: Store): Store {
  const unlessFull = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (roomBytes !== undefined) throw full();
    return work();
  };
  return {
    ...store,
    putBlob: (...args) => unlessFull(() => store.putBlob(...args)),
    linkLayer: (...args) => unlessFull(() => store.linkLayer(...args)),
    linkRevision: (...args) => unlessFull(() => store.linkRevision(...args)),
    putTag: (...args) => unlessFull(() => store.putTag(...args)),
    createFill: async (...args) => {
      if (roomBytes === 0) throw full();
      const file = await store.createFill(...args);
      return {
        get sizeBytes() {
          return file.sizeBytes;
        },
        append: async (...chunks) => {
          const chunk = Buffer.concat(chunks);
          const room = roomBytes === undefined ? Infinity : roomBytes - file.sizeBytes;
          await file.append(chunk.subarray(0, room));
          if (chunk.byteLength > room) throw full();
        },
        read: (...where) => file.read(...where),
        verify: () => file.verify(),
        verifier: () => file.verifier(),
        publish: () => file.publish(),
        discard: () => file.discard(),
        leave: () => file.leave(),
        close: () => file.close(),
      };
    },
  };
}

const pull = async (digest: Digest): Promise<Buffer> =>
  bytesOf(await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`));

test.each([
  ['in the middle of a blob', 200_000],
  ['before a byte of it', 1],
  ['even for a file', 0],
])('a disk that is full %s does not stop the pull', async (_case, room) => {
  roomBytes = room;
  const digest = worker.upstream.putBlob(NAME, BYTES);
  const pulls = await Promise.all([pull(digest), pull(digest), pull(digest)]);
  for (const bytes of pulls) expect(bytes.equals(BYTES)).toBe(true);
  expect(await worker.store.findBlob(digest)).toBeUndefined();
  expect(worker.storageErrors.length).toBeGreaterThan(0);
  expect(worker.storageErrors.every((error) => error.isDiskFull)).toBe(true);
});

test('storing resumes as soon as there is room', async () => {
  roomBytes = 0;
  const digest = worker.upstream.putBlob(NAME, BYTES);
  await pull(digest);
  roomBytes = undefined;
  expect((await pull(digest)).equals(BYTES)).toBe(true);
  await expect.poll(() => worker.store.hasLayerLink(REPOSITORY, digest)).toBe(true);
  expect(await worker.ask('GET', `/v2/${NAME}/blobs/${digest}`)).toMatchObject({ outcome: 'hit' });
});

test.each([200_000, 0])(
  'wrong bytes are no more complete on a full disk than else (room for %i)',
  async (room) => {
    roomBytes = room;
    const digest = worker.upstream.putBlob(NAME, BYTES);
    const blobGet = worker.upstream.blobGet.bind(worker.upstream);
    worker.upstream.blobGet = async (...args) => {
      const blob = await blobGet(...args);
      if (blob === undefined) return undefined;
      const bytes = Buffer.concat(await blob.body.toArray());
      bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.byteLength - 1);
      return { ...blob, body: Readable.from([bytes]) };
    };
    await expect(pull(digest)).rejects.toThrowError(/does not match its digest/);
  },
);

test('manifests and tags are answered without being stored', async () => {
  roomBytes = 0;
  const digest = worker.upstream.putManifest(NAME, MANIFEST, 'v1');
  expect(await worker.ask('GET', `/v2/${NAME}/manifests/v1`)).toMatchObject({ outcome: 'miss' });
  expect(await worker.ask('GET', `/v2/${NAME}/manifests/${digest}`)).toMatchObject({ outcome: 'miss' });
  expect(await worker.store.findTag(REPOSITORY, parseTag('v1'))).toBeUndefined();
});
