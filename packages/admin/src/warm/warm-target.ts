import { findTag } from '@registry-cache/oci';
import {
  checkPinPattern,
  formatImageName,
  InvalidImageNameError,
  parseImageName,
  type ImageName,
} from '@registry-cache/store/images';
import type { AdminUpstream } from '@registry-cache/config';
import { CacheError } from '../cache.ts';

/** What is to be warmed: an image, or all of a repository whose tag matches. */
export type WarmTarget =
  | { readonly kind: 'image'; readonly name: ImageName }
  | { readonly kind: 'pattern'; readonly repository: Omit<ImageName, 'reference'>; readonly pattern: string };

/**
 * Reads `quay.io/org/app:1.0`, `…@sha256:…`, or `quay.io/org/app:1.*`: patterns are those of pins.
 *
 * @throws {CacheError} `INVALID`
 */
export function parseWarmTarget(text: string, upstreams: readonly AdminUpstream[]): WarmTarget {
  const defaultUpstream = upstreams.find((upstream) => upstream.default)?.name;
  const names = upstreams.map(({ name }) => name);
  try {
    const { name, tagPattern } = splitPattern(text);
    const image = parseImageName(name, defaultUpstream, names);
    if (tagPattern === undefined) return { kind: 'image', name: image };
    const { upstream, repository } = image;
    const target = { kind: 'pattern', repository: { upstream, repository }, pattern: tagPattern } as const;
    const problem = checkPinPattern(formatWarmTarget(target));
    if (problem !== undefined) throw new CacheError('INVALID', problem);
    return target;
  } catch (cause) {
    if (!(cause instanceof InvalidImageNameError)) throw cause;
    throw new CacheError('INVALID', cause.message, { cause });
  }
}

/** What follows the last colon behind the last slash is a pattern where it is no tag, but has what patterns have. */
function splitPattern(text: string): { readonly name: string; readonly tagPattern?: string } {
  const colon = text.indexOf(':', text.lastIndexOf('/') + 1);
  if (colon === -1 || text.slice(0, colon).includes('@')) return { name: text };
  const tag = text.slice(colon + 1);
  const isPattern = findTag(tag) === undefined && /[*?[{(]/.test(tag);
  return isPattern ? { name: text.slice(0, colon), tagPattern: tag } : { name: text };
}

/** What `parseWarmTarget` reads, in full. */
export function formatWarmTarget(target: WarmTarget): string {
  if (target.kind === 'image') return formatImageName(target.name);
  const { repository, pattern } = target;
  return `${repository.upstream}/${repository.repository}:${pattern}`;
}
