import type { ProxyUpstream } from '@registry-cache/config';
import {
  findUpstreamName,
  parseRegistryPath,
  RegistryError,
  type RegistryRequest,
  type UpstreamName,
} from '@registry-cache/oci';
import type { RequestTarget } from './request-target.ts';

/** Where a request goes, whichever way its client writes the upstream. */
export type Route = BaseRoute | UpstreamRoute;

/** `/v2/`, of the cache or of one upstream. */
export interface BaseRoute {
  readonly kind: 'base';
  /** Where the client names one. */
  readonly upstream?: ProxyUpstream;
  readonly namespace?: UpstreamName;
}

export interface UpstreamRoute {
  readonly kind: 'upstream';
  readonly upstream: ProxyUpstream;
  readonly request: RegistryRequest;
  /** `/v2/<name>/…` as the worker is asked. */
  readonly path: string;
  readonly query: string;
  /** As this client writes it: what `Link` must point at, and what a token's scope must name. */
  readonly client: { readonly path: string; readonly repository: string; readonly ns?: string };
  /** Sent as `OCI-Namespace` to a client that named the upstream by `ns`. */
  readonly namespace?: UpstreamName;
}

/**
 * Finds upstream and repository of a request in any of these shapes, where `U` is an upstream and `N` a repository:
 *
 * - `/v2/U/N/…`
 * - `/U/v2/N/…`
 * - `/v2/N/…?ns=U`
 * - `/v2/N/…`, which means the default upstream
 *
 * An upstream in the path wins over `ns`, since clients that were given a path send `ns` as well.
 *
 * @throws {RegistryError} `NAME_UNKNOWN` for an unknown upstream or no endpoint, and what `parseRegistryPath` throws.
 */
export function routeTarget(target: RequestTarget, upstreams: readonly ProxyUpstream[]): Route {
  const prefixed = /^\/([^/]+)(\/v2(?:\/.*)?)$/.exec(target.path);
  if (prefixed !== null && !target.path.startsWith('/v2/')) {
    const [, name = '', rest = ''] = prefixed;
    return route(target, namedUpstream(name, upstreams), { path: rest });
  }
  if (target.path === '/v2' || target.path === '/v2/') {
    const upstream = target.ns === undefined ? undefined : namedUpstream(target.ns, upstreams);
    return route(target, upstream, { path: '/v2/' });
  }
  if (!target.path.startsWith('/v2/')) {
    throw new RegistryError('NAME_UNKNOWN', 'no such endpoint: the registry API is below /v2/');
  }
  const [, first = '', rest = ''] = /^\/v2\/([^/]*)(.*)$/.exec(target.path) ?? [];
  const inPath = find(first, upstreams);
  if (inPath !== undefined) return route(target, inPath, { path: `/v2${rest}`, prefix: `${first}/` });
  if (target.ns !== undefined) return route(target, namedUpstream(target.ns, upstreams), target);
  return route(target, defaultUpstream(first, upstreams), target);
}

interface WrittenPath {
  /** Below `/v2/`, without an upstream. */
  readonly path: string;
  /** What the client writes in front of a repository's name. */
  readonly prefix?: string;
}

function route(
  target: RequestTarget,
  upstream: ProxyUpstream | undefined,
  { path, prefix = '' }: WrittenPath,
): Route {
  const { ns, query } = target;
  const namespace =
    upstream !== undefined && ns !== undefined && findUpstreamName(ns) === upstream.name
      ? { namespace: upstream.name }
      : {};
  const request = parseRegistryPath(path);
  if (request.kind === 'base') {
    return { kind: 'base', ...(upstream === undefined ? {} : { upstream }), ...namespace };
  }
  if (upstream === undefined) throw new RegistryError('NAME_UNKNOWN', 'no upstream is named');
  const workerPath =
    upstream.name === 'docker.io' && !request.name.includes('/')
      ? path.replace('/v2/', '/v2/library/')
      : path;
  return {
    kind: 'upstream',
    upstream,
    request: parseRegistryPath(workerPath),
    path: workerPath,
    query,
    client: {
      path: target.path,
      repository: `${prefix}${request.name}`,
      ...(ns === undefined ? {} : { ns }),
    },
    ...namespace,
  };
}

function find(name: string, upstreams: readonly ProxyUpstream[]): ProxyUpstream | undefined {
  const upstreamName = findUpstreamName(name);
  return upstreams.find((upstream) => upstream.name === upstreamName);
}

/** @throws {RegistryError} `NAME_UNKNOWN`, which says which upstreams there are */
export function namedUpstream(name: string, upstreams: readonly ProxyUpstream[]): ProxyUpstream {
  const upstream = find(name, upstreams);
  if (upstream === undefined) throw unknownUpstream(name, upstreams);
  return upstream;
}

/** Docker Hub has no names that look like a host, so there such a name is an upstream that nobody has configured. */
function defaultUpstream(firstComponent: string, upstreams: readonly ProxyUpstream[]): ProxyUpstream {
  const upstream = upstreams.find((candidate) => candidate.default);
  if (upstream === undefined) throw unknownUpstream(firstComponent, upstreams);
  if (firstComponent.includes(':') || (upstream.name === 'docker.io' && firstComponent.includes('.'))) {
    throw unknownUpstream(firstComponent, upstreams);
  }
  return upstream;
}

function unknownUpstream(name: string, upstreams: readonly ProxyUpstream[]): RegistryError {
  const names = upstreams.map((upstream) => upstream.name);
  return new RegistryError(
    'NAME_UNKNOWN',
    `unknown upstream ${JSON.stringify(name.slice(0, 253))}: this cache has ${names.join(', ') || 'none'}`,
    { detail: { upstreams: names } },
  );
}
