import {
  nameUpstreamSetting,
  type CredentialEntry,
  type OutboundProxySettings,
  type UpstreamSettings,
} from '@registry-cache/config';
import { caOfOrigin, type Deadline, type Endpoint } from '../../network/endpoint.ts';
import type { KnownManifest } from './known-manifest.ts';

/** One server that is tried: an upstream, or another cache that an upstream's blobs may come from. */
export interface Target {
  readonly kind: 'upstream' | 'neighbour';
  readonly upstream: UpstreamSettings;
  readonly endpoint: Endpoint;
  /** Credentials that may be tried; for a neighbour none. */
  readonly credentials: readonly CredentialEntry[];
  /** What to ask for by HEAD, the likeliest first. */
  readonly manifests: readonly KnownManifest[];
}

export interface TargetContext {
  readonly outboundProxy: OutboundProxySettings;
  readonly deadline: Deadline;
}

/** An upstream, and its neighbours, which see only what clients bring. */
export function targetsOf(upstream: UpstreamSettings, manifests: readonly KnownManifest[]): Target[] {
  const { url, authorization, cas, caches, credentials } = upstream;
  const casSetting = nameUpstreamSetting(upstream, 'cas');
  const origin = new URL(url);
  const endpoint: Endpoint = {
    url: origin,
    cas,
    urlSetting: nameUpstreamSetting(upstream, 'url'),
    casSetting,
    ...(authorization === 'origin' ? { caSource: caOfOrigin(origin) } : {}),
  };
  return [
    { kind: 'upstream', upstream, endpoint, credentials, manifests },
    ...caches.map((cache): Target => ({
      kind: 'neighbour',
      upstream,
      endpoint: { url: new URL(cache), cas, urlSetting: nameUpstreamSetting(upstream, 'caches'), casSetting },
      credentials: [],
      manifests: [],
    })),
  ];
}
