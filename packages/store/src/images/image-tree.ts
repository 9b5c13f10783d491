import type { Descriptor, Digest } from '@registry-cache/oci';
import type { BlobLookup, FoundManifest } from './blob-lookup.ts';

/** A manifest of an image: its own, or one that an index of it refers to. */
export interface TreeManifest {
  readonly digest: Digest;
  /** What the index says of it; undefined for the image's own. */
  readonly descriptor: Descriptor | undefined;
  /** Undefined where it is not stored. */
  readonly found: FoundManifest | undefined;
}

// An index of indexes is allowed; one that goes deeper is made to keep us busy.
const MAX_DEPTH = 3;

/** The manifest, and those that it refers to, each once and the outermost first. */
export async function readImageTree(lookup: BlobLookup, root: Digest): Promise<TreeManifest[]> {
  const seen = new Set<Digest>([root]);
  const tree: TreeManifest[] = [
    { digest: root, descriptor: undefined, found: await lookup.findManifest(root) },
  ];
  let outer: readonly TreeManifest[] = tree;
  for (let depth = 2; depth <= MAX_DEPTH; depth++) {
    const inner: TreeManifest[] = [];
    for (const descriptor of outer.flatMap(({ found }) => found?.manifests ?? [])) {
      if (seen.has(descriptor.digest)) continue;
      seen.add(descriptor.digest);
      inner.push({
        digest: descriptor.digest,
        descriptor,
        found: await lookup.findManifest(descriptor.digest),
      });
    }
    tree.push(...inner);
    outer = inner;
  }
  return tree;
}

/** Config first, then layers; none where the manifest is not stored. */
export function blobsOf({ found }: TreeManifest): readonly Descriptor[] {
  if (found === undefined) return [];
  return found.config === undefined ? found.layers : [found.config, ...found.layers];
}
