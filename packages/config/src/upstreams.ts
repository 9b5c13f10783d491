import { findUpstreamName, type UpstreamName } from '@registry-cache/oci';
import type { UpstreamSection } from './config-document.ts';
import { InvalidValueError, quote } from './config-error.ts';
import { DEFAULT_MAX_CONNECTIONS, DEFAULT_TAG_TTL_MS, WELL_KNOWN_UPSTREAMS } from './defaults.ts';
import type { Findings } from './findings.ts';
import type { PullSecretEntry } from './pull-secret.ts';
import type { UpstreamSettings } from './settings.ts';
import { credentialsOf } from './upstream-credentials.ts';

export interface UpstreamSources {
  readonly configured: Readonly<Record<string, UpstreamSection>>;
  readonly pullSecret: readonly PullSecretEntry[];
  /** Reads a file of certificate authorities. Throws an InvalidValueError. */
  readonly readCa: (path: string) => Promise<string>;
  /** Trusted by every upstream besides the system's. */
  readonly extraCas: readonly string[];
}

/**
 * One upstream for each registry that config.yml or the pull secret names, by name; where neither names any, the well-known
 * public ones.
 */
export async function buildUpstreams(
  sources: UpstreamSources,
  findings: Findings,
): Promise<UpstreamSettings[]> {
  const sections = nameSections(sources.configured, findings);
  for (const { registry } of sources.pullSecret) {
    if (registry.kind === 'upstream' && !sections.has(registry.upstream)) sections.set(registry.upstream, {});
  }
  if (sections.size === 0) for (const name of wellKnown()) sections.set(name, {});

  const upstreams: UpstreamSettings[] = [];
  for (const [name, section] of [...sections].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    upstreams.push(await buildUpstream(name, section, sources, findings));
  }
  const defaults = upstreams.filter((upstream) => upstream.default).map(({ name }) => name);
  if (defaults.length > 1) {
    findings.problem('upstreams', `expected at most one default upstream, got ${defaults.join(' and ')}`);
  }
  return upstreams;
}

function nameSections(
  configured: Readonly<Record<string, UpstreamSection>>,
  findings: Findings,
): Map<UpstreamName, UpstreamSection> {
  const sections = new Map<UpstreamName, UpstreamSection>();
  for (const [key, section] of Object.entries(configured)) {
    const name = findUpstreamName(key);
    if (name === undefined) {
      findings.problem(
        `upstreams.${key}`,
        'expected a registry such as quay.io or registry.example.com:5000 as the name',
      );
    } else if (sections.has(name)) findings.problem(`upstreams.${key}`, `${name} is there twice`);
    else sections.set(name, section);
  }
  return sections;
}

async function buildUpstream(
  name: UpstreamName,
  section: UpstreamSection,
  sources: UpstreamSources,
  findings: Findings,
): Promise<UpstreamSettings> {
  const key = `upstreams.${name}`;
  const cas: string[] = [];
  for (const path of section.cas ?? []) {
    const ca = await findings.attempt(`${key}.cas`, () => sources.readCa(path));
    if (ca !== undefined) cas.push(ca);
  }
  const url = await findings.attempt(`${key}.url`, () => parseOrigin(section.url ?? defaultUrl(name)));
  const tokenHosts = await findings.attempt(`${key}.tokenhosts`, () =>
    (section.tokenhosts ?? []).map(parseTokenHost),
  );
  const { credentials, warnings } = credentialsOf(name, sources.pullSecret);
  for (const warning of warnings) findings.warning(warning);
  return {
    name,
    url: url ?? defaultUrl(name),
    default: section.default ?? false,
    authorization: 'cache',
    caches: [],
    cas: cas.length === 0 ? [] : [...sources.extraCas, ...cas],
    tagTtlMs: section.tagttl ?? DEFAULT_TAG_TTL_MS,
    tokenHosts: tokenHosts ?? [],
    maxConnections: section.maxconnections ?? DEFAULT_MAX_CONNECTIONS,
    credentials,
  };
}

function defaultUrl(name: UpstreamName): string {
  // docker.io is a name in references only: its registry lives elsewhere.
  return name === findUpstreamName('docker.io') ? 'https://registry-1.docker.io' : `https://${name}`;
}

/** The message quotes nothing: a URL with a password in it is the likeliest mistake. */
function parseOrigin(text: string): string {
  const expected = 'expected https:// or http:// and a host, such as https://quay.io';
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) throw new InvalidValueError(expected);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new InvalidValueError('expected no user or password in the URL: they belong into the pull secret');
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new InvalidValueError(`${expected}, without a path`);
  }
  return url.origin;
}

function parseTokenHost(text: string): string {
  const host = findUpstreamName(text);
  if (host === undefined) {
    throw new InvalidValueError(`expected hosts such as auth.example.com, got ${quote(text)}`);
  }
  return host;
}

function wellKnown(): UpstreamName[] {
  return WELL_KNOWN_UPSTREAMS.map(findUpstreamName).filter((name) => name !== undefined);
}
