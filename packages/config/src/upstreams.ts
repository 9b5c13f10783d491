import { findUpstreamName, type UpstreamName } from '@registry-cache/oci';
import { InvalidValueError, quote } from './config-error.ts';
import { DEFAULT_MAX_CONNECTIONS, DEFAULT_TAG_TTL_MS } from './defaults.ts';
import { withNameOfOrigin } from './downstream-upstream.ts';
import type { Findings } from './findings.ts';
import { parseOrigin } from './origin-url.ts';
import { parseCaches } from './other-caches.ts';
import type { UpstreamSettings } from './settings.ts';
import { credentialsOf } from './upstream-credentials.ts';
import type { UpstreamDraft } from './upstream-draft.ts';
import { draftUpstreams, type DraftSources } from './upstream-drafts.ts';

export interface UpstreamSources extends DraftSources {
  /** Where clients reach this cache itself, if that is known. */
  readonly externalUrl: string | undefined;
  /** Reads a file of certificate authorities. Throws an InvalidValueError. */
  readonly readCa: (path: string) => Promise<string>;
  /** Trusted by every upstream besides the system's. */
  readonly extraCas: readonly string[];
}

/** One upstream for each registry that was named, by name. */
export async function buildUpstreams(
  { pullSecret, ...rest }: UpstreamSources,
  findings: Findings,
): Promise<UpstreamSettings[]> {
  const sources = { ...rest, pullSecret: withNameOfOrigin(pullSecret, rest.downstream?.origin) };
  const upstreams: UpstreamSettings[] = [];
  for (const [name, draft] of draftUpstreams(sources, findings)) {
    upstreams.push(await buildUpstream(name, draft, sources, findings));
  }
  const defaults = upstreams.filter((upstream) => upstream.default).map(({ name }) => name);
  if (defaults.length > 1) {
    findings.problem('upstreams', `expected at most one default upstream, got ${defaults.join(' and ')}`);
  }
  return upstreams;
}

async function buildUpstream(
  name: UpstreamName,
  draft: UpstreamDraft,
  sources: UpstreamSources,
  findings: Findings,
): Promise<UpstreamSettings> {
  const key = `upstreams.${name}`;
  const cas: string[] = [];
  for (const { key: caKey, text: path } of draft.cas) {
    const ca = await findings.attempt(caKey, () => sources.readCa(path));
    if (ca !== undefined) cas.push(ca);
  }
  const url =
    findings.parse(`${key}.url`, () => parseOrigin(draft.url ?? defaultUrl(name))) ?? defaultUrl(name);
  const tokenHosts = findings.parse(`${key}.tokenhosts`, () => (draft.tokenhosts ?? []).map(parseTokenHost));
  const { credentials, warnings } = credentialsOf(name, sources.pullSecret);
  for (const warning of warnings) findings.warning(warning);
  const { authorization = 'cache' } = draft;
  if (authorization === 'cache' && draft.caches.length > 0) {
    findings.problem(
      `${key}.caches`,
      'expected authorization: origin beside it: other caches are asked with the credentials of clients only',
    );
  }
  return {
    name,
    url,
    default: draft.default ?? false,
    authorization,
    caches: parseCaches(draft.caches, { url, externalUrl: sources.externalUrl }, findings),
    cas: cas.length === 0 ? [] : [...sources.extraCas, ...cas],
    tagTtlMs: draft.tagttl ?? DEFAULT_TAG_TTL_MS,
    tokenHosts: tokenHosts ?? [],
    maxConnections: draft.maxconnections ?? DEFAULT_MAX_CONNECTIONS,
    ...(draft.downstreamKey === undefined ? {} : { downstreamKey: draft.downstreamKey }),
    credentials,
  };
}

function defaultUrl(name: UpstreamName): string {
  // docker.io is a name in references only: its registry lives elsewhere.
  return name === findUpstreamName('docker.io') ? 'https://registry-1.docker.io' : `https://${name}`;
}

function parseTokenHost(text: string): string {
  const host = findUpstreamName(text);
  if (host === undefined) {
    throw new InvalidValueError(`expected hosts such as auth.example.com, got ${quote(text)}`);
  }
  return host;
}
