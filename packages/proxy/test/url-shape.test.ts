import { RegistryError } from '@registry-cache/oci';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRequestTarget } from '../src/request-target.ts';
import { routeTarget, type Route } from '../src/url-shape.ts';
import { upstream } from './support/proxy.ts';

const QUAY = upstream('quay.io', '/quay');
const DOCKER = { ...upstream('docker.io', '/docker'), default: true };
const PORT = upstream('registry.example.com:5000', '/port');

describe('every shape reaches the same repository', () => {
  test.each([
    ['/v2/quay.io/org/image/manifests/v1'],
    ['/v2/QUAY.io/org/image/manifests/v1'],
    ['/quay.io/v2/org/image/manifests/v1'],
    ['/v2/org/image/manifests/v1?ns=quay.io'],
    ['/v2/quay.io/org/image/manifests/v1?ns=quay.io'],
    ['/v2/quay.io/org/image/manifests/v1?ns=docker.io'],
    ['/quay.io/v2/org/image/manifests/v1?ns=docker.io'],
  ])('%s', (target) => {
    expect(reach(target)).toBe('quay.io /v2/org/image/manifests/v1');
  });
});

describe('names that look like something else', () => {
  test.each([
    ['/v2/quay.io/v2/v2/manifests/v2', 'quay.io /v2/v2/v2/manifests/v2'],
    ['/quay.io/v2/v2/image/manifests/v2', 'quay.io /v2/v2/image/manifests/v2'],
    ['/v2/quay.io/manifests/blobs/manifests/tags', 'quay.io /v2/manifests/blobs/manifests/tags'],
    ['/v2/registry.example.com:5000/a/tags/list', 'registry.example.com:5000 /v2/a/tags/list'],
    ['/v2/a/tags/list?ns=registry.example.com%3A5000', 'registry.example.com:5000 /v2/a/tags/list'],
    ['/registry.example.com:5000/v2/a/tags/list', 'registry.example.com:5000 /v2/a/tags/list'],
    ['/v2/org/image/manifests/v1', 'docker.io /v2/org/image/manifests/v1'],
    ['/v2/alpine/manifests/v1', 'docker.io /v2/library/alpine/manifests/v1'],
    ['/v2/docker.io/alpine/manifests/v1', 'docker.io /v2/library/alpine/manifests/v1'],
    ['/docker.io/v2/alpine/manifests/v1', 'docker.io /v2/library/alpine/manifests/v1'],
    ['/v2/alpine/manifests/v1?ns=docker.io', 'docker.io /v2/library/alpine/manifests/v1'],
    ['/v2/library/alpine/manifests/v1', 'docker.io /v2/library/alpine/manifests/v1'],
    ['/v2/v2/manifests/v1', 'docker.io /v2/library/v2/manifests/v1'],
    ['/v2/alpine/manifests/v1?ns=quay.io', 'quay.io /v2/alpine/manifests/v1'],
  ])('%s is %s', (target, expected) => {
    expect(reach(target)).toBe(expected);
  });
});

test.each([['/v2/'], ['/v2'], ['/quay.io/v2/'], ['/quay.io/v2'], ['/v2/?ns=quay.io']])(
  '%s is the base of the API',
  (target) => {
    expect(routeOf(target).kind).toBe('base');
  },
);

describe('a token’s scope names a repository as the client does', () => {
  test.each([
    ['/v2/quay.io/org/image/manifests/v1', 'quay.io/org/image'],
    ['/v2/QUAY.io/org/image/manifests/v1', 'QUAY.io/org/image'],
    ['/quay.io/v2/org/image/manifests/v1', 'org/image'],
    ['/v2/org/image/tags/list?ns=quay.io', 'org/image'],
    ['/v2/quay.io/org/image/tags/list?ns=quay.io', 'quay.io/org/image'],
    ['/v2/alpine/manifests/v1', 'alpine'],
    ['/v2/docker.io/alpine/manifests/v1', 'docker.io/alpine'],
  ])('%s', (target, repository) => {
    expect(routeOf(target)).toMatchObject({ client: { repository } });
  });
});

test('the query goes on without ns', () => {
  const route = routeOf('/v2/org/image/tags/list?n=5&ns=quay.io&last=a%2Fb');
  expect(route).toMatchObject({ query: 'n=5&last=a%2Fb', namespace: 'quay.io', client: { ns: 'quay.io' } });
});

test('the namespace is named only to a client that asked for it by ns', () => {
  expect(routeOf('/v2/quay.io/org/image/tags/list').namespace).toBeUndefined();
  expect(routeOf('/v2/quay.io/org/image/tags/list?ns=docker.io').namespace).toBeUndefined();
});

describe('an unknown upstream is answered with those that there are', () => {
  test.each([
    ['/v2/ghcr.io/org/image/manifests/v1'],
    ['/ghcr.io/v2/org/image/manifests/v1'],
    ['/v2/org/image/manifests/v1?ns=ghcr.io'],
    ['/v2/quay.io.evil/org/image/manifests/v1'],
    ['/v2/quayXio/org/image/manifests/v1?ns=quayXio'],
    ['/v2/host:5000/org/image/manifests/v1'],
  ])('%s', (target) => {
    expect(() => routeOf(target)).toThrow(
      expect.objectContaining({
        code: 'NAME_UNKNOWN',
        detail: { upstreams: ['quay.io', 'docker.io', 'registry.example.com:5000'] },
      }),
    );
  });

  test('and without a default upstream any name is unknown', () => {
    expect(() => routeTarget(parseRequestTarget('/v2/org/image/manifests/v1'), [QUAY])).toThrow(
      'unknown upstream "org": this cache has quay.io',
    );
  });
});

test.each([
  ['/'],
  ['/v3/x'],
  ['/v2/_catalog'],
  ['/v2/quay.io/org/image'],
  ['/v2/quay.io/org/image/uploads/'],
])('%s is no endpoint', (target) => {
  expect(() => routeOf(target)).toThrow(expect.objectContaining({ code: 'NAME_UNKNOWN' }));
});

describe('of any path', () => {
  const hosts = ['quay.io', 'docker.io', 'registry.example.com:5000', 'ghcr.io', 'quay.io.evil', 'quayXio'];
  const segments = fc.constantFrom(
    ...hosts,
    'v2',
    'org',
    'image',
    'manifests',
    'blobs',
    'tags',
    'list',
    'v1',
    'library',
  );
  const targets = fc
    .tuple(fc.array(segments, { maxLength: 8 }), fc.constantFrom('', ...hosts.map((host) => `?ns=${host}`)))
    .map(([parts, query]) => `/${parts.join('/')}${query}`);

  test('the route is an endpoint of an upstream that there is, or an error of the specification', () => {
    fc.assert(
      fc.property(targets, (target) => {
        let route: Route;
        try {
          route = routeOf(target);
        } catch (err) {
          expect(err).toBeInstanceOf(RegistryError);
          expect(err).toMatchObject({
            status: expect.toSatisfy((status) => status === 400 || status === 404),
          });
          return;
        }
        if (route.kind === 'base') return;
        expect([QUAY, DOCKER, PORT]).toContain(route.upstream);
        expect(route.path).toMatch(/^\/v2\/.+\/(manifests|blobs|referrers|tags)\/[^/]+$/);
      }),
    );
  });

  test('three shapes name the same resource', () => {
    const names = fc.constantFrom('org/image', 'image', 'v2', 'manifests/manifests', 'a/b/c', 'tags/list');
    const endpoints = fc.constantFrom('manifests/v1', 'tags/list', `blobs/sha256:${'0'.repeat(64)}`);
    const upstreams = fc.constantFrom('quay.io', 'registry.example.com:5000', 'docker.io');
    fc.assert(
      fc.property(upstreams, names, endpoints, (host, name, endpoint) => {
        const expected = reach(`/v2/${host}/${name}/${endpoint}`);
        expect(reach(`/${host}/v2/${name}/${endpoint}`)).toBe(expected);
        expect(reach(`/v2/${name}/${endpoint}?ns=${host}`)).toBe(expected);
      }),
    );
  });
});

function routeOf(target: string): Route {
  return routeTarget(parseRequestTarget(target), [QUAY, DOCKER, PORT]);
}

function reach(target: string): string {
  const route = routeOf(target);
  return route.kind === 'base' ? 'base' : `${route.upstream.name} ${route.path}`;
}
