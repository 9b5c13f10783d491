import { expect, test } from 'vitest';
import { fetchAnswer, openAnswer } from './support/client.ts';
import { startTestProxy, upstream } from './support/proxy.ts';
import { startWorker } from './support/worker.ts';

test('a worker is told who asks, and nothing that a client says of itself', async () => {
  const { port, socketPath } = await startTestProxy();
  const worker = await startWorker(socketPath, (_request, response) => void response.end());
  await fetchAnswer(port, '/v2/quay.io/org/image/manifests/v1', {
    headers: {
      accept: 'application/vnd.oci.image.index.v1+json',
      'accept-encoding': 'zstd,gzip,deflate',
      authorization: 'Basic c2VjcmV0OnNlY3JldA==',
      cookie: 'session=1',
      connection: 'keep-alive, x-private',
      'x-private': '1',
      'if-none-match': '"x"',
      range: 'bytes=0-1',
      te: 'trailers',
      'user-agent': 'containerd/2.3',
      'x-request-id': 'mine',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil',
      'x-registry-cache-user': 'root',
      'X-Registry-Cache-No-Accel': '1',
    },
  });
  const [request] = worker.requests;
  expect(request?.url).toBe('/v2/org/image/manifests/v1');
  const { 'x-request-id': requestId, host: _host, ...headers } = request?.headers ?? {};
  expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers).toEqual({
    accept: 'application/vnd.oci.image.index.v1+json',
    connection: 'keep-alive',
    'if-none-match': '"x"',
    range: 'bytes=0-1',
    'user-agent': 'containerd/2.3',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': `localhost:${port}`,
  });
});

test('a client is told nothing of the worker, nor of the upstream’s business with it', async () => {
  const { port, socketPath } = await startTestProxy();
  await startWorker(socketPath, (_request, response) => {
    response.writeHead(404, {
      'content-type': 'application/json',
      'content-length': '2',
      connection: 'keep-alive, x-hop',
      'x-hop': '1',
      'www-authenticate': 'Bearer realm="https://quay.io/token"',
      'set-cookie': 'a=b',
      'x-accel-redirect': '/blobs/x',
      'x-accel-buffering': 'no',
      'retry-after': '7',
      age: '5',
    });
    response.end('{}');
  });
  const answer = await fetchAnswer(port, '/v2/quay.io/org/image/manifests/v1');
  expect(answer.status).toBe(404);
  const { date: _date, 'keep-alive': _keepAlive, ...headers } = answer.headers;
  expect(headers).toEqual({
    age: '5',
    connection: expect.any(String),
    'content-length': '2',
    'content-type': 'application/json',
    'docker-distribution-api-version': 'registry/2.0',
    'retry-after': '7',
    'x-content-type-options': 'nosniff',
  });
});

test('HEAD goes to the worker as HEAD and keeps its length', async () => {
  const { port, socketPath } = await startTestProxy();
  const worker = await startWorker(socketPath, (_request, response) => {
    response.writeHead(200, { 'content-length': '1234', 'docker-content-digest': 'sha256:ab' }).end();
  });
  const answer = await fetchAnswer(port, '/v2/quay.io/org/image/manifests/v1', { method: 'HEAD' });
  expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, '1234', 0]);
  expect(worker.requests[0]?.method).toBe('HEAD');
});

test('a head is out before its body begins', async () => {
  const { port, socketPath } = await startTestProxy();
  let finish = (): void => {};
  await startWorker(socketPath, (_request, response) => {
    response.writeHead(200, { 'content-length': '4' });
    response.flushHeaders();
    finish = () => void response.end('late');
  });
  const answer = await openAnswer(port, '/v2/quay.io/org/image/manifests/v1');
  expect(answer.statusCode).toBe(200);
  finish();
  expect((await answer.toArray()).join('')).toBe('late');
});

test('the ns shape gets its namespace and links that keep it', async () => {
  const { port, socketPath } = await startTestProxy();
  const worker = await startWorker(socketPath, (_request, response) => {
    response.setHeader('link', '</v2/org/image/tags/list?n=1&last=a>; rel="next"').end('{}');
  });
  const answer = await fetchAnswer(port, '/v2/org/image/tags/list?n=1&ns=quay.io');
  expect(worker.requests[0]?.url).toBe('/v2/org/image/tags/list?n=1');
  expect(answer.headers['oci-namespace']).toBe('quay.io');
  expect(answer.headers.link).toBe('</v2/org/image/tags/list?n=1&last=a&ns=quay.io>; rel="next"');
});

test.each([['/v2/'], ['/v2'], ['/quay.io/v2/']])('%s is answered without a worker', async (path) => {
  const { port } = await startTestProxy();
  const answer = await fetchAnswer(port, path);
  expect([answer.status, answer.body.toString()]).toEqual([200, '{}']);
  expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
});

test('an unknown upstream is a 404 that names the known ones', async () => {
  const { port } = await startTestProxy();
  const answer = await fetchAnswer(port, '/v2/ghcr.io/org/image/manifests/v1');
  expect(answer.status).toBe(404);
  expect(JSON.parse(answer.body.toString())).toEqual({
    errors: [
      {
        code: 'NAME_UNKNOWN',
        message: 'unknown upstream "ghcr.io": this cache has quay.io, docker.io',
        detail: { upstreams: ['quay.io', 'docker.io'] },
      },
    ],
  });
});

test('an upstream that is added by a reload is served at once, and one that is removed no more', async () => {
  const { proxy, port, settings, socketPath } = await startTestProxy();
  await startWorker(socketPath, (_request, response) => void response.end());
  proxy.reload({ ...settings, upstreams: [upstream('ghcr.io', socketPath)] });
  expect((await fetchAnswer(port, '/v2/ghcr.io/org/image/manifests/v1')).status).toBe(200);
  expect((await fetchAnswer(port, '/v2/quay.io/org/image/manifests/v1')).status).toBe(404);
});
