import type { Page } from 'playwright-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { blobPath, pullImage } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { createGate } from '../support/gate.ts';
import { buildImage } from '../support/image/build-image.ts';
import { stallAfter } from '../support/upstream/behaviours.ts';
import type { DashboardWindow } from './support/dashboard-browser.ts';
import { PASSWORD, setDashboardScene } from './support/dashboard-scene.ts';

// The dashboard in a real browser, in front of the real processes.

const { upstream, cache, client, debugOrigin, browser } = await setDashboardScene(closeAfterAll());

const windows: DashboardWindow[] = [];
const openWindow = async (options?: Parameters<typeof browser.open>[0]): Promise<Page> => {
  const opened = await browser.open(options);
  windows.push(opened);
  return opened.page;
};

beforeAll(async () => {
  for (const name of ['shop', 'mail', 'search']) {
    upstream.addImage(`team/${name}`, '1.0', buildImage({ seed: name, layers: [40_000, 1000] }));
    await pullImage(client, `quay.io/team/${name}`, '1.0');
  }
});

afterEach(async () => {
  const offences = windows.flatMap((opened) => opened.offences);
  for (const opened of windows.splice(0)) await opened.close();
  expect(offences).toEqual([]);
});

const at = (path: string): string => `${debugOrigin}/dashboard/${path}`;
const rows = (page: Page): Promise<string[]> => page.locator('.images tbody .image-name').allTextContents();
/** The list is seconds old at most. */
const rowsOf = (page: Page, path: string) => async (): Promise<string[]> => {
  await page.goto(at(path));
  return rows(page);
};

test('the debug address leads to the dashboard, which shows what was pulled', async () => {
  const page = await openWindow();
  await page.goto(debugOrigin);
  expect(new URL(page.url()).pathname).toBe('/dashboard/');
  await expect
    .poll(() => page.locator('.figure', { hasText: 'From upstreams' }).innerText())
    .toMatch(/12\d KiB/);
  await page.getByRole('link', { name: 'Images', exact: true }).click();
  expect(await rows(page)).toEqual([
    'quay.io/team/mail:1.0',
    'quay.io/team/search:1.0',
    'quay.io/team/shop:1.0',
  ]);
});

test('the search narrows the list as one writes, and the slash goes to it', async () => {
  const page = await openWindow();
  await page.goto(at('images'));
  await page.keyboard.press('/');
  await page.keyboard.type('team shop');
  await expect.poll(() => rows(page)).toEqual(['quay.io/team/shop:1.0']);
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('team shop');
  await page.reload();
  expect(await rows(page)).toEqual(['quay.io/team/shop:1.0']);
});

test('an image is pinned and unpinned', async () => {
  const page = await openWindow();
  await page.goto(at('images'));
  await page.getByRole('button', { name: 'Pin quay.io/team/mail:1.0' }).click();
  expect(await page.getByRole('status').first().innerText()).toContain('quay.io/team/mail:1.0 is pinned now');
  await expect.poll(rowsOf(page, 'images?show=pinned')).toEqual(['quay.io/team/mail:1.0']);
  await page.goto(at('pins'));
  await page.getByRole('button', { name: 'Unpin quay.io/team/mail:1.0' }).click();
  expect(await page.locator('main').innerText()).toContain('Nothing is pinned');
  await expect.poll(rowsOf(page, 'images?show=pinned')).toEqual([]);
});

test('an image is removed after a question, and then has to be fetched again', async () => {
  const page = await openWindow();
  upstream.addImage('team/old', '1.0', buildImage({ seed: 'old', layers: [5000] }));
  await pullImage(client, 'quay.io/team/old', '1.0');
  await expect.poll(rowsOf(page, 'images')).toContain('quay.io/team/old:1.0');
  await page.getByRole('link', { name: 'Remove quay.io/team/old:1.0' }).click();
  await page.getByRole('link', { name: 'Keep it' }).click();
  expect(await page.locator('h1').innerText()).toBe('quay.io/team/old:1.0');
  await page.getByRole('link', { name: 'Remove quay.io/team/old:1.0' }).click();
  await page.getByRole('button', { name: 'Remove' }).click();
  expect(await page.locator('.done').innerText()).toContain('quay.io/team/old:1.0 is removed');
  await expect.poll(rowsOf(page, 'images')).not.toContain('quay.io/team/old:1.0');
  const again = await pullImage(client, 'quay.io/team/old', '1.0');
  expect(again.root.cacheStatus).toContain('fwd=');
});

test('an image that nobody has asked for is warmed', async () => {
  const page = await openWindow();
  upstream.addImage('team/new', '2.0', buildImage({ seed: 'new', layers: [9000] }));
  await page.goto(at('images'));
  await page.getByLabel('Image to fetch').fill('quay.io/team/new:2.0');
  await page.getByRole('button', { name: 'Warm', exact: true }).click();
  await expect.poll(() => page.locator('#live-fills').innerText()).toContain('warmed');
  const pulled = await pullImage(client, 'quay.io/team/new', '2.0');
  for (const blob of pulled.blobs) expect(blob.cacheStatus).toContain('hit');
});

test('a fill appears while it runs and goes when it is done, without a reload', async () => {
  const image = buildImage({ seed: 'slow', layers: [4_000_000] });
  const layer = image.platforms[0]?.layers[0]?.digest ?? '';
  upstream.addImage('team/slow', '1.0', image);
  const gate = createGate();
  upstream.misbehave({ method: 'GET', path: new RegExp(layer) }, stallAfter(2_500_000, gate.opened));
  const page = await openWindow();
  await page.goto(at(''));
  const pulled = client
    .open('GET', blobPath('quay.io/team/slow', layer))
    .then((answer) => receive('layer', answer));
  const fills = page.locator('#live-fills');
  await expect.poll(() => fills.innerText()).toContain('quay.io/team/slow');
  expect(await fills.locator('progress').getAttribute('max')).toBe('4000000');
  await expect.poll(() => page.locator('#fills-said').textContent()).toContain('1 fill running');
  gate.open();
  expect(await pulled).toMatchObject({ complete: true });
  await expect.poll(() => fills.innerText()).not.toContain('quay.io/team/slow');
});

test('light and dark follow the system until one is chosen, and the choice is kept', async () => {
  const page = await openWindow({ colorScheme: 'dark' });
  await page.goto(at(''));
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await ground();
  expect(light).not.toBe(dark);
  await page.getByRole('link', { name: 'Dark' }).click();
  expect(await ground()).toBe(dark);
  await page.goto(at('images'));
  expect(await ground()).toBe(dark);
});

test.each([
  [''],
  ['images'],
  ['image?name=quay.io/team/shop:1.0'],
  ['pins'],
  ['remove?name=quay.io/team/shop:1.0'],
])('a phone shows /dashboard/%s in its width', async (path) => {
  const page = await openWindow({ viewport: { width: 390, height: 844 }, hasTouch: true });
  await page.goto(at(path));
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBe(390);
});

test('the keyboard reaches content, rows and their buttons, and one sees where it is', async () => {
  const page = await openWindow();
  await page.goto(at('images'));
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Skip to content');
  const reached = new Set<string>();
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const { activeElement } = document;
      if (activeElement === null) return { name: '', outline: '' };
      const name = activeElement.getAttribute('aria-label') ?? activeElement.textContent ?? '';
      return { name: name.trim(), outline: getComputedStyle(activeElement).outlineStyle };
    });
    if (focused.name !== '') reached.add(`${focused.name} ${focused.outline}`);
  }
  expect([...reached]).toEqual(
    expect.arrayContaining([
      'quay.io/team/shop:1.0 solid',
      'Pin quay.io/team/shop:1.0 solid',
      'Remove quay.io/team/shop:1.0 solid',
    ]),
  );
});

test('without JavaScript everything can be read, and forms work', async () => {
  const page = await openWindow({ javaScriptEnabled: false });
  await page.goto(at(''));
  expect(await page.locator('.figure').count()).toBe(4);
  expect(await page.locator('.plot .sparkline').count()).toBe(2);
  await page.locator('.traffic summary').click();
  expect(await page.locator('.traffic tbody tr').count()).toBeGreaterThan(0);
  await page.getByRole('searchbox').fill('shop');
  await page.keyboard.press('Enter');
  await page.waitForURL(/q=shop/);
  expect(await rows(page)).toEqual(['quay.io/team/shop:1.0']);
  await page.getByRole('link', { name: 'quay.io/team/shop:1.0', exact: true }).click();
  expect(await page.locator('main').innerText()).toContain('linux/amd64');
  await page.goto(at('pins'));
  await page.getByLabel('Pattern of images that stay').fill('quay.io/other/**');
  await page.getByRole('button', { name: 'Pin', exact: true }).click();
  await page.getByRole('button', { name: 'Unpin quay.io/other/**' }).click();
  expect(await page.locator('main').innerText()).toContain('Nothing is pinned');
});

test('a chart is drawn where a drawing was, and says what is under the pointer', async () => {
  const page = await openWindow();
  await page.goto(at(''));
  await expect.poll(() => page.locator('.plot canvas').count()).toBe(2);
  await page.locator('[data-plot=bytes] .u-over').hover();
  expect(await page.locator('[data-plot=bytes] .u-legend').innerText()).toContain('Saved');
});

test('nothing moves while parts of the page are refreshed', async () => {
  const page = await openWindow();
  await page.goto(at(''));
  await expect.poll(() => page.locator('.plot canvas').count()).toBe(2);
  const top = async (): Promise<number | undefined> =>
    (await page.getByRole('heading', { name: 'Last errors' }).boundingBox())?.y;
  const before = await top();
  await page.waitForResponse((answer) => answer.url().includes('/parts/fills'));
  await page.waitForResponse((answer) => answer.url().includes('/parts/figures'));
  expect(await top()).toBe(before);
});

const loginAs = (username: string): { httpCredentials: { username: string; password: string } } => ({
  httpCredentials: { username, password: PASSWORD },
});

test('on the port of clients it is behind their login', async () => {
  const answer = await fetch(`${debugOrigin}/dashboard/`, { redirect: 'manual' });
  expect(answer.status).toBe(200);
  const page = await openWindow(loginAs('amy'));
  await page.goto(`${cache.origin}/dashboard/images`);
  expect(await page.locator('.user').innerText()).toBe('amy');
  await page.getByRole('button', { name: 'Pin quay.io/team/search:1.0' }).click();
  expect(await page.locator('.done').innerText()).toContain('is pinned now');
  await page.goto(`${cache.origin}/dashboard/pins`);
  await page.getByRole('button', { name: 'Unpin quay.io/team/search:1.0' }).click();
  expect(await page.locator('main').innerText()).toContain('Nothing is pinned');
  expect((await client.get('/dashboard/')).status).toBe(200);
  expect((await cache.client().get('/dashboard/')).status).toBe(401);
  expect((await cache.client('amy:wrong').get('/dashboard/')).status).toBe(401);
});

test('a user who is no admin looks, is told why, and is refused where they act all the same', async () => {
  const page = await openWindow(loginAs('bob'));
  await page.goto(`${cache.origin}/dashboard/images`);
  expect(await page.getByRole('button', { name: /^(Pin|Unpin|Warm|Remove)/ }).count()).toBe(0);
  expect(await page.locator('footer').innerText()).toContain('http.dashboard.admins');
  const status = await page.evaluate(async () => {
    const body = new URLSearchParams({ pattern: 'quay.io/**' });
    return (await fetch('/dashboard/pin', { method: 'POST', body })).status;
  });
  expect(status).toBe(403);
  // Chromium writes a line about the answer that was asked for here.
  windows.splice(0, windows.length, ...windows.filter((opened) => opened.page !== page));
});
