import { digestOf, parseRepositoryName, parseTag, type UpstreamName } from '@registry-cache/oci';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Repository } from '../src/layout.ts';
import type { Store } from '../src/store.ts';

const UPSTREAM = 'quay.io' as UpstreamName;
const REPOSITORY: Repository = { upstream: UPSTREAM, name: parseRepositoryName('org/image') };
const OTHER: Repository = { upstream: 'docker.io' as UpstreamName, name: parseRepositoryName('org/image') };
const BYTES = Buffer.from('some layer');
const DIGEST = digestOf(BYTES);

/** What every implementation of `Store` keeps. */
export function storeConformance(createStore: () => Promise<Store>): void {
  let store: Store;
  beforeEach(async () => {
    store = await createStore();
  });

  describe('blobs', () => {
    test('an absent blob is undefined, whatever is asked of it', async () => {
      expect(await store.findBlob(DIGEST)).toBeUndefined();
      expect(await store.readBlob(DIGEST, 100)).toBeUndefined();
      expect(await store.openBlob(DIGEST)).toBeUndefined();
      await store.touchBlob(DIGEST, Date.now());
    });

    test('a blob is found by its digest, with its size and times', async () => {
      const before = Date.now() - 1;
      await store.putBlob(UPSTREAM, DIGEST, BYTES);
      const blob = await store.findBlob(DIGEST);
      expect(blob).toMatchObject({ digest: DIGEST, sizeBytes: BYTES.byteLength });
      expect(blob?.filledAtMs).toBeGreaterThanOrEqual(before);
      expect(Buffer.from((await store.readBlob(DIGEST, 100)) ?? '')).toEqual(BYTES);
    });

    test('a blob longer than the reader can hold is not read', async () => {
      await store.putBlob(UPSTREAM, DIGEST, BYTES);
      expect(await store.readBlob(DIGEST, BYTES.byteLength - 1)).toBeUndefined();
    });

    test('bytes that do not match their digest are never found', async () => {
      const wrong = digestOf(Buffer.from('other'));
      await expect(store.putBlob(UPSTREAM, wrong, BYTES)).rejects.toThrowError(/does not match its digest/);
      expect(await store.findBlob(wrong)).toBeUndefined();
    });

    test('an open blob is read in parts', async () => {
      await store.putBlob(UPSTREAM, DIGEST, BYTES);
      const blob = await store.openBlob(DIGEST);
      const chunks: Uint8Array[] = [];
      for await (const chunk of blob?.read(5, 9) ?? []) chunks.push(chunk);
      await blob?.close();
      expect(Buffer.concat(chunks).toString()).toBe('layer');
    });

    test('a touched blob keeps the time at which it was filled', async () => {
      await store.putBlob(UPSTREAM, DIGEST, BYTES);
      const filled = await store.findBlob(DIGEST);
      const later = Date.now() + 60_000;
      await store.touchBlob(DIGEST, later);
      const touched = await store.findBlob(DIGEST);
      expect(touched?.accessedAtMs).toBe(later);
      expect(touched?.filledAtMs).toBe(filled?.filledAtMs);
    });

    test('a blob in sha512 is a blob', async () => {
      const digest = digestOf(BYTES, 'sha512');
      await store.putBlob(UPSTREAM, digest, BYTES);
      expect(await store.findBlob(digest)).toMatchObject({ sizeBytes: BYTES.byteLength });
      expect(await store.findBlob(DIGEST)).toBeUndefined();
    });
  });

  describe('fills', () => {
    test('what is being filled can be read, and cannot be found', async () => {
      const fill = await store.createFill(UPSTREAM, DIGEST);
      await fill.append(BYTES.subarray(0, 4));
      const buffer = Buffer.alloc(100);
      expect(await fill.read(buffer, 1)).toBe(3);
      expect(buffer.subarray(0, 3).toString()).toBe('ome');
      expect(await store.findBlob(DIGEST)).toBeUndefined();
      await fill.discard();
      await fill.close();
    });

    test('a published fill is found, and still readable by those who were reading', async () => {
      const fill = await store.createFill(UPSTREAM, DIGEST);
      await fill.append(BYTES.subarray(0, 4));
      await fill.append(BYTES.subarray(4));
      await fill.publish();
      expect(await store.findBlob(DIGEST)).toMatchObject({ sizeBytes: BYTES.byteLength });
      expect(await fill.read(Buffer.alloc(4), 0)).toBe(4);
      await fill.close();
    });

    test('several chunks are appended in their order, empty ones among them', async () => {
      const fill = await store.createFill(UPSTREAM, DIGEST);
      await fill.append(BYTES.subarray(0, 1), BYTES.subarray(1, 1), BYTES.subarray(1, 4), BYTES.subarray(4));
      expect(fill.sizeBytes).toBe(BYTES.byteLength);
      await fill.publish();
      expect(await store.readBlob(DIGEST, 1000)).toEqual(BYTES);
      await fill.close();
    });

    test('a fill whose bytes are wrong cannot be published', async () => {
      const fill = await store.createFill(UPSTREAM, DIGEST);
      await fill.append(Buffer.from('some other'));
      expect(() => fill.verify()).toThrowError(/does not match its digest/);
      await expect(fill.publish()).rejects.toThrowError(/does not match its digest/);
      await fill.discard();
      await fill.close();
      expect(await store.findBlob(DIGEST)).toBeUndefined();
    });

    test('what a fill left unfinished is taken up where it ended', async () => {
      const left = await store.createFill(UPSTREAM, DIGEST);
      await left.append(BYTES.subarray(0, 4));
      await left.close();
      const adopted = await store.adoptFill(UPSTREAM, DIGEST);
      expect(adopted?.sizeBytes).toBe(4);
      await adopted?.append(BYTES.subarray(4));
      await adopted?.publish();
      await adopted?.close();
      expect(Buffer.from((await store.readBlob(DIGEST, 100)) ?? '')).toEqual(BYTES);
      expect(await store.adoptFill(UPSTREAM, DIGEST)).toBeUndefined();
    });

    test('a fill that is still being written, and one of another blob, are nobody else’s to take up', async () => {
      const other = await store.createFill(UPSTREAM, digestOf(Buffer.from('other')));
      await other.append(BYTES);
      await other.close();
      const running = await store.createFill(UPSTREAM, DIGEST);
      await running.append(BYTES.subarray(0, 4));
      expect(await store.adoptFill(UPSTREAM, DIGEST)).toBeUndefined();
      expect(await store.adoptFill(OTHER.upstream, DIGEST)).toBeUndefined();
      await running.close();
    });

    test('of several who take up the same fill at once, one gets it', async () => {
      const left = await store.createFill(UPSTREAM, DIGEST);
      await left.append(BYTES);
      await left.close();
      const adopted = await Promise.all([1, 2, 3].map(() => store.adoptFill(UPSTREAM, DIGEST)));
      const got = adopted.filter((fill) => fill !== undefined);
      expect(got).toHaveLength(1);
      for (const fill of got) await fill.close();
    });

    test('bytes that will not be appended can be verified after those that were', async () => {
      const fill = await store.createFill(UPSTREAM, DIGEST);
      await fill.append(BYTES.subarray(0, 4));
      const verifier = fill.verifier();
      verifier.update(BYTES.subarray(4));
      verifier.verify();
      expect(() => fill.verify()).toThrowError(/does not match/);
      await fill.discard();
      await fill.close();
    });

    test('two fills of one blob do not disturb each other', async () => {
      const [one, two] = [await store.createFill(UPSTREAM, DIGEST), await store.createFill(UPSTREAM, DIGEST)];
      await one.append(BYTES);
      await two.append(BYTES.subarray(0, 4));
      await one.publish();
      await two.append(BYTES.subarray(4));
      await two.publish();
      await one.close();
      await two.close();
      expect(Buffer.from((await store.readBlob(DIGEST, 100)) ?? '')).toEqual(BYTES);
    });
  });

  describe('links', () => {
    test('a blob is linked to one repository of one upstream', async () => {
      await store.linkLayer(REPOSITORY, DIGEST);
      expect(await store.hasLayerLink(REPOSITORY, DIGEST)).toBe(true);
      expect(await store.hasLayerLink(OTHER, DIGEST)).toBe(false);
      expect(await store.hasRevisionLink(REPOSITORY, DIGEST)).toBe(false);
    });

    test('a manifest is linked to one repository of one upstream', async () => {
      await store.linkRevision(REPOSITORY, DIGEST);
      expect(await store.hasRevisionLink(REPOSITORY, DIGEST)).toBe(true);
      expect(await store.hasRevisionLink(OTHER, DIGEST)).toBe(false);
      expect(await store.hasLayerLink(REPOSITORY, DIGEST)).toBe(false);
    });
  });

  describe('tags', () => {
    const tag = parseTag('1.0');

    test('a tag names a manifest since it was last confirmed', async () => {
      expect(await store.findTag(REPOSITORY, tag)).toBeUndefined();
      await store.putTag(REPOSITORY, tag, DIGEST, 1_700_000_000_000);
      expect(await store.findTag(REPOSITORY, tag)).toEqual({
        digest: DIGEST,
        confirmedAtMs: 1_700_000_000_000,
      });
      expect(await store.findTag(OTHER, tag)).toBeUndefined();
    });

    test('a tag that moves names the new manifest', async () => {
      const moved = digestOf(Buffer.from('newer'));
      await store.putTag(REPOSITORY, tag, DIGEST, 1_700_000_000_000);
      await store.putTag(REPOSITORY, tag, moved, 1_700_000_001_000);
      expect(await store.findTag(REPOSITORY, tag)).toEqual({
        digest: moved,
        confirmedAtMs: 1_700_000_001_000,
      });
    });

    test('a removed tag is gone, and its neighbours stay', async () => {
      await store.putTag(REPOSITORY, tag, DIGEST, 1);
      await store.putTag(REPOSITORY, parseTag('2.0'), DIGEST, 1);
      await store.removeTag(REPOSITORY, tag);
      await store.removeTag(REPOSITORY, tag);
      expect(await store.listTags(REPOSITORY)).toEqual(['2.0']);
    });

    test('a repository without tags has an empty list', async () => {
      expect(await store.listTags(REPOSITORY)).toEqual([]);
    });

    test('of many who confirm a tag at once, all succeed', async () => {
      await Promise.all(Array.from({ length: 20 }, () => store.putTag(REPOSITORY, tag, DIGEST, 5_000)));
      expect(await store.findTag(REPOSITORY, tag)).toEqual({ digest: DIGEST, confirmedAtMs: 5_000 });
    });
  });
}
