export {
  digestAlgorithm,
  digestHex,
  findDigest,
  parseDigest,
  type Digest,
  type DigestAlgorithm,
} from './digest.ts';
export { basicAuthorization } from './basic-authorization.ts';
export { digestOf } from './digest-of.ts';
export {
  blobResponse,
  type BlobRequest,
  type BlobResponse,
  type DescribedBlob,
  type OpenRange,
} from './blob-response.ts';
export type { BlobRequestHeaders } from './blob-answer.ts';
export type { ByteRange } from './byte-ranges.ts';
export { findCacheOutcome, formatCacheStatus, type CacheOutcome } from './cache-status.ts';
export { MAX_MANIFEST_BYTES, parseManifest, type Manifest } from './manifest.ts';
export {
  describeManifest,
  findPlatform,
  type Descriptor,
  type ManifestDescription,
} from './manifest-description.ts';
export {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  MANIFEST_MEDIA_TYPES,
  OCI_INDEX,
  OCI_MANIFEST,
} from './media-types.ts';
export { cleanText, quoteText } from './peer-text.ts';
export { findTag, formatReference, parseReference, parseTag, type Reference, type Tag } from './reference.ts';
export {
  errorAnswer,
  RegistryError,
  type ErrorAnswer,
  type RegistryErrorCode,
  type RegistryErrorOptions,
} from './registry-error.ts';
export { findRegistryChallenge, type RegistryChallenge } from './registry-challenge.ts';
export { parseRegistryPath, type RegistryRequest } from './registry-path.ts';
export { requestAttributes } from './request-attributes.ts';
export { parseRepositoryName, type RepositoryName } from './repository-name.ts';
export { isTrustedRealm } from './trusted-realm.ts';
export { findUpstreamName, type UpstreamName } from './upstream-name.ts';
