import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { parseRepositoryName } from '@registry-cache/oci';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UpstreamError } from '../src/upstream/upstream-error.ts';
import { serveWorker, type HeldBlob, type Received, type ServedWorker } from './support/served-worker.ts';
import { UPSTREAM_NAME } from './support/worker-fixture.ts';

const MIB = 1024 * 1024;
const NAME = parseRepositoryName('org/image');
const BYTES = randomBytes(12 * MIB);
const SHORT = BYTES.subarray(0, 300_000);
/** Beyond what a fill that has just begun is waited for. */
const FAR = 10 * MIB;

let worker: ServedWorker;
beforeEach(async () => {
  worker = await serveWorker();
});
afterEach(() => worker.close());

/** A blob of which the fill has 1000 bytes, and will have no more until the test sends them. */
async function stalledBlob(): Promise<HeldBlob> {
  const blob = worker.holdBlob(NAME, BYTES);
  const res = await worker.open(blob.path);
  blob.body.write(BYTES.subarray(0, 1000));
  await once(res, 'readable');
  res.on('error', () => {}).destroy();
  return blob;
}

function finishFill(blob: HeldBlob): void {
  blob.body.end(BYTES.subarray(1000));
}

function partsOf({ headers, body }: Received): { range: string | undefined; body: Buffer }[] {
  const boundary = /^multipart\/byteranges; boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1];
  const [, ...sections] = body.toString('latin1').split(`\r\n--${boundary}`);
  expect(sections.pop()).toBe('--\r\n');
  return sections.map((section) => {
    const end = section.indexOf('\r\n\r\n');
    const range = /Content-Range: (.*)\r\n/.exec(section.slice(0, end + 2))?.[1];
    return { range, body: Buffer.from(section.slice(end + 4), 'latin1') };
  });
}

describe.each([
  ['being filled', { cold: true }],
  ['stored', { cold: false }],
])('of a blob that is %s', (_name, { cold }) => {
  async function ask(headers: Record<string, string>, method = 'GET'): Promise<Received & { etag: string }> {
    const blob = worker.holdBlob(NAME, SHORT);
    blob.body.end(SHORT);
    if (!cold) {
      await worker.store.putBlob(UPSTREAM_NAME, blob.digest, SHORT);
      await worker.store.linkLayer({ upstream: UPSTREAM_NAME, name: NAME }, blob.digest);
    }
    const etag = `"${blob.digest}"`;
    const filled = Object.entries(headers).map(([name, value]) => [name, value.replace('ETAG', etag)]);
    const sent = { ...Object.fromEntries(filled), 'x-registry-cache-no-accel': '1' };
    return { ...(await worker.get(blob.path, sent, method)), etag };
  }

  test.each([
    ['the whole', {}, 200, 0, SHORT.length],
    ['the first byte', { range: 'bytes=0-0' }, 206, 0, 1],
    ['an open range', { range: 'bytes=299990-' }, 206, 299_990, SHORT.length],
    ['a suffix', { range: 'bytes=-5' }, 206, SHORT.length - 5, SHORT.length],
    ['a suffix longer than the blob', { range: 'bytes=-99999999' }, 206, 0, SHORT.length],
    ['another unit', { range: 'lines=1-2' }, 200, 0, SHORT.length],
    ['more than the whole', { range: 'bytes=0-,0-' }, 200, 0, SHORT.length],
    ['a range of these bytes', { range: 'bytes=2-3', 'if-range': 'ETAG' }, 206, 2, 4],
    ['a range of other bytes', { range: 'bytes=2-3', 'if-range': '"other"' }, 200, 0, SHORT.length],
    ['other bytes than the client has', { 'if-none-match': '"other"' }, 200, 0, SHORT.length],
  ])('%s', async (_case, headers, status, start, end) => {
    const got = await ask(headers);
    expect(got.status).toBe(status);
    expect(got.headers).toMatchObject({ etag: got.etag, 'content-length': String(end - start) });
    const contentRange = `bytes ${start}-${end - 1}/${SHORT.length}`;
    expect(got.headers['content-range']).toBe(status === 206 ? contentRange : undefined);
    expect(got.body.equals(SHORT.subarray(start, end))).toBe(true);
  });

  test('several ranges are exactly as many parts, in the order they were asked', async () => {
    const got = await ask({ range: 'bytes=100000-110000,0-9,-1' });
    expect(got.status).toBe(206);
    expect(got.headers['content-length']).toBe(String(got.body.length));
    expect(partsOf(got)).toEqual([
      { range: `bytes 100000-110000/${SHORT.length}`, body: SHORT.subarray(100_000, 110_001) },
      { range: `bytes 0-9/${SHORT.length}`, body: SHORT.subarray(0, 10) },
      {
        range: `bytes ${SHORT.length - 1}-${SHORT.length - 1}/${SHORT.length}`,
        body: SHORT.subarray(SHORT.length - 1),
      },
    ]);
  });

  test('a range outside of it is not satisfiable', async () => {
    const got = await ask({ range: 'bytes=99999999-' });
    expect(got.status).toBe(416);
    expect(got.headers['content-range']).toBe(`bytes */${SHORT.length}`);
    expect(JSON.parse(got.body.toString())).toMatchObject({ errors: [{ code: 'RANGE_INVALID' }] });
  });

  test.each([['ETAG'], ['W/ETAG'], ['"other", ETAG'], ['*']])(
    'what the client has is not sent again: %s',
    async (ifNoneMatch) => {
      const got = await ask({ 'if-none-match': ifNoneMatch, range: 'bytes=0-1' });
      expect(got).toMatchObject({ status: 304, headers: { etag: got.etag } });
      expect(got.headers['content-length']).toBeUndefined();
    },
  );
});

test('HEAD of a cold blob knows what the client has', async () => {
  const { path, digest } = worker.holdBlob(NAME, BYTES);
  expect((await worker.get(path, { 'if-none-match': `"${digest}"` }, 'HEAD')).status).toBe(304);
  const head = await worker.get(path, { range: 'bytes=0-1' }, 'HEAD');
  expect(head).toMatchObject({ status: 200, headers: { 'content-length': String(BYTES.length) } });
});

describe('near the fill', () => {
  test('a part is sent before the fill has brought the next one', async () => {
    const blob = await stalledBlob();
    const res = await worker.open(blob.path, { range: `bytes=10-19,${2 * MIB}-${2 * MIB + 9}` });
    let received = Buffer.alloc(0);
    res.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
    await expect.poll(() => received.includes(BYTES.subarray(10, 20))).toBe(true);
    finishFill(blob);
    await once(res, 'end');
    expect(received.includes(BYTES.subarray(2 * MIB, 2 * MIB + 10))).toBe(true);
    expect(blob.windows).toEqual([]);
  });

  test('a part that a slow client comes to when the fill has ended is read all the same', async () => {
    const blob = await stalledBlob();
    const res = await worker.open(blob.path, { range: `bytes=0-${7 * MIB},${8 * MIB}-${8 * MIB + 9}` });
    finishFill(blob);
    const repository = { upstream: UPSTREAM_NAME, name: NAME };
    await expect.poll(() => worker.store.hasLayerLink(repository, blob.digest)).toBe(true);
    const body = Buffer.concat(await res.toArray());
    const parts = partsOf({ status: 206, headers: res.headers, body });
    expect(parts[0]?.body.equals(BYTES.subarray(0, 7 * MIB + 1))).toBe(true);
    expect(parts[1]?.body.equals(BYTES.subarray(8 * MIB, 8 * MIB + 10))).toBe(true);
  });

  test('of a blob whose size the upstream does not say, the whole is sent', async () => {
    const digest = worker.upstream.putBlob(NAME, BYTES);
    const body = new PassThrough();
    worker.upstream.bodies.set(`${NAME}@${digest}`, () => ({ body, start: 0 }));
    body.end(BYTES);
    const got = await worker.get(`/v2/org/image/blobs/${digest}`, { range: 'bytes=0-1' });
    expect(got.status).toBe(200);
    expect(got.body.equals(BYTES)).toBe(true);
  });
});

describe('far ahead of the fill', () => {
  test('a range is fetched as that window, while the fill goes on', async () => {
    const blob = await stalledBlob();
    const got = worker.get(blob.path, { range: `bytes=${FAR}-${FAR + 999}` });
    await expect.poll(() => blob.windows.length).toBe(1);
    const [window] = blob.windows;
    expect(window?.range).toEqual({ start: FAR, end: FAR + 1000 });
    window?.body.end(BYTES.subarray(FAR, FAR + 1000));
    expect(await got).toMatchObject({
      status: 206,
      headers: { 'content-range': `bytes ${FAR}-${FAR + 999}/${BYTES.length}` },
      body: BYTES.subarray(FAR, FAR + 1000),
    });
    finishFill(blob);
    await expect.poll(() => worker.store.findBlob(blob.digest)).toBeDefined();
  });

  test('several ranges are as many windows, one after another', async () => {
    const blob = await stalledBlob();
    const got = worker.get(blob.path, { range: `bytes=${FAR + 100}-${FAR + 109},0-9,${FAR}-${FAR + 9}` });
    await expect.poll(() => blob.windows.length).toBe(1);
    blob.windows[0]?.body.end(BYTES.subarray(FAR + 100, FAR + 110));
    await expect.poll(() => blob.windows.length).toBe(2);
    blob.windows[1]?.body.end(BYTES.subarray(FAR, FAR + 10));
    expect(partsOf(await got).map(({ body }) => body)).toEqual([
      BYTES.subarray(FAR + 100, FAR + 110),
      BYTES.subarray(0, 10),
      BYTES.subarray(FAR, FAR + 10),
    ]);
  });

  test('an upstream that does not do ranges is asked once, and the fill is waited for', async () => {
    const blob = await stalledBlob();
    const whole = new PassThrough();
    worker.upstream.bodies.set(`${NAME}@${blob.digest}`, () => ({ body: whole, start: 0 }));
    const first = worker.get(blob.path, { range: `bytes=${FAR}-${FAR + 9}` });
    await expect.poll(() => whole.destroyed).toBe(true);
    const second = worker.get(blob.path, { range: `bytes=${FAR}-${FAR + 9}` });
    finishFill(blob);
    for (const { body } of await Promise.all([first, second])) {
      expect(body).toEqual(BYTES.subarray(FAR, FAR + 10));
    }
    expect(worker.upstream.calls).toHaveLength(2);
  });

  test('an upstream that is busy does not fail the range, and the fill is waited for', async () => {
    const blob = await stalledBlob();
    worker.upstream.failure = new UpstreamError('rate-limited', 'slow down');
    const got = worker.get(blob.path, { range: `bytes=${FAR}-${FAR + 9}` });
    await expect.poll(() => worker.upstream.calls.length).toBe(2);
    finishFill(blob);
    expect((await got).body).toEqual(BYTES.subarray(FAR, FAR + 10));
  });

  test('an upstream that denies the range ends the answer short', async () => {
    const blob = await stalledBlob();
    worker.upstream.failure = new UpstreamError('denied', 'no');
    await expect(worker.get(blob.path, { range: `bytes=${FAR}-${FAR + 9}` })).rejects.toThrowError('aborted');
  });

  test('a fill that comes by while the upstream has not answered is read from', async () => {
    const blob = await stalledBlob();
    const answer = worker.upstream.hold();
    const got = worker.get(blob.path, { range: `bytes=${FAR}-${FAR + 9}` });
    await expect.poll(() => worker.upstream.calls.length).toBe(2);
    finishFill(blob);
    expect((await got).body).toEqual(BYTES.subarray(FAR, FAR + 10));
    answer();
    await expect.poll(() => blob.windows[0]?.body.destroyed).toBe(true);
  });

  test.each([
    ['breaks off', 500, new UpstreamError('unreachable', 'reset')],
    ['ends early', 500, undefined],
    ['sends more than was asked', 5000, undefined],
  ])('a window that %s ends short', async (_name, sentBytes, error) => {
    const blob = await stalledBlob();
    const res = await worker.open(blob.path, { range: `bytes=${FAR}-${FAR + 999}` });
    const received: Buffer[] = [];
    res.on('data', (chunk: Buffer) => received.push(chunk));
    await expect.poll(() => blob.windows.length).toBe(1);
    const window = blob.windows[0]?.body;
    window?.write(BYTES.subarray(FAR, FAR + 500));
    await expect.poll(() => Buffer.concat(received).length).toBe(500);
    window?.write(BYTES.subarray(FAR + 500, FAR + sentBytes));
    if (error === undefined) window?.end();
    else window?.destroy(error);
    await expect(once(res, 'end')).rejects.toThrowError('aborted');
    expect(Buffer.concat(received)).toEqual(BYTES.subarray(FAR, FAR + 500));
  });

  test('a window ends with its client', async () => {
    const blob = await stalledBlob();
    const res = await worker.open(blob.path, { range: `bytes=${FAR}-` });
    await expect.poll(() => blob.windows.length).toBe(1);
    res.on('error', () => {}).destroy();
    await expect.poll(() => blob.windows[0]?.body.destroyed).toBe(true);
  });

  test('a client that leaves before the upstream has answered leaves no window', async () => {
    const blob = await stalledBlob();
    const answer = worker.upstream.hold();
    const res = await worker.open(blob.path, { range: `bytes=${FAR}-,0-1` });
    await expect.poll(() => worker.upstream.calls.length).toBe(2);
    res.on('error', () => {}).destroy();
    await once(res, 'close');
    answer();
    await expect.poll(() => blob.windows[0]?.body.destroyed).toBe(true);
  });
});
