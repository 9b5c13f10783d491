import {
  parseRegistryPath,
  RegistryError,
  type RegistryErrorCode,
  type Reference,
} from '@registry-cache/oci';
import { jsonContent, type Content } from './content.ts';
import type { DemoImage } from './image.ts';

/**
 * What a registry that holds only this image answers for a path.
 *
 * @throws {RegistryError} for everything else
 */
export function findContent(image: DemoImage, path: string): Content {
  const request = parseRegistryPath(path);
  if (request.kind === 'base') return jsonContent('application/json', {});
  if (request.name !== image.repository) throw new RegistryError('NAME_UNKNOWN');
  switch (request.kind) {
    case 'manifest':
      return present(findManifest(image, request.reference), 'MANIFEST_UNKNOWN');
    case 'blob':
      return present(byDigest(image.blobs, request.digest), 'BLOB_UNKNOWN');
    case 'tags':
      return jsonContent('application/json', { name: image.repository, tags: [image.tag] });
    case 'referrers':
      throw new RegistryError('NAME_UNKNOWN', 'this registry has no referrers API');
  }
}

function findManifest(image: DemoImage, reference: Reference): Content | undefined {
  if (reference.kind === 'tag') return reference.tag === image.tag ? image.index : undefined;
  return byDigest([image.index, ...image.manifests], reference.digest);
}

function byDigest(contents: readonly Content[], digest: string): Content | undefined {
  return contents.find((content) => content.digest === digest);
}

function present(content: Content | undefined, code: RegistryErrorCode): Content {
  if (content === undefined) throw new RegistryError(code);
  return content;
}
