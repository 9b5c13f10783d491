import type { Image, Referrer } from '../image/build-image.ts';
import type { Content, ManifestContent } from '../image/content.ts';

/** What an upstream holds. A tag that is put again moves. */
export interface Repositories {
  addImage(repository: string, tag: string, image: Pick<Image, 'root' | 'manifests' | 'blobs'>): void;
  addReferrer(repository: string, referrer: Referrer): void;
  removeTag(repository: string, tag: string): void;
  find(name: string): RepositoryContent | undefined;
}

export interface RepositoryContent {
  readonly tags: ReadonlyMap<string, ManifestContent>;
  readonly manifests: ReadonlyMap<string, ManifestContent>;
  readonly blobs: ReadonlyMap<string, Content>;
  readonly referrers: ReadonlyMap<string, readonly Referrer[]>;
}

export function createRepositories(): Repositories {
  const repositories = new Map<string, MutableRepository>();
  const repository = (name: string): MutableRepository => {
    const content = repositories.get(name) ?? emptyRepository();
    repositories.set(name, content);
    return content;
  };
  return {
    addImage(name, tag, image) {
      const { tags, manifests, blobs } = repository(name);
      for (const manifest of image.manifests) manifests.set(manifest.digest, manifest);
      for (const blob of image.blobs) blobs.set(blob.digest, blob);
      tags.set(tag, image.root);
    },

    addReferrer(name, referrer) {
      const { manifests, referrers } = repository(name);
      const { digest } = referrer.subject;
      manifests.set(referrer.manifest.digest, referrer.manifest);
      referrers.set(digest, [...(referrers.get(digest) ?? []), referrer]);
    },

    removeTag: (name, tag) => void repository(name).tags.delete(tag),
    find: (name) => repositories.get(name),
  };
}

interface MutableRepository {
  readonly tags: Map<string, ManifestContent>;
  readonly manifests: Map<string, ManifestContent>;
  readonly blobs: Map<string, Content>;
  readonly referrers: Map<string, readonly Referrer[]>;
}

function emptyRepository(): MutableRepository {
  return { tags: new Map(), manifests: new Map(), blobs: new Map(), referrers: new Map() };
}
