import { describe, expect, test } from 'vitest';
import { findTokenScope } from '../../src/origin-auth/token-scope.ts';
import { originUpstream } from '../support/origin.ts';
import { upstream } from '../support/proxy.ts';

const QUAY = originUpstream('quay.io', '/quay');
const PORT = originUpstream('registry.example.com:5000', '/port');
const DOCKER = { ...upstream('docker.io', '/docker'), default: true };
const UPSTREAMS = [QUAY, PORT, DOCKER];

describe('a scope names a repository as the client’s URLs do', () => {
  test.each([
    ['repository:quay.io/org/image:pull', undefined, 'quay.io org/image'],
    ['repository:quay.io/org/image:push,pull', undefined, 'quay.io org/image'],
    ['repository(plugin):quay.io/org/image:pull', undefined, 'quay.io org/image'],
    ['repository:org/image:pull', QUAY, 'quay.io org/image'],
    ['repository:quay.io/org/image:pull', QUAY, 'quay.io org/image'],
    ['repository:quay.io/org/image:pull', DOCKER, 'quay.io org/image'],
    ['repository:registry.example.com:5000/image:pull', undefined, 'registry.example.com:5000 image'],
    ['repository:image:pull', PORT, 'registry.example.com:5000 image'],
    ['repository:alpine:pull', undefined, 'docker.io library/alpine'],
    ['repository:library/alpine:pull', DOCKER, 'docker.io library/alpine'],
    ['repository:docker.io/alpine:pull', undefined, 'docker.io library/alpine'],
  ])('%s', (scope, realm, expected) => {
    expect(find([scope], realm)).toBe(expected);
  });
});

describe('what cannot be pulled is left out', () => {
  test.each([
    ['repository:quay.io/org/image:push'],
    ['repository:quay.io/org/image:'],
    ['repository:quay.io/org/image'],
    ['registry:catalog:*'],
    ['repository:ghcr.io/org/image:pull'],
    ['repository:quay.io/Org/image:pull'],
    ['repository:quay.io/../image:pull'],
    ['repository:quay.io/org/image?x:pull'],
    ['repository:quay.io:pull'],
    ['repository:"quay.io/x":pull'],
    [''],
  ])('%j', (scope) => {
    expect(find([scope])).toBeUndefined();
    expect(find([scope, 'repository:quay.io/a:pull'])).toBe('quay.io a');
  });
});

test('a token is for the repositories of one upstream, the one that is named first', () => {
  const scopes = ['quay.io/a', 'docker.io/b', 'quay.io/c', 'quay.io/a'].map(
    (name) => `repository:${name}:pull`,
  );
  expect(find(scopes)).toBe('quay.io a c');
});

test('no list of scopes makes a token that no header can hold', () => {
  const scopes = Array.from({ length: 1000 }, (_, index) => `repository:quay.io/a${index}:pull`);
  expect(find(scopes)?.split(' ')).toHaveLength(17);
});

test('names without an upstream mean nothing where there is no default', () => {
  expect(findTokenScope(['repository:org/image:pull'], { upstreams: [QUAY] })).toBeUndefined();
});

function find(scopes: string[], realm?: typeof QUAY): string | undefined {
  const found = findTokenScope(scopes, { upstreams: UPSTREAMS, ...(realm === undefined ? {} : { realm }) });
  return found === undefined ? undefined : [found.upstream.name, ...found.repositories].join(' ');
}
