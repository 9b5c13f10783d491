import { expect, test } from 'vitest';
import { inspectionOf, listedImage } from './support/content.ts';
import { startDashboard } from './support/start-dashboard.ts';

const IMAGE = 'quay.io/org/app:1.0';

test('a pattern is pinned once, and the page says so', async () => {
  const { cache, submit } = await startDashboard();
  const back = '/dashboard/images?q=app';
  const first = await submit('/dashboard/pin', { pattern: IMAGE, back });
  expect(first.status).toBe(303);
  expect(cache.kept).toEqual([{ pattern: IMAGE, from: 'command' }]);
  const location = new URL(first.headers.get('location') ?? '', 'http://x');
  expect(location.pathname).toBe('/dashboard/images');
  expect(Object.fromEntries(location.searchParams)).toEqual({ q: 'app', done: 'pinned', what: IMAGE });
  const second = await submit('/dashboard/pin', { pattern: IMAGE, back });
  expect(second.headers.get('location')).toContain('done=pinned-before');
});

test('a pin is taken back', async () => {
  const { cache, submit } = await startDashboard();
  await submit('/dashboard/pin', { pattern: IMAGE });
  expect((await submit('/dashboard/unpin', { pattern: IMAGE })).status).toBe(303);
  expect(cache.kept).toEqual([]);
  const again = await submit('/dashboard/unpin', { pattern: IMAGE });
  expect(again.status).toBe(404);
  expect(again.text).toContain(`${IMAGE} is not pinned`);
});

test('an image is removed when that is confirmed, and not by looking at the question', async () => {
  const { cache, get, submit } = await startDashboard();
  cache.listed.push(listedImage(IMAGE));
  const question = await get(`/dashboard/remove?name=${IMAGE}`);
  expect(question.text).toContain('Remove this image?');
  expect(cache.removed).toEqual([]);
  expect((await submit('/dashboard/remove', { name: IMAGE })).status).toBe(303);
  expect(cache.removed).toEqual([IMAGE]);
});

test('of an image that is pinned nobody is asked whether to remove it, but told by what it is kept', async () => {
  const { cache, get } = await startDashboard();
  const image = listedImage(IMAGE, { isPinned: true });
  cache.listed.push(image);
  cache.inspection = inspectionOf(image, { pins: ['quay.io/org/**'] });
  const { text } = await get(`/dashboard/remove?name=${IMAGE}`);
  expect(text).toContain('It is pinned by quay.io/org/**');
  expect(text).not.toContain('action="/dashboard/remove"');
});

test('an image is warmed after the page was answered, and what became of it is shown', async () => {
  const { cache, get, submit } = await startDashboard();
  cache.warmEvents = [
    { type: 'started', image: IMAGE },
    { type: 'done', image: IMAGE, digest: '', bytesTotal: 9, bytesFetched: 3 * 1024 ** 2, durationMs: 1 },
    { type: 'failed', image: 'quay.io/org/gone:1', problem: 'manifest unknown' },
  ];
  await submit('/dashboard/warm', { name: IMAGE, platforms: 'linux/amd64,linux/arm64' });
  expect(cache.warmed).toEqual([
    { images: [IMAGE], platforms: ['linux/amd64', 'linux/arm64'], concurrency: 2 },
  ]);
  await expect.poll(async () => (await get('/dashboard/parts/fills')).text).toContain('manifest unknown');
  expect((await get('/dashboard/parts/fills')).text).toContain('warmed, 3.0 MiB fetched');
});

test('all platforms are warmed where none is named', async () => {
  const { cache, submit } = await startDashboard();
  await submit('/dashboard/warm', { name: IMAGE, platforms: '' });
  expect(cache.warmed).toEqual([{ images: [IMAGE], concurrency: 2 }]);
});

test('a form without what it is about is refused', async () => {
  const { cache, submit } = await startDashboard();
  for (const action of ['pin', 'unpin', 'warm', 'remove']) {
    expect((await submit(`/dashboard/${action}`, { name: ' ', pattern: '' })).status).toBe(400);
  }
  expect(cache.warmed).toEqual([]);
});

test.each([['pin'], ['unpin'], ['warm'], ['remove']])('%s is no GET', async (action) => {
  const { cache, get } = await startDashboard();
  cache.listed.push(listedImage(IMAGE));
  await get(`/dashboard/${action}?name=${IMAGE}&pattern=${IMAGE}`);
  expect([cache.kept, cache.warmed, cache.removed]).toEqual([[], [], []]);
});
