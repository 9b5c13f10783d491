import type { UpstreamEntry } from './cache/cache-config.ts';
import type { RunningCache } from './cache/running-cache.ts';
import { startCache, type CacheOptions } from './cache/start-cache.ts';
import { createCertificateAuthority, type CertificateAuthority } from './certificates.ts';
import type { RegistryClient } from './client/registry-client.ts';
import type { CloseLater } from './close-at-end.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from './upstream/start-upstream.ts';

export interface CachedUpstreamOptions extends Partial<Omit<CacheOptions, 'ca' | 'upstreams'>> {
  readonly upstream?: Omit<UpstreamOptions, 'tls'>;
  readonly entry?: Omit<UpstreamEntry, 'url'>;
}

/** One upstream with TLS, which its cache knows as `quay.io`, and a client of that cache. */
export interface CachedUpstream {
  readonly ca: CertificateAuthority;
  readonly upstream: Upstream;
  readonly cache: RunningCache;
  readonly client: RegistryClient;
}

export async function startCachedUpstream(
  closeLater: CloseLater,
  { upstream: upstreamOptions, entry, ...options }: CachedUpstreamOptions = {},
): Promise<CachedUpstream> {
  const ca = await createCertificateAuthority();
  const upstream = closeLater(await startUpstream({ ...upstreamOptions, tls: await ca.issue() }));
  const upstreams = { 'quay.io': { url: upstream.origin, ...entry } };
  const cache = closeLater(await startCache({ ...options, ca, upstreams }));
  return { ca, upstream, cache, client: cache.client() };
}
