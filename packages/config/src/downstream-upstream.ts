import { findUpstreamName, type UpstreamName } from '@registry-cache/oci';
import { InvalidValueError } from './config-error.ts';
import type { DownstreamOptions, DownstreamOrigin } from './downstream-options.ts';
import type { Findings } from './findings.ts';
import { parseOrigin } from './origin-url.ts';
import type { PullSecretEntry } from './pull-secret.ts';
import type { UpstreamDraft } from './upstream-draft.ts';

/**
 * Makes the origin of the middleware `downstream` the default upstream, which authorizes clients itself. What `upstreams` says of
 * it refines that, and must not contradict it.
 */
export function addDownstream(
  drafts: Map<UpstreamName, UpstreamDraft>,
  { key, origin, caches, cas }: DownstreamOptions,
  findings: Findings,
): void {
  if (origin === undefined) return;
  const { name, url } = origin;
  const configured = takeConfigured(drafts, origin, findings);
  refuseContradictions(configured, { key, origin }, findings);
  drafts.set(name, {
    ...configured,
    url,
    default: true,
    authorization: 'origin',
    tagttl: configured.tagttl ?? 0,
    cas: [...cas, ...configured.cas],
    caches: [...caches, ...configured.caches],
    downstreamKey: key,
  });
}

/**
 * `dtr.example.com:443` in a pull secret is `https://dtr.example.com` too. As an upstream of its own it would hand everyone what
 * its credentials may pull from the origin.
 */
export function withNameOfOrigin(
  entries: readonly PullSecretEntry[],
  origin: DownstreamOrigin | undefined,
): readonly PullSecretEntry[] {
  if (origin === undefined) return entries;
  const { name } = origin;
  const otherName = nameWithPort(origin);
  return entries.map((entry) =>
    entry.registry.kind === 'upstream' && entry.registry.upstream === otherName
      ? { ...entry, registry: { kind: 'upstream', upstream: name } }
      : entry,
  );
}

function takeConfigured(
  drafts: Map<UpstreamName, UpstreamDraft>,
  origin: DownstreamOrigin,
  findings: Findings,
): UpstreamDraft {
  const names = new Set([origin.name, nameWithPort(origin)]);
  const found: UpstreamDraft[] = [];
  for (const name of names) {
    const draft = name === undefined ? undefined : drafts.get(name);
    if (name === undefined || draft === undefined) continue;
    if (found.length > 0) findings.problem(`upstreams.${name}`, `${origin.name} is there twice`);
    found.push(draft);
    drafts.delete(name);
  }
  return found[0] ?? { cas: [], caches: [] };
}

function refuseContradictions(
  configured: UpstreamDraft,
  { key, origin }: { readonly key: string; readonly origin: DownstreamOrigin },
  findings: Findings,
): void {
  const name = `upstreams.${origin.name}`;
  const { url } = configured;
  findings.parse(`${name}.url`, () => {
    if (url === undefined || parseOrigin(url) === origin.url) return;
    throw new InvalidValueError(`expected ${origin.url} or nothing, as ${key}.upstreams has it`);
  });
  if (configured.default === false) {
    findings.problem(`${name}.default`, `expected true or nothing: it is the origin of ${key}`);
  }
  if (configured.authorization === 'cache') {
    findings.problem(`${name}.authorization`, `expected origin or nothing: it is the origin of ${key}`);
  }
}

/** The origin's name with the port that its URL implies. */
function nameWithPort({ url }: DownstreamOrigin): UpstreamName | undefined {
  const { protocol, hostname, port } = new URL(url);
  return findUpstreamName(`${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`);
}
