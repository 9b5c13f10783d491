import { once } from 'node:events';
import { expect, test } from 'vitest';
import { connectRaw, fetchAnswer } from './support/client.ts';
import { startTestProxy } from './support/proxy.ts';
import { startWorker } from './support/worker.ts';

const READERS = 1100;
const BLOB = `/v2/quay.io/org/image/blobs/sha256:${'a'.repeat(64)}`;

test('more than a thousand readers of a running fill do not hold up another pull of the upstream', async () => {
  const connectionLimits = { max: 2 * READERS, crowdedAt: 2 * READERS, descriptors: 4 * READERS };
  const { port, socketPath } = await startTestProxy(
    {},
    { headTimeoutMs: 25_000, retryForMs: 25_000, connectionLimits },
  );
  await startWorker(socketPath, ({ url }, response) => {
    if (url?.includes('/blobs/') === true) response.writeHead(200, { 'content-length': '9' }).write('begun');
    else response.writeHead(200, { 'content-length': '2' }).end('{}');
  });
  const readers = await Promise.all(Array.from({ length: READERS }, () => connectRaw(port)));
  for (const reader of readers) reader.write(`GET ${BLOB} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const heads = await Promise.all(readers.map(async (reader) => String(await once(reader, 'data'))));
  const { status } = await fetchAnswer(port, '/v2/quay.io/org/image/manifests/v1');
  for (const reader of readers) reader.destroy();
  expect(new Set(heads.map((head) => head.slice(0, 12)))).toEqual(new Set(['HTTP/1.1 200']));
  expect(status).toBe(200);
});
