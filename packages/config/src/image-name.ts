import { findUpstreamName, type UpstreamName } from '@registry-cache/oci';
import type { UpstreamSettings } from './settings.ts';

/** An image as users write it, with what it is of; or why that is not known. */
export type SplitImage =
  | { readonly kind: 'known'; readonly upstream: UpstreamName; readonly rest: string }
  /** It names a registry that this cache has no upstream for. */
  | { readonly kind: 'unknown'; readonly registry: string; readonly rest: string }
  | { readonly kind: 'none' };

/**
 * Cuts `quay.io/org/app:1.0` into registry and rest. The first component is a registry where it is an upstream's name or, as in
 * docker, holds a dot or a colon; all else belongs to the default upstream, where there is one. `docker.io` names without a
 * slash get `library/`.
 */
export function splitImage(image: string, upstreams: readonly UpstreamSettings[]): SplitImage {
  const slash = image.indexOf('/');
  const first = image.slice(0, Math.max(slash, 0));
  const name = findUpstreamName(first);
  const rest = image.slice(slash + 1);
  const upstream = upstreams.find((candidate) => candidate.name === name);
  if (upstream !== undefined) return known(upstream.name, rest);
  if (/[.:]/.test(first) || first === 'localhost') return { kind: 'unknown', registry: name ?? first, rest };
  const fallback = upstreams.find((candidate) => candidate.default);
  return fallback === undefined ? { kind: 'none' } : known(fallback.name, image);
}

/** The known ones, for messages. */
export function listUpstreams(upstreams: readonly UpstreamSettings[]): string {
  return upstreams.map(({ name }) => name).join(', ');
}

function known(upstream: UpstreamName, rest: string): SplitImage {
  return { kind: 'known', upstream, rest: withLibrary(upstream, rest) };
}

/** `**` is every repository already. */
function withLibrary(registry: string, rest: string): string {
  return registry === 'docker.io' && !rest.includes('/') && !rest.startsWith('**') ? `library/${rest}` : rest;
}
