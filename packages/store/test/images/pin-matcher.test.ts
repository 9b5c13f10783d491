import {
  findUpstreamName,
  parseDigest,
  parseRepositoryName,
  parseTag,
  type UpstreamName,
} from '@registry-cache/oci';
import { describe, expect, test } from 'vitest';
import { createPinMatcher, type PinnableImage } from '../../src/images/pin-matcher.ts';
import { checkPinPattern } from '../../src/images/pin-pattern.ts';

const DIGEST = parseDigest(`sha256:${'ab'.repeat(32)}`);

function image(name: string, tag: string | undefined = 'latest'): PinnableImage {
  const slash = name.indexOf('/');
  return {
    upstream: findUpstreamName(name.slice(0, slash)) ?? ('' as UpstreamName),
    repository: parseRepositoryName(name.slice(slash + 1)),
    tag: tag === '' ? undefined : parseTag(tag),
    digest: DIGEST,
  };
}

describe('a pattern matches', () => {
  test.each([
    ['quay.io/org/app', image('quay.io/org/app', '1.0')],
    ['quay.io/org/app', image('quay.io/org/app', '')],
    ['quay.io/org/*', image('quay.io/org/app')],
    ['quay.io/org/**', image('quay.io/org/a/b/c')],
    ['quay.io/**', image('quay.io/app')],
    ['**', image('quay.io/org/app', '')],
    ['**/app', image('quay.io/org/app')],
    ['*/org/app', image('quay.io/org/app')],
    ['quay.io/org/app:1.*', image('quay.io/org/app', '1.2.3')],
    ['quay.io/org/app:{1,2}.*', image('quay.io/org/app', '2.3')],
    ['quay.io/{org,team}/app:@(1|2).*', image('quay.io/team/app', '2.1')],
    ['quay.io/@(org|team)/app', image('quay.io/team/app')],
    ['quay.io/!(org)/app', image('quay.io/team/app')],
    ['quay.io/org/app:!(*-rc*)', image('quay.io/org/app', '1.0')],
    ['quay.io/org/{app,base}', image('quay.io/org/base')],
    ['quay.io/org/app:v?', image('quay.io/org/app', 'v1')],
    ['quay.io/org/app:[0-9]*', image('quay.io/org/app', '9.1')],
    ['quay.io/org/*:latest', image('quay.io/org/app')],
    ['quay.io/org/app:_x', image('quay.io/org/app', '_x')],
    [`quay.io/org/app@${DIGEST}`, image('quay.io/org/app', '')],
    [`quay.io/**@${DIGEST}`, image('quay.io/org/app')],
    ['localhost:5000/app:1.*', image('localhost:5000/app', '1.0')],
    ['docker.io/alpine:3.*', image('docker.io/library/alpine', '3.20')],
    ['docker.io/*', image('docker.io/library/alpine')],
    ['docker.io/**', image('docker.io/org/app')],
  ])('%s', (pattern, matching) => {
    expect(checkPinPattern(pattern)).toBeUndefined();
    expect(createPinMatcher([pattern]).matches(matching)).toBe(true);
  });
});

describe('a pattern does not match', () => {
  test.each([
    ['quay.io/org/app', image('quay.io/org/app/debug')],
    ['quay.io/org/app', image('docker.io/org/app')],
    ['quay.io/org/*', image('quay.io/org/app/debug')],
    ['quay.io/org/**', image('quay.io/organisation/app')],
    ['quay.io/org/app:1.*', image('quay.io/org/app', '12')],
    ['quay.io/org/app:1.*', image('quay.io/org/app', '')],
    [`quay.io/org/app@sha256:${'cd'.repeat(32)}`, image('quay.io/org/app')],
    ['docker.io/*', image('docker.io/org/app')],
    ['quay.io/!(org)/app', image('quay.io/org/app')],
    ['quay.io/org/app:!(*-rc*)', image('quay.io/org/app', '1.0-rc1')],
    ['quay.io/org/app:@(1|2).*', image('quay.io/org/app', '3.1')],
    ['quay.io/org.app', image('quay.io/org-app')],
  ])('%s', (pattern, other) => {
    expect(checkPinPattern(pattern)).toBeUndefined();
    expect(createPinMatcher([pattern]).matches(other)).toBe(false);
  });
});

test('the patterns that match are told as they were written', () => {
  const matcher = createPinMatcher(['docker.io/alpine', 'quay.io/**', 'docker.io/library/*:3.*']);
  expect(matcher.matchingPatterns(image('docker.io/library/alpine', '3.20'))).toEqual([
    'docker.io/alpine',
    'docker.io/library/*:3.*',
  ]);
});

test('a pattern with a fault matches nothing, and the others still do', () => {
  const matcher = createPinMatcher(['', 'quay.io/org/app:', 'quay.io/org/app']);
  expect(matcher.matchingPatterns(image('quay.io/org/app'))).toEqual(['quay.io/org/app']);
});

test.each([
  ['', 'is no glob of repositories'],
  ['alpine', 'it names no upstream'],
  ['alpine:3.*', 'it names no upstream'],
  ['quay.io', 'write quay.io/**'],
  ['localhost:5000', 'write localhost:5000/**'],
  ['quay.io/Org/app', 'is no glob of repositories'],
  ['!quay.io/org/app', 'is no glob of repositories'],
  ['quay.io/org/app:!1.*', 'is no glob of tags'],
  ['quay.io/$(a)', 'is no glob of repositories'],
  ['quay.io/a\\b', 'is no glob of repositories'],
  ['quay.io//app', 'is empty'],
  ['quay.io/app/', 'is empty'],
  ['/quay.io/app', 'is empty'],
  ['quay.io/org/app:', 'is no glob of tags'],
  ['quay.io/org/app:a b', 'is no glob of tags'],
  ['quay.io/org/app[', 'has a bracket without its other half'],
  ['quay.io/{org,team/app', 'has a bracket without its other half'],
  ['quay.io/org/app:@(1|2', 'has a bracket without its other half'],
  ['quay.io/org/app@sha256:12', 'is no digest'],
  ['quay.io/org/app@', 'is no digest'],
  [`quay.io/${'a'.repeat(600)}`, 'longer than 512'],
  ['quay.io/*a*a*a*a*b', 'more than 4 of * and groups'],
  ['quay.io/app:{1,2}{1,2}{1,2}{1,2}{1,2}', 'more than 4 of * and groups'],
  ['quay.io/*(*a)b', 'groups that repeat'],
  ['quay.io/@(a|aa)+', 'is no glob of repositories'],
  ['quay.io/app:+(1|2)', 'is no glob of tags'],
])('%j is refused, and why', (pattern, problem) => {
  expect(checkPinPattern(pattern)).toContain(problem);
});

test.each([
  ['quay.io/org/app', 'quay.io/org/app'],
  ['quay.io/org/app:1.*', 'quay.io/org/app'],
  ['quay.io/org/**', 'quay.io/org'],
  ['quay.io/or*/app', 'quay.io'],
  ['quay.io/{org,team}/app', 'quay.io'],
  ['quay.io/@(org|team)/app', 'quay.io'],
  ['quay.io/org?(x)/app', 'quay.io'],
  ['quay.io/org/a[bc]', 'quay.io/org'],
  ['docker.io/*', 'docker.io/library'],
  ['*/org/app', ''],
  ['quay.*/app', ''],
  ['{quay,ghcr}.io/app', ''],
  ['**', ''],
  ['localhost:5000/**', 'localhost:5000'],
])('all that %s can match is below %j', (pattern, base) => {
  expect(createPinMatcher([pattern]).rules.map((rule) => rule.base)).toEqual([base]);
});
