import { findUpstreamName, parseRepositoryName, RegistryError, type UpstreamName } from '@registry-cache/oci';
import { InvalidValueError, quote } from './config-error.ts';

/** What a credential of the pull secret is for. */
export interface PullSecretKey {
  /** The key as this cache writes it: host, port and repository prefix. */
  readonly name: string;
  readonly registry: RegistryPattern;
  /** A whole-component prefix of repository names; empty for all. */
  readonly repositoryPrefix: string;
}

export type RegistryPattern =
  | { readonly kind: 'upstream'; readonly upstream: UpstreamName }
  /** Each `*` stands for characters of one label, as in Kubernetes. It matches upstreams, and cannot name one. */
  | { readonly kind: 'wildcard'; readonly pattern: string };

// Hosts under which docker has written the credential of docker.io over the years.
const DOCKER_IO_HOSTS: ReadonlySet<string> = new Set([
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
]);

/**
 * `quay.io`, `registry.example.com:5000`, `quay.io/org`, `*.example.com`, `https://index.docker.io/v1/`.
 *
 * @throws {InvalidValueError}
 */
export function parsePullSecretKey(key: string): PullSecretKey {
  const [host = '', ...rest] = key
    .trim()
    .replace(/^https?:\/\//i, '')
    .split('/');
  const path = rest.join('/').replace(/\/+$/, '');
  // docker's legacy keys end in the version of the API.
  const repositoryPrefix = /^v[12]$/.test(path) ? '' : parsePrefix(path, key);
  const registry = parseRegistry(host.toLowerCase(), key);
  const name = registry.kind === 'wildcard' ? registry.pattern : registry.upstream;
  return { name: repositoryPrefix === '' ? name : `${name}/${repositoryPrefix}`, registry, repositoryPrefix };
}

export function matchesRegistry(registry: RegistryPattern, upstream: UpstreamName): boolean {
  if (registry.kind === 'upstream') return registry.upstream === upstream;
  const labels = registry.pattern.split('*').map((part) => part.replaceAll('.', '\\.'));
  return new RegExp(`^${labels.join('[a-z0-9-]+')}$`).test(upstream);
}

function parseRegistry(host: string, key: string): RegistryPattern {
  if (DOCKER_IO_HOSTS.has(host)) host = 'docker.io';
  // A pattern is right when it would be a name with a letter for each star.
  const upstream = findUpstreamName(host.replaceAll('*', 'a'));
  if (upstream === undefined || host === '*') throw invalidKey(key);
  return host.includes('*') ? { kind: 'wildcard', pattern: host } : { kind: 'upstream', upstream };
}

function parsePrefix(path: string, key: string): string {
  if (path === '') return '';
  try {
    return parseRepositoryName(path);
  } catch (err) {
    if (err instanceof RegistryError) throw invalidKey(key);
    throw err;
  }
}

function invalidKey(key: string): InvalidValueError {
  return new InvalidValueError(
    `expected a registry such as quay.io, registry.example.com:5000, quay.io/org or *.example.com, got ${quote(key)}`,
  );
}
