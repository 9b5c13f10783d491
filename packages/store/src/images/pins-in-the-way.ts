import type { Digest } from '@registry-cache/oci';
import type { Layout } from '../layout.ts';
import { createBlobLookup } from './blob-lookup.ts';
import type { ImageName } from './image-name.ts';
import { readImageTree } from './image-tree.ts';
import type { PinMatcher, PinnableImage } from './pin-matcher.ts';
import { findRemovalTarget } from './removal-target.ts';
import { readRepository } from './repository-contents.ts';

/**
 * Patterns that pin the image, or what would go with it: a tag of the manifest that is named by its digest, an index that would lose
 * this manifest, a manifest of the index that goes. Empty where nothing is in the way, and where there is no such image.
 */
export async function findPinsInTheWay(
  layout: Layout,
  { upstream, repository: name, reference }: ImageName,
  matcher: PinMatcher,
  signal: AbortSignal,
): Promise<string[]> {
  const rules = matcher.rules.filter((rule) => rule.matchesRepository(`${upstream}/${name}`));
  if (rules.length === 0) return [];
  const contents = await readRepository(layout, { upstream, name }, signal);
  const target = findRemovalTarget(contents, reference);
  if (target === undefined) return [];

  const lookup = createBlobLookup(layout);
  const digestsOf = async (root: Digest): Promise<Digest[]> =>
    (await readImageTree(lookup, root)).map(({ digest }) => digest);
  const going = await digestsOf(target.digest);
  const goes = async ({ tag, digest }: StoredName): Promise<boolean> => {
    if (tag === undefined ? going.includes(digest) : target.tags.includes(tag)) return true;
    // Other tags keep what they need, unless it is asked for by its digest.
    return target.isCertain && (await digestsOf(digest)).includes(target.digest);
  };

  const names: readonly StoredName[] = [
    ...[...contents.tags].map(([tag, { digest }]) => ({ tag, digest })),
    ...[...contents.revisions].map((digest) => ({ tag: undefined, digest })),
  ];
  const inTheWay = new Set<string>();
  for (const image of names) {
    signal.throwIfAborted();
    const matching = rules.filter((rule) => rule.matchesReference(image));
    if (matching.length === 0 || !(await goes(image))) continue;
    for (const { pattern } of matching) inTheWay.add(pattern);
  }
  return [...inTheWay];
}

type StoredName = Required<Pick<PinnableImage, 'tag'>> & { readonly digest: Digest };
