import {
  digestAlgorithm,
  digestHex,
  type Digest,
  type RepositoryName,
  type Tag,
  type UpstreamName,
} from '@registry-cache/oci';
import { join } from 'node:path';

/** A repository of one upstream. */
export interface Repository {
  readonly upstream: UpstreamName;
  readonly name: RepositoryName;
}

/**
 * Where everything lies: distribution's filesystem layout, with the upstream as the first component of a repository, and a
 * folder of our own beside it that a plain registry ignores.
 *
 * @see distribution `registry/storage/paths.go`
 */
export interface Layout {
  readonly blobs: string;
  readonly repositories: string;
  /** Blobs being filled: `<upstream folder>/<algorithm>-<hex>.<owner>.<random>`. */
  readonly fills: string;
  /** Files on their way to be links, before one rename puts them in place. */
  readonly temporary: string;
  /** What operators keep from eviction. */
  readonly pins: string;
  /** How the cache was used, minute by minute and hour by hour. */
  readonly history: string;
}

export function layoutOf(rootDirectory: string): Layout {
  const registry = join(rootDirectory, 'docker/registry/v2');
  const own = join(rootDirectory, 'registry-cache');
  return {
    blobs: join(registry, 'blobs'),
    repositories: join(registry, 'repositories'),
    fills: join(own, 'fills'),
    temporary: join(own, 'tmp'),
    pins: join(own, 'pins.json'),
    history: join(own, 'history'),
  };
}

/** `sha256/ab/ab…/data`, below `blobs/`. */
export function blobDataPath(digest: Digest): string {
  return `${blobFolder(digest)}/data`;
}

export function blobFolder(digest: Digest): string {
  const hex = digestHex(digest);
  // A walk asks for a million of them, and `join` looks at every character.
  return `${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}`;
}

/** A port's colon would make `host:port/name` look like a reference to a plain registry on the same data. */
export function upstreamFolder(upstream: UpstreamName): string {
  return upstream.replace(':', '_');
}

/** Below `repositories/`. */
export function repositoryFolder({ upstream, name }: Repository): string {
  return join(upstreamFolder(upstream), name);
}

export function layersFolder(repository: Repository): string {
  return join(repositoryFolder(repository), '_layers');
}

export function layerLinkPath(repository: Repository, digest: Digest): string {
  return join(layersFolder(repository), digestAlgorithm(digest), digestHex(digest), 'link');
}

export function revisionsFolder(repository: Repository): string {
  return join(repositoryFolder(repository), '_manifests/revisions');
}

export function revisionLinkPath(repository: Repository, digest: Digest): string {
  return join(revisionsFolder(repository), digestAlgorithm(digest), digestHex(digest), 'link');
}

export function tagsFolder(repository: Repository): string {
  return join(repositoryFolder(repository), '_manifests/tags');
}

export function tagLinkPath(repository: Repository, tag: Tag): string {
  return join(tagsFolder(repository), tag, 'current/link');
}
