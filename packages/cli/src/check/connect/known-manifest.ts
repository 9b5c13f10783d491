import type { UpstreamSettings } from '@registry-cache/config';
import { parseRepositoryName, RegistryError, type RepositoryName } from '@registry-cache/oci';
import { createFileStore, layoutOf, upstreamFolder } from '@registry-cache/store';
import { opendir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** A manifest that can be asked for, and where it is known from. */
export interface KnownManifest {
  readonly name: RepositoryName;
  /** A tag or digest. */
  readonly reference: string;
  readonly source: 'image' | 'store' | 'pull-secret';
}

/** Enough to find one that is pulled, without reading all of a large store. */
const MAX_REPOSITORIES = 100;

export function describeManifest({ name, reference, source }: KnownManifest): string {
  const image = `${name}${reference.includes(':') ? '@' : ':'}${reference}`;
  switch (source) {
    case 'image':
      return image;
    case 'store':
      return `${image} (from the store)`;
    case 'pull-secret':
      return `${image} (from the pull secret)`;
  }
}

/** The tag of the store that this upstream has confirmed last, then what its credentials name. */
export async function findKnownManifests(
  upstream: UpstreamSettings,
  rootDirectory: string,
): Promise<KnownManifest[]> {
  const stored = await findStoredManifest(upstream, rootDirectory);
  return [
    ...(stored === undefined ? [] : [stored]),
    ...upstream.credentials
      // One component alone is mostly an organization.
      .filter(({ repositoryPrefix }) => repositoryPrefix.includes('/'))
      .map(({ repositoryPrefix }): KnownManifest => ({
        name: parseRepositoryName(repositoryPrefix),
        reference: 'latest',
        source: 'pull-secret',
      })),
  ];
}

async function findStoredManifest(
  { name: upstream }: UpstreamSettings,
  rootDirectory: string,
): Promise<KnownManifest | undefined> {
  const store = createFileStore({ rootDirectory });
  const root = join(layoutOf(rootDirectory).repositories, upstreamFolder(upstream));
  let newest: { readonly manifest: KnownManifest; readonly confirmedAtMs: number } | undefined;
  let repositories = 0;
  for await (const name of repositoryNames(root, root)) {
    const repository = { upstream, name };
    const tags = await store.listTags(repository);
    for (const tag of tags) {
      const { confirmedAtMs } = (await store.findTag(repository, tag)) ?? { confirmedAtMs: -1 };
      if (confirmedAtMs > (newest?.confirmedAtMs ?? -1))
        newest = { manifest: { name, reference: tag, source: 'store' }, confirmedAtMs };
    }
    if (tags.length > 0) repositories += 1;
    if (repositories >= MAX_REPOSITORIES) break;
  }
  return newest?.manifest;
}

/** Every folder that could be a repository by its name: those that the store keeps links in could not. */
async function* repositoryNames(root: string, folder: string): AsyncGenerator<RepositoryName> {
  for await (const entry of entriesOf(folder)) {
    const name = findRepositoryName(relative(root, join(folder, entry)));
    if (name === undefined) continue;
    yield name;
    yield* repositoryNames(root, join(folder, entry));
  }
}

async function* entriesOf(folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(folder)) if (entry.isDirectory()) yield entry.name;
  } catch (err) {
    if (!(err instanceof Error && 'code' in err && err.code === 'ENOENT')) throw err;
  }
}

function findRepositoryName(text: string): RepositoryName | undefined {
  try {
    return parseRepositoryName(text);
  } catch (err) {
    if (err instanceof RegistryError) return undefined;
    throw err;
  }
}
