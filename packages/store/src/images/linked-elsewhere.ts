import { digestAlgorithm, digestHex, type Digest } from '@registry-cache/oci';
import { repositoryFolder, type Layout, type Repository } from '../layout.ts';
import { batchesOf } from '../maintenance/batches.ts';
import { diskCalls } from '../maintenance/disk-calls.ts';
import { walkRepositories } from '../maintenance/walk-repositories.ts';

const LOOKS_UNDER_WAY = 64;

/** Those digests that another repository has a link to, also one that a plain registry has left. */
export async function findLinkedElsewhere(
  layout: Layout,
  repository: Repository,
  digests: readonly Digest[],
  signal: AbortSignal,
): Promise<Set<Digest>> {
  const own = `${layout.repositories}/${repositoryFolder(repository)}`;
  const linked = new Set<Digest>();
  for await (const folder of walkRepositories(layout)) {
    if (folder === own) continue;
    for (const links of [`${folder}/_layers`, `${folder}/_manifests/revisions`]) {
      signal.throwIfAborted();
      // Most folders are of no repository, or of one that has nothing in common with this one.
      if ((await diskCalls.findStats(links)) === undefined) continue;
      for await (const digest of linkedOf(
        links,
        digests.filter((each) => !linked.has(each)),
      ))
        linked.add(digest);
    }
  }
  return linked;
}

async function* linkedOf(links: string, digests: readonly Digest[]): AsyncGenerator<Digest> {
  for await (const batch of batchesOf(digests, LOOKS_UNDER_WAY)) {
    const found = await Promise.all(
      batch.map((digest) =>
        diskCalls.findStats(`${links}/${digestAlgorithm(digest)}/${digestHex(digest)}/link`),
      ),
    );
    yield* batch.filter((_, index) => found[index] !== undefined);
  }
}
