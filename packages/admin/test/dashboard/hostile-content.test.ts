import { expect, test } from 'vitest';
import { inspectionOf, listedImage, NO_TRAFFIC, NOW_MS, statusWith } from './support/content.ts';
import { startDashboard } from './support/start-dashboard.ts';

// Upstreams, their manifests, clients and operators write texts that end up in a page.

const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&`;

function expectHarmless(text: string): void {
  expect(text).toContain('&lt;script');
  expect(text).not.toContain('<script>');
  expect(text).not.toMatch(/<img [^>]*onerror/);
}

test('what upstreams and the log say is shown as text', async () => {
  const { cache, get } = await startDashboard();
  cache.status_ = statusWith({
    address: HOSTILE,
    upstreams: [{ name: HOSTILE, url: HOSTILE, state: 'down', problem: HOSTILE, traffic: NO_TRAFFIC }],
    fills: [
      {
        upstream: HOSTILE,
        repository: HOSTILE,
        digest: HOSTILE,
        receivedBytes: 1,
        sizeBytes: 2,
        startedAtMs: NOW_MS,
        readers: 1,
      },
    ],
    warming: [{ image: HOSTILE, state: 'failed', bytesDone: 0, bytesTotal: 0, problem: HOSTILE }],
    errors: [{ atMs: NOW_MS, level: 'error', process: HOSTILE, message: HOSTILE, reason: HOSTILE }],
  });
  for (const path of ['', 'parts/fills', 'parts/upstreams', 'parts/errors']) {
    expectHarmless((await get(`/dashboard/${path}`)).text);
  }
});

test('what manifests say is shown as text', async () => {
  const { cache, get } = await startDashboard();
  const image = listedImage('quay.io/org/app:1.0', { platforms: [HOSTILE], mediaType: HOSTILE });
  cache.listed.push(image);
  cache.inspection = inspectionOf(image, { name: HOSTILE, pins: [HOSTILE], reasons: [HOSTILE] });
  for (const path of ['images', 'image?name=quay.io/org/app:1.0', 'remove?name=quay.io/org/app:1.0']) {
    expectHarmless((await get(`/dashboard/${path}`)).text);
  }
});

test('what an address says is shown as text', async () => {
  const { cache, get } = await startDashboard();
  cache.kept.push({ pattern: HOSTILE, from: 'command' });
  const hostile = encodeURIComponent(HOSTILE);
  for (const path of [
    `images?q=${hostile}`,
    `image?name=${hostile}`,
    `pins?done=pinned&what=${hostile}`,
    `pins?x=${hostile}`,
  ]) {
    expectHarmless((await get(`/dashboard/${path}`)).text);
  }
});

test('an address says nothing was done but what can be done', async () => {
  const { get } = await startDashboard();
  expect((await get('/dashboard/pins?done=paid&what=you')).text).not.toContain('class="done"');
});

test.each([
  ['https://evil.example/'],
  ['//evil.example/'],
  ['/dashboard//evil.example'],
  ['/dashboard/\\evil.example'],
  ['/elsewhere'],
  ['javascript:alert(1)'],
  ['/dashboard/x\r\nset-cookie: a=b'],
])('%j is no way back', async (back) => {
  const { get } = await startDashboard();
  const { headers } = await get(`/dashboard/theme?theme=dark&back=${encodeURIComponent(back)}`);
  expect(headers.get('location')).toBe('/dashboard/');
});
