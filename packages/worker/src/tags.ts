import { RegistryError, type CacheOutcome, type Digest, type Tag } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import type { Repository, Store, StoredTag } from '@registry-cache/store';
import type { VerifiedManifest } from './manifest-memory.ts';
import type { Manifests } from './manifests.ts';
import { createPatientFlight } from './patient-flight.ts';
import { UpstreamError } from './upstream/upstream-error.ts';
import type { UpstreamRegistry } from './upstream/upstream-registry.ts';

export interface TaggedManifest {
  readonly manifest: VerifiedManifest;
  readonly outcome: CacheOutcome;
  /** When the upstream last said that the tag is this manifest. */
  readonly confirmedAtMs: number;
}

export interface Tags {
  /** @throws {RegistryError} `MANIFEST_UNKNOWN`; @throws {UpstreamError} when the upstream cannot answer and nothing is stored */
  resolve(repository: Repository, tag: Tag): Promise<TaggedManifest>;
}

export interface TagsOptions {
  readonly store: Store;
  readonly upstream: UpstreamRegistry;
  readonly manifests: Manifests;
  /** How long a tag is answered without asking the upstream. */
  readonly tagTtlMs: () => number;
  /** Whether an upstream that denies a tag counts as one that cannot answer. */
  readonly isDenialStale: boolean;
  readonly log: Logger;
  readonly now: () => number;
  /** A question goes on when those who wait for it have been served as stale. */
  readonly onWork: () => () => void;
  readonly signal: AbortSignal;
  /** How long an upstream is waited for where a manifest is known; `PATIENCE_MS` unless told. */
  readonly patienceMs?: number;
}

// Clients give up after 30 s without an answer, and what they wait for again and again is better a little older.
const PATIENCE_MS = 5000;

interface KnownTag extends StoredTag {
  readonly manifest: VerifiedManifest;
}

/**
 * 1. Confirmed within the freshness window: answered from disk.
 * 2. Known but older: the upstream is asked by HEAD, which costs it little and its users no rate limit. The same digest
 *    confirms the tag; another one is fetched by that digest, so a tag that moves in between cannot mix two manifests.
 * 3. Unknown: one GET by tag, whose digest is computed from the bytes.
 * 4. The upstream cannot answer: what is known is served as stale. That the upstream says there is no such tag is an answer.
 * 5. The upstream takes long to answer: the same, while the question goes on for those who come later.
 *
 * A herd that asks for one tag costs one question.
 */
export function createTags(options: TagsOptions): Tags {
  const { store, upstream, manifests, tagTtlMs, isDenialStale, log, now, onWork, signal } = options;
  const questions = createPatientFlight<TaggedManifest>(options.patienceMs ?? PATIENCE_MS);

  async function findKnown(repository: Repository, tag: Tag): Promise<KnownTag | undefined> {
    const stored = await store.findTag(repository, tag);
    if (stored === undefined) return undefined;
    const manifest = await manifests.findLinked(repository, stored.digest);
    return manifest === undefined ? undefined : { ...stored, manifest };
  }

  async function confirm(
    repository: Repository,
    tag: Tag,
    manifest: VerifiedManifest,
    outcome: CacheOutcome,
  ): Promise<TaggedManifest> {
    const confirmedAtMs = now();
    // A disk without room may have refused the manifest: the tag then goes on to name one that can be served.
    if ((await store.findBlob(manifest.digest)) !== undefined) {
      await store.putTag(repository, tag, manifest.digest, confirmedAtMs);
    }
    return { manifest, outcome, confirmedAtMs };
  }

  async function fetchByTag(repository: Repository, tag: Tag): Promise<TaggedManifest> {
    const fetched = await upstream.manifestGet(repository.name, { kind: 'tag', tag }, { signal });
    if (fetched === undefined) return forget(repository, tag);
    return confirm(repository, tag, await manifests.keep(repository, fetched, undefined), 'miss');
  }

  async function forget(repository: Repository, tag: Tag): Promise<never> {
    await store.removeTag(repository, tag);
    throw new RegistryError('MANIFEST_UNKNOWN');
  }

  async function findByDigest(repository: Repository, digest: Digest): Promise<VerifiedManifest | undefined> {
    try {
      return (await manifests.getByDigest(repository, digest)).manifest;
    } catch (error) {
      if (error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN') return undefined;
      throw error;
    }
  }

  async function revalidate(repository: Repository, tag: Tag, known: KnownTag): Promise<TaggedManifest> {
    const head = await upstream.manifestHead(repository.name, { kind: 'tag', tag }, { signal });
    if (head === undefined) return forget(repository, tag);
    if (head.digest === undefined) return fetchByTag(repository, tag);
    if (head.digest === known.digest) return confirm(repository, tag, known.manifest, 'revalidated');
    const manifest = await findByDigest(repository, head.digest);
    // The tag has moved on, or a replica of the upstream lags behind: only the tag itself can be unknown.
    return manifest === undefined ? fetchByTag(repository, tag) : confirm(repository, tag, manifest, 'miss');
  }

  async function revalidateOrStale(
    repository: Repository,
    tag: Tag,
    known: KnownTag,
  ): Promise<TaggedManifest> {
    try {
      return await revalidate(repository, tag, known);
    } catch (err) {
      if (!(err instanceof UpstreamError) || (err.code === 'denied' && !isDenialStale)) throw err;
      log[err.remembered ? 'debug' : 'warn'](
        { err, repository: repository.name, tag, digest: known.digest },
        'tag not confirmed, served as stale',
      );
      return stale(known);
    }
  }

  return {
    async resolve(repository, tag) {
      const known = await findKnown(repository, tag);
      if (known !== undefined && freshForMs(known.confirmedAtMs, now(), tagTtlMs()) > 0)
        return { ...known, outcome: 'hit' };
      const { result, overdue } = questions.run(`${repository.name}:${tag}`, () => {
        const asked =
          known === undefined ? fetchByTag(repository, tag) : revalidateOrStale(repository, tag, known);
        return asked.finally(onWork());
      });
      return known === undefined ? result : Promise.race([result, overdue.then(() => stale(known))]);
    },
  };
}

/** How long a tag stays fresh from `nowMs` on; 0 or less for one that is not. */
export function freshForMs(confirmedAtMs: number, nowMs: number, tagTtlMs: number): number {
  // A confirmation far in the future is from before the clock was set back: it must not count until then.
  return tagTtlMs - Math.abs(nowMs - confirmedAtMs);
}

function stale({ manifest, confirmedAtMs }: KnownTag): TaggedManifest {
  return { manifest, outcome: 'stale', confirmedAtMs };
}
