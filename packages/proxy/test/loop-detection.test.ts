import { expect, test } from 'vitest';
import { refuseLoop } from '../src/loop-detection.ts';
import { ALICE, fetchAs, startOriginProxy } from './support/origin.ts';

const OWN = 'registry-cache-1';

test.each([
  [undefined],
  [''],
  ['1.1 proxy.example.com'],
  ['1.1 registry-cache-10, 1.0 registry-cache-2 (registry-cache-1)'],
  [caches(8)],
  [`${caches(8)}, 1.1 proxy, 1.1 gateway`],
])('%j is on its way', (via) => {
  expect(() => refuseLoop(via, OWN)).not.toThrow();
});

test.each([
  ['1.1 registry-cache-1'],
  ['1.1 proxy, HTTP/1.1 registry-cache-1 (comment), 1.1 registry-cache-2'],
  [',,1.1   registry-cache-1'],
  [caches(9)],
])('%j goes round', (via) => {
  expect(() => refuseLoop(via, OWN)).toThrow(expect.objectContaining({ code: 'LOOP_DETECTED' }));
});

test.each([
  ['/v2/quay.io/org/image/manifests/v1'],
  ['/v2/alpine/manifests/v1'],
  ['/v2/'],
  ['/token?scope=repository:quay.io/org/image:pull'],
])('%s is answered with 508, which says where to look, and no worker is asked', async (path) => {
  const proxy = await startOriginProxy();
  const answer = await fetchAs(proxy, path, ALICE, { headers: { via: '1.1 a, 1.1 registry-cache-1' } });
  expect(answer.status).toBe(508);
  expect(JSON.parse(answer.body.toString())).toMatchObject({
    errors: [{ code: 'LOOP_DETECTED', message: expect.stringContaining('leads back here') }],
  });
  expect([...proxy.quay.requests, ...proxy.docker.requests]).toEqual([]);
  expect(proxy.logLines.filter(({ code }) => code === 'LOOP_DETECTED')).toMatchObject([{ level: 'warn' }]);
});

function caches(count: number): string {
  return Array.from({ length: count }, (_, index) => `1.1 registry-cache-x${index}`).join(', ');
}
