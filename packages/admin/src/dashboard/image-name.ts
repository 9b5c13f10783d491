import type { StoredImage } from '@registry-cache/store/images';

/** `quay.io/org/app:1.0`; by its digest where no tag names it. */
export function nameOf({ upstream, repository, tag, digest }: StoredImage): string {
  return `${upstream}/${repository}${tag === undefined ? `@${digest}` : `:${tag}`}`;
}
