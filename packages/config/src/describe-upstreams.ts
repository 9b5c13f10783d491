import type { UpstreamName } from '@registry-cache/oci';
import type { Credential, Settings, UpstreamSettings } from './settings.ts';

/** An upstream as people may see it: nothing of it is secret. */
export interface UpstreamDescription {
  readonly name: UpstreamName;
  readonly url: string;
  /** Those of the pull secret. Where the upstream authorizes they are not used for pulls, and it has none without them. */
  readonly credentials: readonly CredentialDescription[];
  readonly authorization: UpstreamSettings['authorization'];
  readonly caches: readonly string[];
  readonly default: boolean;
  readonly tagTtlMs: number;
}

export interface CredentialDescription {
  /** Empty for all of the upstream. */
  readonly repositoryPrefix: string;
  readonly kind: Credential['kind'];
}

/** One row for each upstream. One without any credential is anonymous, unless it authorizes clients itself. */
export function describeUpstreams(settings: Pick<Settings, 'upstreams'>): UpstreamDescription[] {
  return settings.upstreams.map((upstream) => ({
    name: upstream.name,
    url: upstream.url,
    credentials:
      upstream.authorization === 'cache' && upstream.credentials.length === 0
        ? [{ repositoryPrefix: '', kind: 'anonymous' }]
        : upstream.credentials.map(({ repositoryPrefix, credential }) => ({
            repositoryPrefix,
            kind: credential.kind,
          })),
    authorization: upstream.authorization,
    caches: upstream.caches,
    default: upstream.default,
    tagTtlMs: upstream.tagTtlMs,
  }));
}
