import { MANIFEST_MEDIA_TYPES, parseManifest } from '@registry-cache/oci';
import { exchange, type Question } from './exchange.ts';
import { TAG, type Site, type SiteRepository } from './scene.ts';
import type { Visitor } from './who-visits.ts';

/** What a manifest refers to. */
export interface Manifest {
  readonly digest: string;
  readonly manifests: readonly string[];
  readonly blobs: readonly string[];
}

const HEADERS = { accept: MANIFEST_MEDIA_TYPES.join(', ') };

/** Undefined where it could not be had, which the ledger knows. */
export async function getTag(
  visitor: Visitor,
  site: Site,
  repository: SiteRepository,
): Promise<Manifest | undefined> {
  return getManifest(visitor, site, repository, tagQuestion(visitor, site, repository, 'GET'), (digest) =>
    repository.roots.has(digest),
  );
}

export async function getByDigest(
  visitor: Visitor,
  site: Site,
  repository: SiteRepository,
  digest: string,
): Promise<Manifest | undefined> {
  const question: Question = {
    request: `GET manifest-by-digest ${site.name}/${repository.name}@${digest}`,
    method: 'GET',
    path: `/v2/${site.name}/${repository.name}/manifests/${digest}`,
    headers: HEADERS,
    upstream: site.name,
    find: () => visitor.onDisk.findManifest(site.name, repository.name, digest),
  };
  return getManifest(visitor, site, repository, question, (actual) => actual === digest);
}

/** What HEAD promises, GET must be able to keep: one of the digests that the tag has had. */
export async function headTag(visitor: Visitor, site: Site, repository: SiteRepository): Promise<void> {
  const question = tagQuestion(visitor, site, repository, 'HEAD');
  const found = await exchange(visitor.client, visitor.ledger, question, [200]);
  if (found === undefined) return;
  const { headers, outcome } = found.received;
  const digest = String(headers['docker-content-digest']);
  if (repository.roots.has(digest)) visitor.ledger.passed(question.request, outcome ?? 'no outcome');
  else visitor.ledger.wrong(question.request, `the tag was never ${digest}`);
}

async function getManifest(
  visitor: Visitor,
  site: Site,
  repository: SiteRepository,
  question: Question,
  isRight: (digest: string) => boolean,
): Promise<Manifest | undefined> {
  const found = await exchange(visitor.client, visitor.ledger, question, [200]);
  if (found === undefined || !found.received.complete) return undefined;
  const { digest, headers, bytes, outcome } = found.received;
  if (!isRight(digest) || headers['docker-content-digest'] !== digest) {
    const said = String(headers['docker-content-digest']);
    visitor.ledger.wrong(question.request, `its bytes are ${digest}, its header says ${said}`);
    return undefined;
  }
  visitor.ledger.passed(question.request, outcome ?? 'no outcome');
  const { manifests, blobs } = parseManifest(bytes);
  return { digest, manifests, blobs };
}

function tagQuestion(
  visitor: Visitor,
  site: Site,
  repository: SiteRepository,
  method: 'GET' | 'HEAD',
): Question {
  return {
    request: `${method} tag ${site.name}/${repository.name}:${TAG}`,
    method,
    path: `/v2/${site.name}/${repository.name}/manifests/${TAG}`,
    headers: HEADERS,
    upstream: site.name,
    find: () => visitor.onDisk.findTag(site.name, repository.name, TAG),
  };
}
