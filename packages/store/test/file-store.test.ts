import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { digestHex, digestOf, parseRepositoryName, parseTag, type UpstreamName } from '@registry-cache/oci';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFileStore } from '../src/file-store.ts';
import type { Store } from '../src/store.ts';
import { storeConformance } from './store-conformance.ts';

const BYTES = Buffer.from('some layer');
const DIGEST = digestOf(BYTES);
const HEX = digestHex(DIGEST);
const UPSTREAM = 'registry.example.com:5000' as UpstreamName;
const REPOSITORY = { upstream: UPSTREAM, name: parseRepositoryName('org/image') };

let root: string;
let store: Store;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'registry-cache-store-'));
  store = createFileStore({ rootDirectory: root });
});
afterEach(() => rm(root, { recursive: true }));

describe('conforms', () => {
  storeConformance(async () => store);
});

describe("lies in distribution's layout", () => {
  const registry = 'docker/registry/v2';

  test('blobs', async () => {
    await store.putBlob(UPSTREAM, DIGEST, BYTES);
    expect(await readFile(join(root, registry, 'blobs/sha256', HEX.slice(0, 2), HEX, 'data'))).toEqual(BYTES);
    expect(store.accelPath(DIGEST)).toBe(`/blobs/sha256/${HEX.slice(0, 2)}/${HEX}/data`);
  });

  test("links and tags, with the upstream as a repository's first component", async () => {
    await store.linkLayer(REPOSITORY, DIGEST);
    await store.linkRevision(REPOSITORY, DIGEST);
    await store.putTag(REPOSITORY, parseTag('v1'), DIGEST, Date.now());
    const repository = join(root, registry, 'repositories/registry.example.com_5000/org/image');
    expect(await readFile(join(repository, '_layers/sha256', HEX, 'link'), 'utf8')).toBe(DIGEST);
    expect(await readFile(join(repository, '_manifests/revisions/sha256', HEX, 'link'), 'utf8')).toBe(DIGEST);
    expect(await readFile(join(repository, '_manifests/tags/v1/current/link'), 'utf8')).toBe(DIGEST);
  });
});

test('a link that a power cut left empty is no link', async () => {
  await store.putTag(REPOSITORY, parseTag('v1'), DIGEST, Date.now());
  await store.linkLayer(REPOSITORY, DIGEST);
  const repository = join(root, 'docker/registry/v2/repositories/registry.example.com_5000/org/image');
  await writeFile(join(repository, '_manifests/tags/v1/current/link'), '');
  await writeFile(join(repository, '_layers/sha256', HEX, 'link'), '');
  expect(await store.findTag(REPOSITORY, parseTag('v1'))).toBeUndefined();
  expect(await store.hasLayerLink(REPOSITORY, DIGEST)).toBe(false);
});

test('what is being filled cannot be read by others', async () => {
  const fill = await store.createFill(UPSTREAM, DIGEST);
  const folder = join(root, 'registry-cache/fills/registry.example.com_5000');
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(await readdir(folder)).toHaveLength(1);
  await fill.discard();
  await fill.close();
  expect(await readdir(folder)).toHaveLength(0);
});

test.each([
  ['cut short', BYTES.subarray(0, 5)],
  ['changed in one bit', Buffer.from('some laxer')],
  ['empty', Buffer.alloc(0)],
])('a blob whose file is %s is removed when somebody suspects it', async (_case, damaged) => {
  await store.putBlob(UPSTREAM, DIGEST, BYTES);
  expect(await store.removeIfDamaged(DIGEST)).toBe(false);
  await writeFile(join(root, 'docker/registry/v2', store.accelPath(DIGEST)), damaged);
  expect(await store.removeIfDamaged(DIGEST)).toBe(true);
  expect(await store.findBlob(DIGEST)).toBeUndefined();
  expect(await store.removeIfDamaged(DIGEST)).toBe(true);
});

test('nothing temporary is left of blobs and links', async () => {
  await store.putBlob(UPSTREAM, DIGEST, BYTES);
  await store.linkLayer(REPOSITORY, DIGEST);
  expect(await readdir(join(root, 'registry-cache/fills/registry.example.com_5000'))).toEqual([]);
  expect(await readdir(join(root, 'registry-cache/tmp'))).toEqual([]);
});

test('folders that are cleared away while blobs are published do not lose any', async () => {
  const blobs = Array.from({ length: 50 }, (_, index) => Buffer.from(`blob ${index}`));
  const folder = dirname(
    join(root, 'docker/registry/v2', store.accelPath(digestOf(blobs[0] ?? Buffer.alloc(0)))),
  );
  let clearing = true;
  const clear = async (): Promise<void> => {
    while (clearing) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(dirname(folder), { recursive: true });
    }
  };
  const cleared = clear();
  for (let round = 0; round < 20; round++) {
    await Promise.all(blobs.map((bytes) => store.putBlob(UPSTREAM, digestOf(bytes), bytes)));
  }
  clearing = false;
  await cleared;
  for (const bytes of blobs.slice(1)) expect(await store.findBlob(digestOf(bytes))).toBeDefined();
});

test('a disk that cannot be read is an error, not absence', async () => {
  await mkdir(join(root, 'docker/registry/v2/blobs/sha256'), { recursive: true });
  await writeFile(join(root, 'docker/registry/v2/repositories'), '');
  await expect(store.linkLayer(REPOSITORY, DIGEST)).rejects.toThrowError();
});

test('what another cache on the same data writes to is not taken from it, and published bytes stay as they are', async () => {
  const other = createFileStore({ rootDirectory: root });
  const running = await other.createFill(UPSTREAM, DIGEST);
  await running.append(BYTES.subarray(0, 4));
  const [name = ''] = await readdir(join(root, 'registry-cache/fills/registry.example.com_5000'));
  // Whatever the granularity of the file system's clock.
  const later = new Date(Date.now() + 1000);
  await utimes(join(root, 'registry-cache/fills/registry.example.com_5000', name), later, later);

  const fill = (await store.adoptFill(UPSTREAM, DIGEST)) ?? (await store.createFill(UPSTREAM, DIGEST));
  await fill.append(BYTES.subarray(fill.sizeBytes));
  await fill.publish();
  await fill.close();
  // The other one's upstream sends something else.
  await running.append(Buffer.from('WRONG'));
  await running.close();
  expect(Buffer.from((await store.readBlob(DIGEST, 100)) ?? '')).toEqual(BYTES);
});

test('what a process that is gone left before this one started is taken up', async () => {
  const gone = createFileStore({ rootDirectory: root });
  const left = await gone.createFill(UPSTREAM, DIGEST);
  await left.append(BYTES.subarray(0, 4));
  await left.close();
  const [name = ''] = await readdir(join(root, 'registry-cache/fills/registry.example.com_5000'));
  const before = new Date(Date.now() - 60_000);
  await utimes(join(root, 'registry-cache/fills/registry.example.com_5000', name), before, before);
  const adopted = await store.adoptFill(UPSTREAM, DIGEST);
  expect(adopted?.sizeBytes).toBe(4);
  await adopted?.close();
});

test('a link in place of a blob is no blob', async () => {
  await store.putBlob(UPSTREAM, DIGEST, BYTES);
  const path = join(root, 'docker/registry/v2/blobs/sha256', HEX.slice(0, 2), HEX, 'data');
  await rename(path, join(root, 'elsewhere'));
  await symlink(join(root, 'elsewhere'), path);
  expect(await store.findBlob(DIGEST)).toBeUndefined();
});
