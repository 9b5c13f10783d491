import {
  formatReference,
  MANIFEST_MEDIA_TYPES,
  MAX_MANIFEST_BYTES,
  OCI_INDEX,
  type Reference,
  type RepositoryName,
} from '@registry-cache/oci';
import { discard, readBody } from './answer-body.ts';
import { describeContent, findHeader } from './answer-headers.ts';
import { describeUrl } from './describe-url.ts';
import type { RegistryAnswer, RegistryClient } from './registry-client.ts';
import type { UpstreamHead, UpstreamList, UpstreamManifest } from './upstream-registry.ts';

const ACCEPT_MANIFESTS = MANIFEST_MEDIA_TYPES.join(', ');
const ACCEPT_LISTS = `${OCI_INDEX}, application/json`;
const HEAD_REFUSALS: readonly number[] = [405, 501];
const MAX_LIST_BYTES = 4 * 1024 * 1024;

export async function getManifest(
  client: RegistryClient,
  name: RepositoryName,
  reference: Reference,
  signal: AbortSignal,
): Promise<UpstreamManifest | undefined> {
  const path = `manifests/${formatReference(reference)}`;
  const answer = await client.ask({ method: 'GET', name, path, accept: ACCEPT_MANIFESTS, signal });
  const bytes = await readIfFound(answer, MAX_MANIFEST_BYTES);
  if (bytes === undefined) return undefined;
  const { digest } = describeContent(answer);
  return { bytes, ...(digest === undefined ? {} : { digest }) };
}

export async function headManifest(
  client: RegistryClient,
  name: RepositoryName,
  reference: Reference,
  signal: AbortSignal,
): Promise<UpstreamHead | undefined> {
  const path = `manifests/${formatReference(reference)}`;
  const answer = await client.ask({ method: 'HEAD', name, path, accept: ACCEPT_MANIFESTS, signal });
  if (answer.status !== 200 && answer.status !== 404 && !HEAD_REFUSALS.includes(answer.status)) {
    throw await answer.statusError();
  }
  discard(answer.body);
  if (answer.status === 404) return undefined;
  // A refused HEAD names no digest, which has the caller GET the manifest.
  return answer.status === 200 ? describeContent(answer) : {};
}

export interface ListRequest {
  readonly name: RepositoryName;
  readonly endpoint: string;
  readonly query: string;
  readonly signal: AbortSignal;
}

export async function getList(
  client: RegistryClient,
  { name, endpoint, query, signal }: ListRequest,
): Promise<UpstreamList | undefined> {
  const answer = await client.ask({
    method: 'GET',
    name,
    path: endpoint,
    query,
    accept: ACCEPT_LISTS,
    signal,
  });
  const bytes = await readIfFound(answer, MAX_LIST_BYTES);
  if (bytes === undefined) return undefined;
  const link = findHeader(answer, 'link');
  const filtersApplied = findHeader(answer, 'oci-filters-applied');
  return {
    bytes,
    contentType: findHeader(answer, 'content-type') ?? 'application/json',
    ...(link === undefined ? {} : { link }),
    ...(filtersApplied === undefined ? {} : { filtersApplied }),
  };
}

async function readIfFound(answer: RegistryAnswer, maxBytes: number): Promise<Uint8Array | undefined> {
  if (answer.status === 404) {
    discard(answer.body);
    return undefined;
  }
  if (answer.status !== 200) throw await answer.statusError();
  return readBody(answer.body, { maxBytes, subject: `the answer of ${describeUrl(answer.url)}` });
}
