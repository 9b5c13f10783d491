import type { BlobReader, OpenBlob } from '@registry-cache/store/read';
import { randomBytes } from 'node:crypto';
import { mkdir, rename, symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { fetchAnswer, openAnswer } from './support/client.ts';
import { startTestProxy, type TestProxy } from './support/proxy.ts';
import { storeBlob, type StoredTestBlob } from './support/stored-blob.ts';
import { startWorker, type TestWorker } from './support/worker.ts';

const LARGE = randomBytes(32 * 1024 * 1024);
const DAMAGED = 'stored blob is damaged: its worker is asked to verify it';

test('a blob that is truncated while it is sent ends short, is logged once, and its worker is asked to verify it', async () => {
  const { blob, worker, logLines, port } = await startWithBlob(LARGE);
  const answers = await Promise.all([openAnswer(port, blob.path), openAnswer(port, blob.path)]);
  await truncate(join(blob.folder, 'data'), 1024 * 1024);
  for (const answer of answers) await expect(receivedOf(answer)).resolves.toBeLessThan(LARGE.length);
  await vi.waitFor(() => expect(suspicions(worker)).toEqual([`HEAD ${blob.workerPath}`]));
  const lines = logLines.filter(({ level }) => level === 'warn');
  expect(lines).toEqual([
    expect.objectContaining({ msg: DAMAGED, upstream: 'quay.io', path: blob.workerPath }),
  ]);
  expect(JSON.stringify(lines[0])).toContain('its file was truncated');
});

test('a blob whose first bytes cannot be read comes from the worker instead', async () => {
  const { blob, worker, port } = await startWithBlob(Buffer.from('the bytes'), failingReads('EIO'));
  const answer = await fetchAnswer(port, blob.path);
  expect([answer.status, answer.body.toString()]).toEqual([200, 'the bytes']);
  // The worker has to look at it before it sends the same bad bytes itself.
  expect(suspicions(worker)).toContain(`GET ${blob.workerPath}`);
});

test('a client that leaves is no damage', async () => {
  const { blob, worker, port, logLines } = await startWithBlob(LARGE);
  const answer = await openAnswer(port, blob.path);
  answer.destroy();
  await fetchAnswer(port, '/v2/');
  expect(suspicions(worker)).toEqual([]);
  expect(logLines.map(({ msg }) => msg)).not.toContain(DAMAGED);
});

test('a file that cannot be opened comes from the worker, and is logged once', async () => {
  const { blob, worker, port, logLines } = await startWithBlob(Buffer.from('the bytes'));
  // Never followed, so that opening it is an error which is not absence.
  await mkdir(`${blob.folder}-elsewhere`);
  await rename(join(blob.folder, 'data'), join(`${blob.folder}-elsewhere`, 'data'));
  await symlink(join(`${blob.folder}-elsewhere`, 'data'), join(blob.folder, 'data'));
  for (let count = 0; count < 3; count += 1) {
    const answer = await fetchAnswer(port, blob.path);
    expect([answer.status, answer.body.toString()]).toEqual([200, 'the bytes']);
  }
  expect(logLines.filter(({ level }) => level === 'warn')).toEqual([
    expect.objectContaining({ msg: 'stored blob cannot be opened: its worker is asked for the bytes' }),
  ]);
  expect(suspicions(worker)).toEqual([]);
});

test('a worker that does not answer for a suspect blob keeps the proxy from nothing', async () => {
  const { blob, port, proxy, worker } = await startWithBlob(Buffer.from('the bytes'), failingReads('EIO'), {
    verifies: false,
  });
  await fetchAnswer(port, blob.path);
  await vi.waitFor(() => expect(suspicions(worker)).toContain(`HEAD ${blob.workerPath}`));
  await proxy.close();
  await vi.waitFor(() => expect(worker.sockets.size).toBe(0));
});

describe('a blob that breaks within several ranges', () => {
  test('ends short too', async () => {
    const { blob, worker, port } = await startWithBlob(Buffer.from('the bytes'), failingReads('EIO'));
    const request = openAnswer(port, blob.path, { headers: { range: 'bytes=0-1,4-5' } });
    const [received, announced] = await request.then(
      async (answer) => [await receivedOf(answer), Number(answer.headers['content-length'])],
      () => [0, 1],
    );
    expect(received).toBeLessThan(Number(announced));
    await vi.waitFor(() => expect(suspicions(worker)).toEqual([`HEAD ${blob.workerPath}`]));
  });
});

interface BlobFixture extends TestProxy {
  readonly blob: StoredTestBlob & { readonly workerPath: string };
  readonly worker: TestWorker;
}

async function startWithBlob(
  bytes: Buffer,
  blobs?: BlobReader,
  { verifies = true }: { readonly verifies?: boolean } = {},
): Promise<BlobFixture> {
  const proxy = await startTestProxy({}, blobs === undefined ? {} : { blobs });
  const blob = await storeBlob(proxy.settings.rootDirectory, bytes);
  const worker = await startWorker(proxy.socketPath, (request, response) => {
    if (request.method === 'HEAD') {
      if (verifies) response.end();
    } else if (request.headers['x-registry-cache-no-accel'] === undefined)
      blob.accelAnswer(request, response);
    else response.writeHead(200, { 'docker-content-digest': blob.digest }).end(bytes);
  });
  return { ...proxy, blob: { ...blob, workerPath: `/v2/org/image/blobs/${blob.digest}` }, worker };
}

/** A disk that fails: nothing that a test could do to a real one without being root. */
function failingReads(code: string): BlobReader {
  const fail = (): Promise<never> =>
    Promise.reject(Object.assign(new Error(`${code}: i/o error, read`), { code }));
  const open = async (): Promise<OpenBlob> => ({
    sizeBytes: 'the bytes'.length,
    read: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
    readInto: fail,
    readNow: () => {
      throw new Error(`${code}: i/o error, read`);
    },
    close: async () => {},
  });
  return { open };
}

function suspicions({ requests }: TestWorker): string[] {
  return requests
    .filter(({ headers }) => headers['x-registry-cache-suspect'] === '1')
    .map(({ method, url }) => `${method} ${url}`);
}

/** How many bytes came until the connection broke. */
async function receivedOf(answer: AsyncIterable<Uint8Array>): Promise<number> {
  let received = 0;
  try {
    for await (const chunk of answer) received += chunk.length;
  } catch (err) {
    expect(err).toMatchObject({ code: 'ECONNRESET' });
  }
  return received;
}
