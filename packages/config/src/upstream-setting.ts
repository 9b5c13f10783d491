import type { UpstreamSettings } from './settings.ts';

type UpstreamSetting = 'url' | 'cas' | 'caches';

// On its own in the package's exports: workers need it, and nothing else of this package while they run.

/** Where config.yml has, or would have, a setting of an upstream: `upstreams.quay.io.cas`. */
export function nameUpstreamSetting(
  { name, downstreamKey }: Pick<UpstreamSettings, 'name' | 'downstreamKey'>,
  setting: UpstreamSetting,
): string {
  if (downstreamKey === undefined) return `upstreams.${name}.${setting}`;
  return `${downstreamKey}.${setting === 'cas' ? 'cas' : 'upstreams'}`;
}
