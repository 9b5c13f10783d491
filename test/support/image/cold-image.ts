import type { Digest } from '@registry-cache/oci';
import type { Repositories } from '../upstream/repositories.ts';
import { buildImage, type Image } from './build-image.ts';
import type { Content } from './content.ts';

/** An image that no cache has seen, in a repository of its own that no other test uses. */
export interface ColdImage extends Image {
  /** Without the upstream: `cold/herd`. */
  readonly repository: string;
  readonly tag: string;
  /** As the cache names it: `quay.io/cold/herd`. */
  readonly name: string;
  /** The first layer of the first platform. */
  readonly layer: Content;
  readonly layerDigest: Digest;
}

export interface ColdImageOptions {
  readonly layers?: readonly number[];
  readonly platforms?: readonly string[];
  /** The cache's name of the upstream: `quay.io` unless told. */
  readonly upstreamName?: string;
}

/** @param seed a word for what the test is about, in lower case */
export function addColdImage(
  upstream: Pick<Repositories, 'addImage'>,
  seed: string,
  options: ColdImageOptions = {},
): ColdImage {
  const { layers = [40_000, 1_000], upstreamName = 'quay.io', platforms } = options;
  const image = buildImage({ seed, layers, ...(platforms === undefined ? {} : { platforms }) });
  const layer = image.platforms[0]?.layers[0];
  if (layer === undefined) throw new Error('an image needs a layer');
  const repository = `cold/${seed}`;
  upstream.addImage(repository, 'v1', image);
  const name = `${upstreamName}/${repository}`;
  return { ...image, repository, tag: 'v1', name, layer, layerDigest: layer.digest };
}
