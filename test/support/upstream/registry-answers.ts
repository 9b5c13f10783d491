import { OCI_INDEX, parseRegistryPath } from '@registry-cache/oci';
import { descriptor, type Referrer } from '../image/build-image.ts';
import type { Content } from '../image/content.ts';
import { bytesAnswer, errorAnswer, header, jsonAnswer, type Answer, type ServerRequest } from './answer.ts';
import type { Repositories, RepositoryContent } from './repositories.ts';

/** How many tags are listed at once where the client does not say. */
const TAGS_PER_PAGE = 100;

/**
 * What a registry that does everything right answers.
 *
 * @throws {RegistryError} for a path that is no endpoint
 * @see OCI distribution-spec, "Endpoints"
 */
export function answerRegistry(repositories: Repositories, request: ServerRequest): Answer {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return errorAnswer(405, 'UNSUPPORTED', 'this registry is read-only');
  }
  const endpoint = parseRegistryPath(request.path);
  if (endpoint.kind === 'base') return jsonAnswer(200, {});
  const repository = repositories.find(endpoint.name);
  if (repository === undefined)
    return errorAnswer(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  switch (endpoint.kind) {
    case 'manifest': {
      const { reference } = endpoint;
      const manifest =
        reference.kind === 'tag'
          ? repository.tags.get(reference.tag)
          : repository.manifests.get(reference.digest);
      if (manifest === undefined) return errorAnswer(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
      return bytesAnswer(200, manifest.bytes, {
        'content-type': manifest.mediaType,
        'docker-content-digest': manifest.digest,
        etag: `"${manifest.digest}"`,
      });
    }
    case 'blob': {
      const blob = repository.blobs.get(endpoint.digest);
      if (blob === undefined) return errorAnswer(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
      return blobAnswer(blob, request);
    }
    case 'tags':
      return answerTags(endpoint.name, repository, request);
    case 'referrers':
      return answerReferrers(repository.referrers.get(endpoint.digest) ?? [], request);
  }
}

/** A blob with its digest, whole or from the start that a `Range` asks for. */
export function blobAnswer(blob: Content, request: ServerRequest): Answer {
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': blob.digest,
    'accept-ranges': 'bytes',
    etag: `"${blob.digest}"`,
  };
  const range = /^bytes=(\d+)-(\d*)$/.exec(header(request, 'range') ?? '');
  if (range === null) {
    return {
      status: 200,
      headers: { ...headers, 'content-length': String(blob.sizeBytes) },
      body: blob.read(),
    };
  }
  const start = Number(range[1]);
  const end = range[2] === '' ? blob.sizeBytes : Math.min(Number(range[2]) + 1, blob.sizeBytes);
  if (start >= end) return errorAnswer(416, 'UNSUPPORTED', 'range not satisfiable');
  return {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(end - start),
      'content-range': `bytes ${start}-${end - 1}/${blob.sizeBytes}`,
    },
    body: blob.read(start, end),
  };
}

/** @see OCI distribution-spec, "Listing Tags" */
function answerTags(name: string, { tags }: RepositoryContent, { query }: ServerRequest): Answer {
  const last = query.get('last') ?? '';
  const after = [...tags.keys()].toSorted().filter((tag) => tag > last);
  const page = after.slice(0, Number(query.get('n') ?? TAGS_PER_PAGE));
  const lastOfPage = page.at(-1);
  const more = page.length < after.length && lastOfPage !== undefined;
  const next = `</v2/${name}/tags/list?last=${lastOfPage}&n=${page.length}>; rel="next"`;
  return jsonAnswer(200, { name, tags: page }, more ? { link: next } : {});
}

/** @see OCI distribution-spec, "Listing Referrers" */
function answerReferrers(referrers: readonly Referrer[], { query }: ServerRequest): Answer {
  const wanted = query.get('artifactType');
  const manifests = referrers
    .filter(({ artifactType }) => wanted === null || artifactType === wanted)
    .map(({ manifest, artifactType }) => ({ ...descriptor(manifest.mediaType, manifest), artifactType }));
  return jsonAnswer(
    200,
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests },
    { 'content-type': OCI_INDEX, ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }) },
  );
}
