import { expect, test } from 'vitest';
import { digestNamed, listedImage, NO_TRAFFIC, NOW_MS, statusWith } from './support/content.ts';
import { startDashboard, type TestDashboard } from './support/start-dashboard.ts';

const IMAGE = 'quay.io/org/app:1.0';
const PAGES = ['', 'images', `image?name=${IMAGE}`, 'pins', `remove?name=${IMAGE}`];
const ONLY_LOOKS = { user: 'bob', onlyLooks: 'only admins may change something' };

async function startWithContent(...visitor: Parameters<typeof startDashboard>): Promise<TestDashboard> {
  const dashboard = await startDashboard(...visitor);
  dashboard.cache.listed.push(listedImage(IMAGE), listedImage('docker.io/library/alpine:3.20'));
  dashboard.cache.kept.push({ pattern: 'quay.io/release/**', from: 'configuration' });
  return dashboard;
}

test.each(PAGES)(
  '/dashboard/%s has neither scripts nor styles in it, and needs nothing from elsewhere',
  async (path) => {
    const { get } = await startWithContent();
    const { status, headers, text } = await get(`/dashboard/${path}`);
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'self';/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|data:|\*/);
    expect(text).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:/);
    for (const [, script] of text.matchAll(/<script([^>]*)>/g))
      expect(script).toContain('src="/dashboard/assets/');
    for (const [, address = ''] of text.matchAll(/\s(?:src|href|action|hx-get)="([^"]*)"/g)) {
      expect(address).toMatch(/^(?:\/dashboard\/|#content$)/);
    }
  },
);

test.each(PAGES)('everything that /dashboard/%s refers to is there', async (path) => {
  const { get } = await startWithContent();
  const { text } = await get(`/dashboard/${path}`);
  const addresses = [...text.matchAll(/\s(?:src|href|hx-get)="(\/[^"]*)"/g)].map(([, address = '']) =>
    address.replaceAll('&amp;', '&'),
  );
  for (const address of new Set(addresses)) {
    expect([200, 204, 303], address).toContain((await get(address)).status);
  }
});

test('files are kept by browsers for as long as their address is the same', async () => {
  const { get } = await startDashboard();
  const { text } = await get('/dashboard/');
  const [, address = ''] = /href="([^"]*dashboard\.css[^"]*)"/.exec(text) ?? [];
  expect((await get(address)).headers.get('cache-control')).toContain('immutable');
  expect((await get('/dashboard/assets/dashboard.css')).headers.get('cache-control')).toBe('no-cache');
});

test('htmx is told to run nothing and to write no styles', async () => {
  const { get } = await startDashboard();
  const { text } = await get('/dashboard/');
  const [, config = ''] = /name="htmx-config" content="([^"]*)"/.exec(text) ?? [];
  expect(JSON.parse(config.replaceAll('&quot;', '"'))).toMatchObject({
    allowEval: false,
    allowScriptTags: false,
    includeIndicatorStyles: false,
    selfRequestsOnly: true,
  });
});

test.each(PAGES)(
  'who may only look sees why, and no form that changes anything on /dashboard/%s',
  async (path) => {
    const { get } = await startWithContent(ONLY_LOOKS);
    const { text } = await get(`/dashboard/${path}`);
    expect(text).toContain(ONLY_LOOKS.onlyLooks);
    expect(text).not.toContain('method="post"');
    expect(text).not.toContain('/dashboard/remove');
  },
);

test('who may act finds a form for each action', async () => {
  const { get } = await startWithContent();
  const { text } = await get('/dashboard/images');
  for (const action of ['Pin', 'Warm', 'Remove']) expect(text).toContain(`aria-label="${action} ${IMAGE}"`);
});

test('an image that a pattern for many pins has no button for that', async () => {
  const { cache, get } = await startDashboard();
  cache.listed.push(listedImage('quay.io/release/base:1', { isPinned: true }));
  cache.kept.push({ pattern: 'quay.io/release/**', from: 'configuration' });
  const { text } = await get('/dashboard/images');
  expect(text).toContain('>pinned<');
  expect(text).not.toMatch(/aria-label="(?:Pin|Unpin) /);
});

test('a part of the page is sent when it has changed, and not otherwise', async () => {
  const { cache, get } = await startDashboard();
  const { text } = await get('/dashboard/');
  const [, address = ''] = /hx-get="(\/dashboard\/parts\/fills[^"]*)"/.exec(text) ?? [];
  expect(await get(address)).toMatchObject({ status: 204, text: '' });
  cache.status_ = statusWith({
    fills: [
      {
        upstream: 'quay.io',
        repository: 'org/app',
        digest: digestNamed('layer'),
        receivedBytes: 30 * 1024 ** 2,
        sizeBytes: 90 * 1024 ** 2,
        startedAtMs: NOW_MS - 10_000,
        readers: 2,
      },
    ],
  });
  const changed = await get(address);
  expect(changed.status).toBe(200);
  expect(changed.text).toContain('30 MiB of 90 MiB · 3.0 MiB/s · 20 s left · 2 clients read');
  expect(changed.text).not.toContain('<html');
});

test('an upstream that is down is first, with the reason and when it is asked again', async () => {
  const { cache, get } = await startDashboard();
  cache.status_ = statusWith({
    upstreams: [
      { name: 'quay.io', url: '', state: 'up', traffic: { ...NO_TRAFFIC, hitRatio: 0.5, clientBytes: 9 } },
      {
        name: 'docker.io',
        url: '',
        state: 'down',
        problem: 'connection refused',
        askedAgainAtMs: NOW_MS + 30_000,
        rateLimit: { remaining: 87, windowSeconds: 21_600, saidAtMs: NOW_MS },
        traffic: NO_TRAFFIC,
      },
    ],
  });
  const { text } = await get('/dashboard/parts/upstreams');
  expect(text.indexOf('docker.io')).toBeLessThan(text.indexOf('quay.io'));
  expect(text).toContain('connection refused, asked again in 30 s');
  expect(text).toContain('87 left in 6 h');
});

test('what was not pulled for longest goes next, unless it is pinned', async () => {
  const { cache, get } = await startDashboard();
  const at = (hours: number): number => NOW_MS - hours * 3_600_000;
  cache.listed.push(
    listedImage('quay.io/a/new:1', { pulledAtMs: at(1) }),
    listedImage('quay.io/a/old:1', { pulledAtMs: at(100) }),
    listedImage('quay.io/a/pinned:1', { pulledAtMs: at(500), isPinned: true }),
  );
  const { text } = await get('/dashboard/');
  const [, list = ''] = /What goes next(.*?)<\/ol>/s.exec(text) ?? [];
  expect([...list.matchAll(/quay\.io\/a\/\w+:1(?=<)/g)].map(([name]) => name)).toEqual([
    'quay.io/a/old:1',
    'quay.io/a/new:1',
  ]);
});

test('a list of many thousands comes in pages', async () => {
  const { cache, get } = await startDashboard();
  for (let n = 0; n < 20_000; n += 1) cache.listed.push(listedImage(`quay.io/org/app-${n}:1`));
  const { text } = await get('/dashboard/images?page=3');
  expect(text).toContain('20,000 images');
  expect(text).toContain('Page 3 of 400');
  expect([...text.matchAll(/class="image-name"/g)]).toHaveLength(50);
  expect((await get('/dashboard/images?page=999999')).text).toContain('Page 400 of 400');
});

test('one who writes into the search box gets the list alone', async () => {
  const { get } = await startWithContent();
  const { text } = await get('/dashboard/images?q=alpine', { 'hx-request': 'true', 'hx-target': 'results' });
  expect(text).toMatch(/^<section class="card" id="results">/);
  expect(text).toContain('alpine');
  expect(text).not.toContain('org/app');
});

test('a name that is none is answered by a page that says so', async () => {
  const { get } = await startWithContent();
  const { status, headers, text } = await get('/dashboard/image?name=nonsense');
  expect(status).toBe(400);
  expect(headers.get('content-type')).toContain('text/html');
  expect(text).toContain('nonsense is no image name');
});

test('an address without a page is answered by one that leads back', async () => {
  const { get } = await startDashboard();
  const { status, text } = await get('/dashboard/nothing/here');
  expect(status).toBe(404);
  expect(text).toContain('there is no such page');
});

test('a range of the charts leads to their values, in columns of one length', async () => {
  const { get } = await startDashboard();
  const { text } = await get('/dashboard/history?range=day');
  const columns: Record<string, unknown[]> = JSON.parse(text);
  expect(new Set(Object.values(columns).map((column) => column.length)).size).toBe(1);
  expect(columns['hitRatio']?.at(5)).toBe(0.75);
});

test('colours are chosen by a cookie, and the choice leads back to the page', async () => {
  const { get } = await startDashboard();
  const chosen = await get('/dashboard/theme?theme=dark&back=%2Fdashboard%2Fpins');
  expect(chosen.status).toBe(303);
  expect(chosen.headers.get('location')).toBe('/dashboard/pins');
  const [cookie = ''] = (chosen.headers.get('set-cookie') ?? '').split(';');
  expect((await get('/dashboard/pins', { cookie: `other=1; ${cookie}` })).text).toContain(
    'data-theme="dark"',
  );
  expect((await get('/dashboard/pins', { cookie: 'registry-cache-theme="><script>' })).text).not.toContain(
    'data-theme',
  );
});
