import { describe, expect, test } from 'vitest';
import { rewriteLink } from '../src/link-header.ts';
import { parseRequestTarget } from '../src/request-target.ts';
import { routeTarget, type UpstreamRoute } from '../src/url-shape.ts';
import { upstream } from './support/proxy.ts';

const NEXT = '</v2/library/alpine/tags/list?n=2&last=b>; rel="next"';

describe('the next page is named in the shape of the request', () => {
  test.each([
    ['/v2/docker.io/alpine/tags/list?n=2', '</v2/docker.io/alpine/tags/list?n=2&last=b>; rel="next"'],
    [
      '/docker.io/v2/library/alpine/tags/list',
      '</docker.io/v2/library/alpine/tags/list?n=2&last=b>; rel="next"',
    ],
    ['/v2/alpine/tags/list?ns=docker.io', '</v2/alpine/tags/list?n=2&last=b&ns=docker.io>; rel="next"'],
    ['/v2/alpine/tags/list', '</v2/alpine/tags/list?n=2&last=b>; rel="next"'],
  ])('%s', (target, expected) => {
    expect(rewriteLink(NEXT, routeOf(target))).toBe(expected);
  });
});

test('a link without a query is rewritten too', () => {
  expect(rewriteLink('</v2/library/alpine/tags/list>; rel="first"', routeOf('/v2/alpine/tags/list'))).toBe(
    '</v2/alpine/tags/list>; rel="first"',
  );
});

test('a link to anything else is left out', () => {
  const route = routeOf('/v2/alpine/tags/list');
  expect(rewriteLink('<https://registry-1.docker.io/v2/library/alpine/tags/list>; rel="next"', route)).toBe(
    undefined,
  );
  expect(rewriteLink(`<https://x/>; rel="other", ${NEXT}`, route)).toBe(
    '</v2/alpine/tags/list?n=2&last=b>; rel="next"',
  );
});

function routeOf(target: string): UpstreamRoute {
  const docker = { ...upstream('docker.io', '/docker'), default: true };
  const route = routeTarget(parseRequestTarget(target), [docker]);
  if (route.kind === 'base') throw new Error('expected a route to an upstream');
  return route;
}
