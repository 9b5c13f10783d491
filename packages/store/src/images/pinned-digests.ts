import type { Digest } from '@registry-cache/oci';
import type { Layout, Repository } from '../layout.ts';
import { createBlobLookup } from './blob-lookup.ts';
import { blobsOf, readImageTree } from './image-tree.ts';
import type { PinMatcher, PinRule } from './pin-matcher.ts';
import { readLayers, readRepository } from './repository-contents.ts';
import { walkImageRepositories } from './repository-walk.ts';

/**
 * Every digest that pins keep: the manifests that are named with all that they refer to, as far as it is stored, and of a repository
 * that a pattern matches as a whole, all that the upstream has said it holds. Reads only folders that patterns can match.
 */
export async function findPinnedDigests(
  layout: Layout,
  matcher: PinMatcher,
  signal: AbortSignal,
): Promise<Set<Digest>> {
  const pinned = new Set<Digest>();
  for (const prefix of outermost(matcher.rules.map(({ base }) => base))) {
    for await (const repository of walkImageRepositories(layout, { prefix, upstreams: 'any', signal })) {
      const path = `${repository.upstream}/${repository.name}`;
      const rules = matcher.rules.filter((rule) => rule.matchesRepository(path));
      if (rules.length > 0) await addPinned(pinned, layout, { repository, rules, signal });
    }
  }
  return pinned;
}

interface MatchedRepository {
  readonly repository: Repository;
  readonly rules: readonly PinRule[];
  readonly signal: AbortSignal;
}

async function addPinned(
  pinned: Set<Digest>,
  layout: Layout,
  { repository, rules, signal }: MatchedRepository,
): Promise<void> {
  const { tags, revisions } = await readRepository(layout, repository, signal);
  // Not all that its images refer to has a link: clients do not ask for what they have from another repository.
  if (rules.some(({ isWhole }) => isWhole)) {
    for (const digest of revisions) pinned.add(digest);
    for (const digest of await readLayers(layout, repository, signal)) pinned.add(digest);
  }
  const isNamed = (image: Parameters<PinRule['matchesReference']>[0]): boolean =>
    rules.some((rule) => rule.matchesReference(image));
  const lookup = createBlobLookup(layout);
  const roots = new Set([
    ...[...tags].filter(([tag, { digest }]) => isNamed({ tag, digest })).map(([, { digest }]) => digest),
    ...[...revisions].filter((digest) => isNamed({ digest })),
  ]);
  for (const root of roots) {
    signal.throwIfAborted();
    for (const manifest of await readImageTree(lookup, root)) {
      pinned.add(manifest.digest);
      for (const { digest } of blobsOf(manifest)) pinned.add(digest);
    }
  }
}

/** Without folders that are inside others. */
function outermost(folders: readonly string[]): string[] {
  if (folders.includes('')) return [''];
  return [...new Set(folders)].filter(
    (folder) => !folders.some((other) => other !== folder && folder.startsWith(`${other}/`)),
  );
}
