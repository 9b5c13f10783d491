import {
  digestAlgorithm,
  digestOf,
  formatReference,
  parseManifest,
  RegistryError,
  type Digest,
  type RegistryRequest,
} from '@registry-cache/oci';
import type { DamagedBlobs } from '../damaged-blobs.ts';
import type { Fills } from '../fill/fills.ts';
import type { Store } from '@registry-cache/store';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { UpstreamHead, UpstreamManifest, UpstreamRegistry } from '../upstream/upstream-registry.ts';

/** What a client may be given of what is stored. Referrers are not: whoever asks for them has the upstream's own answer. */
export type ProvableRequest = Exclude<RegistryRequest, { readonly kind: 'base' | 'referrers' }>;

/** What an answer of the upstream has proved: that all of the repository may be pulled, or just what was asked for. */
export type Proved = 'repository' | 'only this';

export interface ProofOfAccessOptions {
  /** Asked in the client's name. */
  readonly upstream: UpstreamRegistry;
  readonly store: Pick<Store, 'findBlob'>;
  readonly fills: Pick<Fills, 'find'>;
  readonly damaged: Pick<DamagedBlobs, 'removeIfDamaged'>;
  readonly signal: AbortSignal;
}

/**
 * Asks the upstream about what a client asks for, as cheaply as it can be asked. That it answers 200 is no proof by itself: a
 * gateway in front of a registry says so of its login page, and of the one that tells of maintenance.
 *
 * 1. The digest of what was asked for, or bytes that have it, prove that the repository may be pulled from.
 * 2. A storage service that a blob's HEAD is redirected to knows no digests: the right length proves that one blob.
 * 3. Lists prove nothing but themselves: there are accounts that may look and not pull.
 *
 * @throws {UpstreamError}; @throws {RegistryError} where there is no such thing as far as the client may know
 */
export async function askForProof(target: ProvableRequest, options: ProofOfAccessOptions): Promise<Proved> {
  switch (target.kind) {
    case 'manifest':
      return askForManifest(target, options);
    case 'blob':
      return askForBlob(target, options);
    case 'tags':
      return askForTags(target, options);
  }
}

async function askForManifest(
  { name, reference }: Extract<ProvableRequest, { kind: 'manifest' }>,
  { upstream, signal }: ProofOfAccessOptions,
): Promise<Proved> {
  const head = await upstream.manifestHead(name, reference, { signal });
  if (head === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
  const asked = reference.kind === 'digest' ? reference.digest : head.digest;
  if (asked !== undefined && asked === head.digest) return 'repository';
  // An upstream that refuses HEAD has not said yet who may have it.
  const found = await upstream.manifestGet(name, reference, { signal });
  if (found === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
  const isFound = reference.kind === 'digest' ? isOfDigest(found.bytes, reference.digest) : isManifest(found);
  if (!isFound) throw senseless(`manifest ${formatReference(reference)} of ${name}`);
  return 'repository';
}

async function askForBlob(
  { name, digest }: Extract<ProvableRequest, { kind: 'blob' }>,
  options: ProofOfAccessOptions,
): Promise<Proved> {
  const { upstream, signal } = options;
  const head = await upstream.blobHead(name, digest, { signal });
  if (head === undefined) throw new RegistryError('BLOB_UNKNOWN');
  if (head.digest === digest) return 'repository';
  if (head.digest !== undefined || !(await isOfKnownSize(head, digest, options))) {
    throw senseless(`blob ${digest} of ${name}`);
  }
  return 'only this';
}

async function askForTags(
  { name }: Extract<ProvableRequest, { kind: 'tags' }>,
  { upstream, signal }: ProofOfAccessOptions,
): Promise<Proved> {
  const list = await upstream.list(name, 'tags/list', 'n=1', { signal });
  if (list === undefined) throw new RegistryError('NAME_UNKNOWN');
  if (!isTagList(list.bytes)) throw senseless(`the tags of ${name}`);
  return 'only this';
}

/** Whether a HEAD may be about the blob that is here, or on its way; what is neither is verified when it comes. */
async function isOfKnownSize(
  { sizeBytes }: UpstreamHead,
  digest: Digest,
  { store, fills, damaged }: ProofOfAccessOptions,
): Promise<boolean> {
  const filling = await fills.find(digest)?.started.catch(() => undefined);
  if (filling?.sizeBytes !== undefined && filling.sizeBytes !== sizeBytes) return false;
  const stored = await store.findBlob(digest);
  return stored === undefined || stored.sizeBytes === sizeBytes || damaged.removeIfDamaged(digest);
}

function isOfDigest(bytes: Uint8Array, digest: Digest): boolean {
  return digestOf(bytes, digestAlgorithm(digest)) === digest;
}

function isManifest({ bytes, digest }: UpstreamManifest): boolean {
  if (digest !== undefined && !isOfDigest(bytes, digest)) return false;
  try {
    parseManifest(bytes);
    return true;
  } catch (error) {
    if (error instanceof RegistryError) return false;
    throw error;
  }
}

function isTagList(bytes: Uint8Array): boolean {
  try {
    const list: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof list === 'object' && list !== null && 'tags' in list;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function senseless(what: string): UpstreamError {
  return new UpstreamError(
    'invalid',
    `the upstream answered 200 for ${what} with something else: a gateway in front of it may have answered`,
  );
}
