import type { ListedImage } from '@registry-cache/control';
import { shortDigest } from '../terminal/digests.ts';

type NamedImage = Pick<ListedImage, 'upstream' | 'repository' | 'tag' | 'digest'>;

/** As other commands take it: `quay.io/org/app:1.0`, `quay.io/org/app@sha256:…`. */
export function nameOf({ upstream, repository, tag, digest }: NamedImage): string {
  return `${upstream}/${repository}${tag === undefined ? `@${digest}` : `:${tag}`}`;
}

/** For people to recognise: a digest is cut. */
export function shortNameOf(image: NamedImage): string {
  const { upstream, repository, tag, digest } = image;
  return tag === undefined ? `${upstream}/${repository}@${shortDigest(digest)}` : nameOf(image);
}
