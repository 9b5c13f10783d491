import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { UpstreamBlob } from '../../src/upstream/upstream-registry.ts';
import { createDeferred } from './support/deferred.ts';
import { startLoopbackServer } from './support/loopback-server.ts';
import {
  BLOB,
  DIGEST,
  NAME,
  patiently,
  registryOf,
  settingsOf,
  upstreamErrorOf,
} from './support/registry-of.ts';

function bodyOf(blob: UpstreamBlob | undefined): Readable {
  if (blob === undefined) throw new Error('expected a blob');
  return blob.body;
}

describe('blobHead', () => {
  it('answers size and digest', async () => {
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(200, { 'content-length': 19, 'docker-content-digest': DIGEST }).end(),
    );
    const head = await registryOf(upstream.origin).blobHead(NAME, DIGEST, patiently());
    expect(head).toEqual({ sizeBytes: 19, digest: DIGEST });
    expect(upstream.requests[0]).toMatchObject({ method: 'HEAD', target: `/v2/org/app/blobs/${DIGEST}` });
  });

  it('404 is absence', async () => {
    const upstream = await startLoopbackServer((response) => response.writeHead(404).end());
    expect(await registryOf(upstream.origin).blobHead(NAME, DIGEST, patiently())).toBeUndefined();
    expect(upstream.requests).toHaveLength(1);
  });

  it.each([400, 403, 405, 501])(
    'a HEAD refused by %i becomes a GET whose body is not read',
    async (status) => {
      const endless = createDeferred<ServerResponse>();
      const upstream = await startLoopbackServer((response, { method }) => {
        if (method === 'HEAD') {
          response.writeHead(status).end();
          return;
        }
        response.writeHead(200, { 'content-length': 1e9 }).write(BLOB);
        endless.resolve(response);
      });
      const registry = registryOf(upstream.origin);
      expect(await registry.blobHead(NAME, DIGEST, patiently())).toEqual({ sizeBytes: 1e9 });
      const response = await endless.promise;
      if (!response.closed) await once(response, 'close');
      expect(response.writableFinished).toBe(false);
    },
  );

  it('a HEAD without a length becomes a GET', async () => {
    const upstream = await startLoopbackServer((response, { method }) => {
      if (method === 'HEAD') response.writeHead(200, { 'transfer-encoding': 'chunked' }).end();
      else response.writeHead(200, { 'content-length': BLOB.byteLength }).end(BLOB);
    });
    const head = await registryOf(upstream.origin).blobHead(NAME, DIGEST, patiently());
    expect(head).toEqual({ sizeBytes: BLOB.byteLength });
  });

  it('a refused HEAD of a missing blob is absence', async () => {
    const upstream = await startLoopbackServer((response, { method }) =>
      response.writeHead(method === 'HEAD' ? 405 : 404).end(),
    );
    expect(await registryOf(upstream.origin).blobHead(NAME, DIGEST, patiently())).toBeUndefined();
  });

  it('500 is a failure, and no reason to GET', async () => {
    const upstream = await startLoopbackServer((response) => response.writeHead(500).end());
    const error = await upstreamErrorOf(registryOf(upstream.origin).blobHead(NAME, DIGEST, patiently()));
    expect(error).toMatchObject({ code: 'failed', status: 500 });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('blobGet', () => {
  it('streams the bytes with size and strong ETag', async () => {
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(200, { 'content-length': BLOB.byteLength, etag: '"v1"' }).end(BLOB),
    );
    const blob = await registryOf(upstream.origin).blobGet(NAME, DIGEST, patiently());
    expect(blob).toMatchObject({ sizeBytes: BLOB.byteLength, etag: '"v1"' });
    expect(await text(bodyOf(blob))).toBe(BLOB.toString());
    expect(upstream.requests[0]?.headers['accept-encoding']).toBe('identity');
    expect(upstream.requests[0]?.headers['user-agent']).toMatch(/^registry-cache\/\d+\.\d+\.\d+/);
  });

  it('names no size of a chunked body and no weak ETag', async () => {
    const upstream = await startLoopbackServer((response) => {
      response.writeHead(200, { etag: 'W/"v1"' }).write('a');
      response.end('b');
    });
    const blob = await registryOf(upstream.origin).blobGet(NAME, DIGEST, patiently());
    expect(blob && { ...blob, body: await text(blob.body) }).toEqual({ body: 'ab', start: 0 });
  });

  it('passes many bytes on unchanged, at its reader’s pace', async () => {
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'registry');
    const upstream = await startLoopbackServer((response) => response.end(bytes));
    const blob = await registryOf(upstream.origin).blobGet(NAME, DIGEST, patiently());
    expect(blob?.body.readableFlowing).not.toBe(true);
    expect(blob && (await buffer(blob.body)).equals(bytes)).toBe(true);
  });

  it('asks for a part, and says where the answer begins', async () => {
    const upstream = await startLoopbackServer((response) =>
      response
        .writeHead(206, {
          'content-range': `bytes 2-4/${BLOB.byteLength}`,
          'content-length': 3,
          etag: '"v1"',
        })
        .end(BLOB.subarray(2, 5)),
    );
    const range = { start: 2, end: 5, etag: '"v1"' };
    const blob = await registryOf(upstream.origin).blobGet(NAME, DIGEST, { ...patiently(), range });
    expect(blob).toMatchObject({ start: 2, sizeBytes: BLOB.byteLength, etag: '"v1"' });
    expect(await text(bodyOf(blob))).toBe(BLOB.subarray(2, 5).toString());
    expect(upstream.requests[0]?.headers).toMatchObject({ range: 'bytes=2-4', 'if-range': '"v1"' });
  });

  it('an upstream without ranges begins at 0', async () => {
    const upstream = await startLoopbackServer((response) => response.end(BLOB));
    const blob = await registryOf(upstream.origin).blobGet(NAME, DIGEST, {
      ...patiently(),
      range: { start: 2 },
    });
    expect(blob).toMatchObject({ start: 0, sizeBytes: BLOB.byteLength });
    expect(upstream.requests[0]?.headers['range']).toBe('bytes=2-');
  });

  it.each([
    ['another part', { start: 2 }, { 'content-range': 'bytes 3-4/5' }],
    ['more than was asked for', { start: 2, end: 4 }, { 'content-range': 'bytes 2-4/5' }],
    ['no content-range', { start: 2 }, {}],
    ['several parts', { start: 2 }, { 'content-type': 'multipart/byteranges; boundary=x' }],
    ['a part that nobody asked for', undefined, { 'content-range': 'bytes 0-4/5' }],
  ])('a 206 with %s is invalid', async (_case, range, headers) => {
    const upstream = await startLoopbackServer((response) => response.writeHead(206, headers).end('xyz'));
    const options = range === undefined ? patiently() : { ...patiently(), range };
    const error = await upstreamErrorOf(registryOf(upstream.origin).blobGet(NAME, DIGEST, options));
    expect(error).toMatchObject({ code: 'invalid' });
  });

  it('404 is absence', async () => {
    const upstream = await startLoopbackServer((response) => response.writeHead(404).end());
    expect(await registryOf(upstream.origin).blobGet(NAME, DIGEST, patiently())).toBeUndefined();
  });

  it.each([
    [403, 'denied'],
    [429, 'rate-limited'],
    [500, 'failed'],
  ])('%i is %s', async (status, code) => {
    const upstream = await startLoopbackServer((response) => response.writeHead(status).end());
    const error = await upstreamErrorOf(registryOf(upstream.origin).blobGet(NAME, DIGEST, patiently()));
    expect(error).toMatchObject({ code, status });
  });

  it.each([
    ['with a length', { 'content-length': 1000 }],
    ['in chunks', {}],
  ])('a body %s that is cut short fails as unreachable', async (_, headers) => {
    const upstream = await startLoopbackServer((response) => {
      response.writeHead(200, headers).write(BLOB, () => response.destroy());
    });
    const blob = await registryOf(upstream.origin).blobGet(NAME, DIGEST, patiently());
    const error = await upstreamErrorOf(buffer(bodyOf(blob)));
    expect(error.code).toBe('unreachable');
    expect(error.message).toContain('closed the connection before its answer was complete');
  });

  it('a body that breaks before anyone reads it fails when it is read', async () => {
    const pending = createDeferred<ServerResponse>();
    const upstream = await startLoopbackServer((response) => {
      response.writeHead(200, { 'content-length': 1000 }).write(BLOB);
      pending.resolve(response);
    });
    const body = bodyOf(await registryOf(upstream.origin).blobGet(NAME, DIGEST, patiently()));
    (await pending.promise).destroy();
    body.read(0);
    await expect.poll(() => body.destroyed).toBe(true);
    expect((await upstreamErrorOf(buffer(body))).code).toBe('unreachable');
  });

  it('a body that stalls is a timeout', async () => {
    const upstream = await startLoopbackServer((response) => {
      response.writeHead(200, { 'content-length': 1000 }).write(BLOB);
    });
    const registry = registryOf(upstream.origin, { timeouts: { bodyIdleMs: 100 } });
    const blob = await registry.blobGet(NAME, DIGEST, patiently());
    expect((await upstreamErrorOf(buffer(bodyOf(blob)))).code).toBe('timeout');
  });

  it('the signal ends a body half way, with its reason', async () => {
    const pending = createDeferred<ServerResponse>();
    const upstream = await startLoopbackServer((response) => {
      response.writeHead(200, { 'content-length': 1000 }).write(BLOB);
      pending.resolve(response);
    });
    const abort = new AbortController();
    const blob = await registryOf(upstream.origin).blobGet(NAME, DIGEST, { signal: abort.signal });
    const read = buffer(bodyOf(blob));
    abort.abort(new Error('nobody wants it'));
    await expect(read).rejects.toThrow('nobody wants it');
    const response = await pending.promise;
    if (!response.closed) await once(response, 'close');
  });

  it('a body that is destroyed lets go of its connection', async () => {
    const pending = createDeferred<ServerResponse>();
    const upstream = await startLoopbackServer((response) => {
      response.writeHead(200, { 'content-length': 1000 }).write(BLOB);
      pending.resolve(response);
    });
    const blob = await registryOf(upstream.origin).blobGet(NAME, DIGEST, patiently());
    blob?.body.destroy();
    const response = await pending.promise;
    if (!response.closed) await once(response, 'close');
    expect(response.destroyed).toBe(true);
  });

  it('compressed bytes are invalid', async () => {
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(BLOB)),
    );
    const error = await upstreamErrorOf(registryOf(upstream.origin).blobGet(NAME, DIGEST, patiently()));
    expect(error.code).toBe('invalid');
    expect(error.message).toContain('content-encoding "gzip"');
  });

  it('a body in flight survives an update', async () => {
    const pending = createDeferred<ServerResponse>();
    const upstream = await startLoopbackServer((response) => {
      response.writeHead(200).write('a');
      pending.resolve(response);
    });
    const registry = registryOf(upstream.origin);
    const blob = await registry.blobGet(NAME, DIGEST, patiently());
    registry.update(settingsOf('http://127.0.0.1:1'));
    const response = await pending.promise;
    response.end('b');
    expect(await text(bodyOf(blob))).toBe('ab');
    expect(response.writableFinished).toBe(true);
  });

  it('close breaks a body in flight, also one from before an update', async () => {
    const upstream = await startLoopbackServer((response) => {
      response.writeHead(200).write('a');
    });
    const registry = registryOf(upstream.origin);
    const old = await registry.blobGet(NAME, DIGEST, patiently());
    registry.update(settingsOf(upstream.origin));
    const young = await registry.blobGet(NAME, DIGEST, patiently());
    await registry.close();
    expect((await upstreamErrorOf(buffer(bodyOf(old)))).code).toBe('unreachable');
    expect((await upstreamErrorOf(buffer(bodyOf(young)))).code).toBe('unreachable');
  });
});
