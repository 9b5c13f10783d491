import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { splitParts } from '../support/client/multipart.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { createCacheClient, type CacheClient } from './support/cache-client.ts';
import { writeImageLayout } from './support/image-layout.ts';
import { startCacheProcess, type RunningCache } from './support/running-cache.ts';
import { setScene, type Scene } from './support/scene.ts';

const MIB = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const LAYER_BYTES = 16 * MIB;

// The requests are those of stargz-snapshotter, of containerd's parallel fetch, and of containers/image for zstd:chunked layers.
describe('a client that reads parts of a layer that is not cached', () => {
  const own = closeAfterAll();
  let scene: Scene;
  let cache: RunningCache;
  let get: CacheClient;

  beforeAll(async () => {
    scene = own(await setScene('127.0.0.1'));
    cache = own(await startCacheProcess(scene.installation));
    get = createCacheClient(cache);
  });

  /** A layer that nobody has asked for, and its bytes. */
  const pushLayer = async (name: string): Promise<{ path: string; bytes: Buffer }> => {
    const folder = join(scene.installation.root, name);
    const image = await writeImageLayout(folder, [LAYER_BYTES]);
    await scene.quay.push(image, `org/${name}:v1`);
    const digest = image.layerDigests[0] ?? '';
    const bytes = await readFile(join(folder, 'blobs', digest.replace(':', '/')));
    return { path: `/v2/quay.io/org/${name}/blobs/${digest}`, bytes };
  };

  test('probes it, then reads every chunk in parallel and in any order', async () => {
    const { path, bytes } = await pushLayer('chunks');
    const headers = { 'accept-encoding': 'identity' };
    const probe = await get(path, { ...headers, range: 'bytes=0-1' });
    expect(probe.status).toBe(206);
    expect(probe.headers['content-range']).toBe(`bytes 0-1/${bytes.length}`);

    const starts = Array.from(
      { length: Math.ceil(bytes.length / CHUNK_BYTES) },
      (_, index) => index * CHUNK_BYTES,
    );
    const parts = await Promise.all(
      starts.toReversed().map(async (start) => {
        const end = Math.min(start + CHUNK_BYTES, bytes.length);
        const { status, body } = await get(path, { ...headers, range: `bytes=${start}-${end - 1}` });
        return { start, status, isRight: body.equals(bytes.subarray(start, end)) };
      }),
    );
    expect(parts.filter(({ status, isRight }) => status !== 206 || !isRight)).toEqual([]);
  });

  test('leaves hundreds of open ranges after one chunk each, and the layer is whole for the next', async () => {
    const { path, bytes } = await pushLayer('aborted');
    const { ca, username, password } = scene.installation;
    const auth = `${username}:${password}`;
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const range = `bytes=${Math.floor((index * bytes.length) / 200)}-`;
        const sent = request(`https://${cache.address}${path}`, {
          ca,
          auth,
          agent: false,
          headers: { range },
        });
        const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
        expect(response.statusCode).toBe(206);
        await once(response, 'data');
        response.on('error', () => {}).destroy();
      }),
    );

    const whole = await get(path);
    expect(createHash('sha256').update(whole.body).digest('hex')).toBe(path.split(':')[1]);
  });

  test('asks for several ranges in one header, and gets exactly as many parts', async () => {
    const { path, bytes } = await pushLayer('several');
    const ranges = [
      [0, 99],
      [5 * MIB, 5 * MIB + 9_999],
      [12 * MIB, 12 * MIB + 49],
      [bytes.length - 20, bytes.length - 1],
    ] as const;
    const range = `bytes=${ranges.map(([first, last]) => `${first}-${last}`).join(',')}`;
    const { status, headers, body } = await get(path, { range });

    expect(status).toBe(206);
    const parts = splitParts(String(headers['content-type']), body);
    expect(parts.map(({ contentRange }) => contentRange)).toEqual(
      ranges.map(([first, last]) => `bytes ${first}-${last}/${bytes.length}`),
    );
    expect(
      parts.map((part, index) =>
        part.body.equals(bytes.subarray(ranges[index]?.[0], (ranges[index]?.[1] ?? 0) + 1)),
      ),
    ).toEqual(ranges.map(() => true));
  });
});
