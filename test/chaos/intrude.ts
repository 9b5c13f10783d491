import { blobPath } from '../support/client/pull-image.ts';
import { exchange, type Question } from './exchange.ts';
import { TAG, type Site, type SiteRepository } from './scene.ts';
import { pull } from './pull.ts';
import type { Intruder, Visitor } from './who-visits.ts';

/** Asks for what others may have: the answer is a refusal, however well it is cached and whatever fails. */
export async function intrude(visitor: Visitor, site: Site, repository: SiteRepository): Promise<void> {
  const intruder = visitor.random.pick(visitor.intruders);
  if (!intruder.isKeptFrom(site)) return;
  if (intruder.kind === 'outsider' && site.openToOutsider.has(repository.name)) {
    return pull({ ...visitor, client: intruder.client }, site, repository);
  }
  const question = questionOf(visitor, site, repository, intruder.kind);
  const answer = await exchange(intruder.client, visitor.ledger, question, [intruder.status, 200, 206, 304]);
  if (answer === undefined) return;
  const { status } = answer.received;
  if (status === intruder.status) visitor.ledger.passed(question.request, 'refused');
  else visitor.ledger.wrong(question.request, `answered ${status} to ${intruder.kind}`);
}

function questionOf(
  { random }: Visitor,
  site: Site,
  repository: SiteRepository,
  kind: Intruder['kind'],
): Question {
  const image = `${site.name}/${repository.name}`;
  const { root, blobs } = repository.current;
  const path = random.pick([
    `/v2/${image}/manifests/${TAG}`,
    `/v2/${image}/manifests/${root.digest}`,
    blobPath(image, random.pick(blobs).digest),
  ]);
  const method = random.chance(0.2) ? 'HEAD' : 'GET';
  return {
    request: `${method} as-${kind} ${path}`,
    method,
    path,
    ...(random.chance(0.2) ? { headers: { range: 'bytes=0-99' } } : {}),
    // Where the cache says itself who may pull, it asks nobody.
    upstream: site.authorization === 'origin' ? site.name : undefined,
  };
}
