import { cleanText, findDigest, type Digest } from '@registry-cache/oci';
import * as v from 'valibot';
import { CacheError } from '../cache.ts';
import { WarmProblem } from './warm-problem.ts';

/** @see OCI image-spec, "image index": `linux/amd64`, `linux/arm/v7` */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** @throws {CacheError} `INVALID` */
export function parsePlatform(text: string): Platform {
  const [, os, architecture, variant] = /^([\w.-]+)\/([\w.-]+)(?:\/([\w.-]+))?$/.exec(text) ?? [];
  if (os === undefined || architecture === undefined) {
    throw new CacheError(
      'INVALID',
      `${JSON.stringify(text.slice(0, 100))} is no platform: expected one such as linux/amd64 or linux/arm/v7`,
    );
  }
  return { os, architecture, variant };
}

function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** What clients take for granted where a platform names no variant. @see containerd/platforms */
const USUAL_VARIANTS: Readonly<Record<string, string>> = { amd64: 'v1', arm: 'v7', arm64: 'v8' };

/** A platform that is asked for without a variant stands for all of them. */
function isAskedFor(asked: Platform, { os, architecture, variant }: Platform): boolean {
  if (asked.os !== os || asked.architecture !== architecture) return false;
  const has = variant === undefined || variant === '' ? USUAL_VARIANTS[architecture] : variant;
  return asked.variant === undefined || asked.variant === has;
}

const PlatformShape = v.object({
  os: v.string(),
  architecture: v.string(),
  variant: v.optional(v.string()),
});
const IndexShape = v.object({
  manifests: v.array(
    v.object({ digest: v.string(), platform: v.fallback(v.optional(PlatformShape), undefined) }),
  ),
});

/**
 * What of an index is wanted, by its bytes: all of it without `platforms`; otherwise what is for one of them, or does not say what it
 * is for. An attestation says that it is for `unknown/unknown`.
 *
 * @throws {WarmProblem} when nothing is
 */
export function wantedManifests(index: Uint8Array, platforms: readonly Platform[] | undefined): Digest[] {
  const { manifests } = v.parse(IndexShape, JSON.parse(Buffer.from(index).toString('utf8')));
  const wanted = manifests.filter(
    ({ platform }) =>
      platforms === undefined ||
      platform === undefined ||
      platforms.some((asked) => isAskedFor(asked, platform)),
  );
  if (wanted.length === 0 && platforms !== undefined) {
    throw new WarmProblem(
      `the image is not there for ${platforms.map(formatPlatform).join(', ')}: it has ${platformsOf(manifests)}`,
    );
  }
  return wanted.map(({ digest }) => findDigest(digest)).filter((digest) => digest !== undefined);
}

function platformsOf(manifests: readonly { readonly platform?: Platform | undefined }[]): string {
  const names = manifests.flatMap(({ platform }) =>
    platform === undefined ? [] : [formatPlatform(platform)],
  );
  const known = [...new Set(names)].filter((name) => name !== 'unknown/unknown');
  return known.length === 0 ? 'none' : cleanText(known.join(', '));
}
