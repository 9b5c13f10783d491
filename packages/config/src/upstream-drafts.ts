import { findUpstreamName, type UpstreamName } from '@registry-cache/oci';
import type { UpstreamSection } from './config-document.ts';
import { WELL_KNOWN_UPSTREAMS } from './defaults.ts';
import { addDownstream } from './downstream-upstream.ts';
import type { DownstreamOptions } from './downstream-options.ts';
import type { Findings } from './findings.ts';
import type { PullSecretEntry } from './pull-secret.ts';
import type { UpstreamDraft } from './upstream-draft.ts';

export interface DraftSources {
  readonly configured: Readonly<Record<string, UpstreamSection>>;
  readonly downstream?: DownstreamOptions | undefined;
  readonly pullSecret: readonly PullSecretEntry[];
}

/**
 * One draft for each registry that config.yml or the pull secret names, by name; where neither names any, for the well-known
 * public ones.
 */
export function draftUpstreams(
  { configured, downstream, pullSecret }: DraftSources,
  findings: Findings,
): readonly (readonly [UpstreamName, UpstreamDraft])[] {
  const drafts = draftSections(configured, findings);
  if (downstream !== undefined) addDownstream(drafts, downstream, findings);
  for (const { registry } of pullSecret) {
    if (registry.kind === 'upstream' && !drafts.has(registry.upstream)) drafts.set(registry.upstream, EMPTY);
  }
  if (drafts.size === 0) for (const name of wellKnown()) drafts.set(name, EMPTY);
  return [...drafts].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const EMPTY: UpstreamDraft = { cas: [], caches: [] };

function draftSections(
  configured: DraftSources['configured'],
  findings: Findings,
): Map<UpstreamName, UpstreamDraft> {
  const drafts = new Map<UpstreamName, UpstreamDraft>();
  for (const [key, section] of Object.entries(configured)) {
    const name = findUpstreamName(key);
    if (name === undefined) {
      findings.problem(
        `upstreams.${key}`,
        'expected a registry such as quay.io or registry.example.com:5000 as the name',
      );
    } else if (drafts.has(name)) findings.problem(`upstreams.${key}`, `${name} is there twice`);
    else drafts.set(name, draftOf(name, section));
  }
  return drafts;
}

function draftOf(name: UpstreamName, section: UpstreamSection): UpstreamDraft {
  const { cas = [], caches = [] } = section;
  return {
    ...section,
    cas: cas.map((text) => ({ key: `upstreams.${name}.cas`, text })),
    caches: caches.map((text, index) => ({ key: `upstreams.${name}.caches[${index}]`, text })),
  };
}

function wellKnown(): UpstreamName[] {
  return WELL_KNOWN_UPSTREAMS.map(findUpstreamName).filter((name) => name !== undefined);
}
