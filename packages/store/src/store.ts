import type { Digest, Tag, UpstreamName } from '@registry-cache/oci';
import type { FillFile } from './fill-file.ts';
import type { Repository } from './layout.ts';
import type { OpenBlob } from './read/open-blob.ts';

/**
 * What the cache keeps. Only verified bytes are ever found in it, and a tag only ever names a manifest that is there or was
 * evicted. Absence is undefined; every other trouble of the disk rejects.
 */
export interface Store {
  findBlob(digest: Digest): Promise<StoredBlob | undefined>;

  /** All bytes of a small blob, or undefined when it is absent or longer than `maxBytes`. Not verified again. */
  readBlob(digest: Digest, maxBytes: number): Promise<Uint8Array | undefined>;

  /** The blob's bytes, also when it is evicted meanwhile. The caller closes what it opened. */
  openBlob(digest: Digest): Promise<OpenBlob | undefined>;

  /** What `X-Accel-Redirect` says of a blob: `/blobs/sha256/ab/ab…/data`. Only `store/read` can open it. */
  accelPath(digest: Digest): string;

  /** A new file for a blob that is being fetched. The caller publishes or discards it. */
  createFill(upstream: UpstreamName, digest: Digest): Promise<FillFile>;

  /** A file that an earlier fill of this blob left unfinished, with what it holds; undefined where there is none. */
  adoptFill(upstream: UpstreamName, digest: Digest): Promise<FillFile | undefined>;

  /** Reads all of a blob, and removes it unless it is what its digest says. True when it is gone. */
  removeIfDamaged(digest: Digest): Promise<boolean>;

  /** Stores bytes that are in memory, after verifying them. @throws {DigestMismatchError} */
  putBlob(upstream: UpstreamName, digest: Digest, bytes: Uint8Array): Promise<void>;

  /** Whether the upstream has said that the repository holds this blob. */
  hasLayerLink(repository: Repository, digest: Digest): Promise<boolean>;
  linkLayer(repository: Repository, digest: Digest): Promise<void>;

  /** Whether the upstream has said that the repository holds this manifest. */
  hasRevisionLink(repository: Repository, digest: Digest): Promise<boolean>;
  linkRevision(repository: Repository, digest: Digest): Promise<void>;

  findTag(repository: Repository, tag: Tag): Promise<StoredTag | undefined>;
  /** Points the tag at a manifest that is stored, confirmed at `confirmedAtMs`. */
  putTag(repository: Repository, tag: Tag, digest: Digest, confirmedAtMs: number): Promise<void>;
  removeTag(repository: Repository, tag: Tag): Promise<void>;
  listTags(repository: Repository): Promise<Tag[]>;

  /** Sets a blob's access time and leaves its modification time; a blob that is absent is left alone. */
  touchBlob(digest: Digest, accessedAtMs: number): Promise<void>;
}

export interface StoredBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly filledAtMs: number;
  readonly accessedAtMs: number;
}

export interface StoredTag {
  readonly digest: Digest;
  /** When the upstream last said that the tag is this digest, in ms since the epoch. */
  readonly confirmedAtMs: number;
}
