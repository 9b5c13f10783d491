import type { UpstreamSettings } from '@registry-cache/config';
import { findUpstreamName, parseReference, parseRepositoryName, RegistryError } from '@registry-cache/oci';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from '../../command-failure.ts';
import type { KnownManifest } from './known-manifest.ts';

const DOCKER_IO = findUpstreamName('docker.io');

/** Images as they are pulled, `quay.io/org/image:1.0`, by the name of their upstream. @throws {CommandFailure} */
export function namedImages(
  images: readonly string[],
  upstreams: readonly UpstreamSettings[],
): Map<string, KnownManifest[]> {
  const named = new Map<string, KnownManifest[]>();
  for (const image of images) {
    const { upstream, manifest } = parseImage(image, upstreams);
    named.set(upstream.name, [...(named.get(upstream.name) ?? []), manifest]);
  }
  return named;
}

function parseImage(
  image: string,
  upstreams: readonly UpstreamSettings[],
): { readonly upstream: UpstreamSettings; readonly manifest: KnownManifest } {
  const [first = '', ...rest] = image.split('/');
  const explicit = upstreams.find(({ name }) => name === first.toLowerCase());
  const upstream = explicit ?? upstreams.find((each) => each.default);
  const path = explicit === undefined ? image : rest.join('/');
  if (upstream === undefined) {
    const known = upstreams.map(({ name }) => name).join(', ');
    throw invalid(
      `--image ${image} names none of the upstreams: expected one of ${known || 'none'} before the repository`,
    );
  }
  const [, name = '', tag, digest] = /^([^:@]*)(?::([^@]*))?(?:@(.*))?$/.exec(path) ?? [];
  try {
    const repository = upstream.name === DOCKER_IO && !name.includes('/') ? `library/${name}` : name;
    const reference = digest ?? tag ?? 'latest';
    parseReference(reference);
    return { upstream, manifest: { name: parseRepositoryName(repository), reference, source: 'image' } };
  } catch (err) {
    if (!(err instanceof RegistryError)) throw err;
    throw invalid(`--image ${image} is no image: ${err.message}`);
  }
}

function invalid(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT_FAILURE });
}
