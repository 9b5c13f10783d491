import { readdir } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { blobPath, getBlob } from '../support/client/pull-image.ts';
import { splitParts } from '../support/client/multipart.ts';
import type { Received } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';
import { stallAfter, type Behaviour } from '../support/upstream/behaviours.ts';

const MIB = 1024 * 1024;
const LAYER_BYTES = 40_000;
const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());

test.each([
  ['the whole', {}],
  ['one range', { range: 'bytes=100-199' }],
  ['an open range', { range: 'bytes=39990-' }],
  ['a suffix', { range: 'bytes=-7' }],
  ['a suffix longer than the blob', { range: 'bytes=-99999' }],
  ['several ranges', { range: 'bytes=20000-30000,0-9,-1' }],
  ['several ranges of which one is outside', { range: 'bytes=0-9,50000-50009' }],
  ['more than the whole', { range: 'bytes=0-,0-' }],
  ['a range outside', { range: 'bytes=40000-' }],
  ['another unit', { range: 'lines=0-1' }],
  ['a range of these bytes', { range: 'bytes=0-1', 'if-range': 'ETAG' }],
  ['a range of other bytes', { range: 'bytes=0-1', 'if-range': '"other"' }],
  ['what the client has', { 'if-none-match': 'ETAG' }],
  ['what the client has, as one of several', { 'if-none-match': '"other", W/ETAG' }],
  ['other bytes than the client has', { 'if-none-match': '"other"' }],
])('%s is answered alike by a cold and a cached blob', async (name, template) => {
  const image = addColdImage(upstream, name.replaceAll(/[ ,]+/g, '-'), { layers: [LAYER_BYTES] });
  const etag = `"${image.layerDigest}"`;
  const headers = Object.fromEntries(
    Object.entries(template).map(([header, value]) => [header, value.replace('ETAG', etag)]),
  );
  const path = blobPath(image.name, image.layerDigest);
  const ask = async (method: 'get' | 'head'): Promise<unknown> =>
    describe(await client[method](path, { headers }));

  const cold = { head: await ask('head'), get: await ask('get') };
  await eventually('the blob is cached', async () => {
    return (await getBlob(client, image.name, image.layerDigest)).outcome === 'hit';
  });
  expect(cold).toEqual({ head: await ask('head'), get: await ask('get') });
});

test('a range far ahead of a fill that has stalled comes at once, and the fill is still there', async () => {
  const { image, release } = stalledImage('far-ahead');
  await startFill(image);
  const range = `bytes=${20 * MIB}-${20 * MIB + 99}`;
  const window = await client.get(blobPath(image.name, image.layerDigest), { headers: { range } });
  expect(window).toMatchObject({
    status: 206,
    complete: true,
    headers: { 'content-range': `bytes ${20 * MIB}-${20 * MIB + 99}/${24 * MIB}` },
  });
  expect(Buffer.concat([...image.layer.read(20 * MIB, 20 * MIB + 100)]).equals(window.bytes)).toBe(true);
  expect(upstream.blobRequests(image.layerDigest).map(({ headers }) => headers['range'])).toEqual([
    undefined,
    range,
  ]);
  release();
  expect(await getBlob(client, image.name, image.layerDigest)).toMatchObject({ digest: image.layerDigest });
});

test('hundreds of ranges that are dropped after their first chunk leave nothing open', async () => {
  const { image, release } = stalledImage('dropped-ranges');
  const fill = await startFill(image);
  const before = await openDescriptors();

  const starts = Array.from({ length: 200 }, (_, index) => (index % 2) * 12 * MIB + index * 100);
  await Promise.all(
    starts.map(async (start) => {
      const answer = await openRange(image, start);
      await once(answer, 'data');
      answer.on('error', () => {}).destroy();
    }),
  );

  const windows = upstream.blobRequests(image.layerDigest).filter(({ headers }) => headers['range']);
  expect(windows.length).toBeGreaterThan(0);
  await eventually('every window is closed', () => windows.every(({ outcome }) => outcome !== 'open'));
  await eventually('descriptors are as before', async () => {
    const now = await openDescriptors();
    return now.worker <= before.worker && now.proxy <= before.proxy;
  });
  release();
  fill.destroy();
  expect(await getBlob(client, image.name, image.layerDigest)).toMatchObject({ digest: image.layerDigest });
});

/** What a client can tell, but for what names the answer's source and time. */
function describe({ status, headers, bytes }: Received): unknown {
  const { date: _date, age: _age, 'cache-status': _cacheStatus, ...compared } = headers;
  const contentType = headers['content-type'];
  if (contentType?.startsWith('multipart/') !== true) return { status, headers: compared, bytes };
  // The boundary is another one in each answer.
  const { 'content-type': _contentType, ...others } = compared;
  return { status, headers: others, parts: splitParts(contentType, bytes) };
}

/** A layer of which the upstream sends the first MiB; ranges of it are answered well. */
function stalledImage(seed: string): { image: ColdImage; release: () => void } {
  const image = addColdImage(upstream, seed, { layers: [24 * MIB] });
  const gate = createGate();
  const stall = stallAfter(MIB, gate.opened);
  const stallTheWhole: Behaviour = (answer, request) =>
    request.headers['range'] === undefined ? stall(answer, request) : answer;
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, stallTheWhole);
  return { image, release: () => gate.open() };
}

/** Resolves when the fill has bytes; the fill runs as long as the answer is open, and longer. */
async function startFill(image: ColdImage): Promise<IncomingMessage> {
  const answer = await openRange(image, 0);
  await once(answer, 'readable');
  return answer.on('error', () => {});
}

/** On a connection of its own. */
function openRange(image: ColdImage, start: number): Promise<IncomingMessage> {
  const headers = { range: `bytes=${start}-` };
  return cache.client().open('GET', blobPath(image.name, image.layerDigest), { headers });
}

async function openDescriptors(): Promise<{ worker: number; proxy: number }> {
  const children = await cache.children();
  const count = async (name: string): Promise<number> => {
    const pid = children.find((child) => child.name === name)?.pid;
    return (await readdir(`/proc/${pid}/fd`)).length;
  };
  return { worker: await count('worker'), proxy: await count('proxy') };
}
