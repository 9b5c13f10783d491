import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { blobPath, getBlob } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { splitParts } from '../support/client/multipart.ts';

const MIB = 1024 * 1024;
const COMPARED_HEADERS = ['content-type', 'content-length', 'docker-content-digest', 'etag', 'accept-ranges'];

const { upstream, client } = await startCachedUpstream(closeAfterAll());

test('7: a range of a cold blob is that range', async () => {
  const image = addColdImage(upstream, 'cold-range');
  const part = await client.get(blobPath(image.name, image.layerDigest), {
    headers: { range: 'bytes=100-299' },
  });
  expect(part.status).toBe(206);
  expect(part.headers['content-range']).toBe(`bytes 100-299/${image.layer.sizeBytes}`);
  expect(Buffer.concat([...image.layer.read(100, 300)]).equals(part.bytes)).toBe(true);
});

test('7: several ranges of a cold blob are as many parts, and the upstream is asked for one range at a time', async () => {
  const image = addColdImage(upstream, 'cold-ranges', { layers: [4 * MIB] });
  const ranges = [
    [0, 9],
    [2 * MIB, 2 * MIB + 99],
    [4 * MIB - 5, 4 * MIB - 1],
  ] as const;
  const { status, headers, bytes } = await client.get(blobPath(image.name, image.layerDigest), {
    headers: { range: `bytes=${ranges.map(([first, last]) => `${first}-${last}`).join(',')}` },
  });
  expect(status).toBe(206);
  const parts = splitParts(headers['content-type'], bytes);
  expect(parts.map(({ contentRange }) => contentRange)).toEqual(
    ranges.map(([first, last]) => `bytes ${first}-${last}/${4 * MIB}`),
  );
  for (const [index, [first, last]] of ranges.entries()) {
    expect(
      Buffer.concat([...image.layer.read(first, last + 1)]).equals(parts[index]?.body ?? Buffer.of()),
    ).toBe(true);
  }
  const asked = upstream
    .blobRequests(image.layerDigest)
    .map((request) => String(request.headers['range'] ?? ''));
  expect(asked.filter((range) => range.includes(','))).toEqual([]);
});

test('8: HEAD of a cold blob does not fetch it, and says what GET says, cold and cached', async () => {
  const image = addColdImage(upstream, 'head');
  const path = blobPath(image.name, image.layerDigest);
  const cold = await client.head(path);
  expect(upstream.blobRequests(image.layerDigest).filter(({ bytesSent }) => bytesSent > 0)).toEqual([]);

  const got = await client.get(path);
  await eventually('the blob is cached', async () => {
    return (await getBlob(client, image.name, image.layerDigest)).outcome === 'hit';
  });
  const cached = await client.head(path);
  expect([cold.status, got.status, cached.status]).toEqual([200, 200, 200]);
  for (const name of COMPARED_HEADERS) {
    const said = got.headers[name];
    expect({ name, cold: cold.headers[name], cached: cached.headers[name] }).toEqual({
      name,
      cold: said,
      cached: said,
    });
  }
});
