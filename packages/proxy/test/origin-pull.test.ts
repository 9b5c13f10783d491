import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { exchangeRaw } from './support/client.ts';
import {
  ALICE,
  basic,
  BOB,
  fetchAs,
  fetchToken,
  HOST,
  originAnswer,
  QUAYS_OWN,
  shown,
  startOriginProxy,
} from './support/origin.ts';
import { makeCertificate } from './support/certificate.ts';
import { storeBlob } from './support/stored-blob.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const IMAGE = '/v2/quay.io/org/image/manifests/v1';
const SCOPE = '/token?scope=repository:quay.io/org/image:pull';

describe('a client without a credential is told where to get one', () => {
  test.each([
    [IMAGE, 'quay.io/org/image'],
    ['/v2/quay.io/org/image/tags/list?n=5', 'quay.io/org/image'],
    [`/v2/quay.io/org/image/referrers/${DIGEST}`, 'quay.io/org/image'],
    [`/v2/quay.io/org/image/blobs/${DIGEST}`, 'quay.io/org/image'],
    ['/quay.io/v2/org/image/manifests/v1', 'org/image'],
    ['/v2/org/image/manifests/v1?ns=quay.io', 'org/image'],
    ['/v2/quay.io/org/public/a/manifests/v1', 'quay.io/org/public/a'],
  ])('%s', async (path, repository) => {
    const proxy = await startOriginProxy();
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetchAs(proxy, path, undefined, { method });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer realm="http://${HOST}/token/quay.io",service="${HOST}",scope="repository:${repository}:pull"`,
      );
      if (method === 'GET') {
        expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
      }
    }
    expect(proxy.quay.requests).toEqual([]);
    expect(proxy.logLines.filter(({ level }) => level !== 'debug' && level !== 'info')).toEqual([]);
  });
});

test('the default upstream has a realm of its own as well', async () => {
  const { proxy, port, settings } = await startOriginProxy();
  const upstreams = settings.upstreams.map((upstream) => ({ ...upstream, authorization: 'origin' as const }));
  proxy.reload({ ...settings, upstreams });
  const answer = await fetchAs({ port }, '/v2/alpine/manifests/v1');
  expect(answer.headers['www-authenticate']).toBe(
    `Bearer realm="http://${HOST}/token/docker.io",service="${HOST}",scope="repository:alpine:pull"`,
  );
});

test('the address that the settings know wins over the one that a client asks for, at once after a reload', async () => {
  const { proxy, port, settings } = await startOriginProxy();
  const http = { ...settings.http, externalUrl: 'https://registry.example.org' };
  proxy.reload({ ...settings, http });
  const answer = await fetchAs({ port }, '/v2/', undefined, { headers: { host: 'inside:5000' } });
  expect(answer.headers['www-authenticate']).toBe(
    'Bearer realm="https://registry.example.org/token",service="registry.example.org"',
  );
});

test('a client of TLS is sent to TLS', async () => {
  const tls = await makeCertificate('cache');
  const proxy = await startOriginProxy({ http: { host: '127.0.0.1', port: 0, drainTimeoutMs: 5000, tls } });
  const headers = { host: 'localhost:8443' };
  const answer = await fetchAs(proxy, '/v2/', undefined, { ca: tls.certificate, headers });
  expect(answer.headers['www-authenticate']).toBe(
    'Bearer realm="https://localhost:8443/token",service="localhost:8443"',
  );
});

test('a login, and a token of the upstream’s own, are passed on as they are', async () => {
  const proxy = await startOriginProxy();
  for (const authorization of [ALICE, BOB, `Bearer ${QUAYS_OWN}`]) {
    const answer = await fetchAs(proxy, IMAGE, authorization, { headers: { via: '1.1 registry-cache-2' } });
    expect(answer.status).toBe(200);
  }
  expect(shown(proxy.quay)).toEqual([ALICE, BOB, `Bearer ${QUAYS_OWN}`]);
  expect(shown(proxy.quay, 'x-registry-cache-user')).toEqual(['alice', 'bob', undefined]);
  expect(shown(proxy.quay, 'via')).toEqual(Array(3).fill('1.1 registry-cache-2'));
});

describe('the query of a signed URL is a credential of its own', () => {
  test.each([
    [`/v2/quay.io/org/image/blobs/${DIGEST}?signature=good`, 200],
    [`/quay.io/v2/org/image/blobs/${DIGEST}?signature=good&x=%2F`, 200],
    [`/v2/org/image/blobs/${DIGEST}?signature=good&ns=quay.io`, 200],
    [`/v2/quay.io/org/image/blobs/${DIGEST}?signature=bad`, 401],
  ])('%s is for the upstream to judge', async (path, status) => {
    const proxy = await startOriginProxy();
    for (const method of ['GET', 'HEAD']) {
      expect((await fetchAs(proxy, path, undefined, { method })).status).toBe(status);
    }
    expect(proxy.quay.requests[0]?.url).toContain(`/v2/org/image/blobs/${DIGEST}?signature=`);
    expect(shown(proxy.quay)).toEqual([undefined, undefined]);
  });

  test.each([
    [`/v2/quay.io/org/image/blobs/${DIGEST}?`],
    [`/v2/org/image/blobs/${DIGEST}?ns=quay.io`],
    ['/v2/quay.io/org/image/manifests/v1?signature=good'],
    ['/v2/quay.io/org/image/tags/list?signature=good'],
  ])('%s is none', async (path) => {
    const proxy = await startOriginProxy();
    expect((await fetchAs(proxy, path)).status).toBe(401);
    expect(proxy.quay.requests).toEqual([]);
  });

  test('a header beside it goes along', async () => {
    const proxy = await startOriginProxy();
    const path = `/v2/quay.io/org/image/blobs/${DIGEST}?signature=good`;
    expect((await fetchAs(proxy, path, 'Bearer of-the-origin')).status).toBe(200);
    expect(shown(proxy.quay)).toEqual(['Bearer of-the-origin']);
  });
});

describe('a worker’s 401 gets the challenge of this cache, never the upstream’s', () => {
  test.each([
    ['a login', basic('alice', 'wrong'), ''],
    ['a token of the upstream’s own', 'Bearer old', ',error="invalid_token"'],
  ])('%s', async (_name, authorization, error) => {
    const proxy = await startOriginProxy();
    const answer = await fetchAs(proxy, IMAGE, authorization);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="http://${HOST}/token/quay.io",service="${HOST}",scope="repository:quay.io/org/image:pull"${error}`,
    );
  });

  test('a token of this cache', async () => {
    let works = true;
    const proxy = await startOriginProxy(
      {},
      {
        quayAnswer: (request, response) => {
          if (works) originAnswer(request, response);
          else response.writeHead(401, { 'www-authenticate': 'Basic realm="quay"' }).end();
        },
      },
    );
    const anonymous = await fetchToken(proxy, SCOPE);
    const alice = await fetchToken(proxy, SCOPE, ALICE);
    works = false;
    const errorOf = async (token: string): Promise<string | undefined> =>
      /error="(.*)"/.exec((await fetchAs(proxy, IMAGE, token)).headers['www-authenticate'] ?? '')?.[1];
    expect(await errorOf(anonymous)).toBe('insufficient_scope');
    expect(await errorOf(alice)).toBe('invalid_token');
  });
});

test('who may not pull is told so; its worker has said who and why, so here it is no news', async () => {
  const proxy = await startOriginProxy(
    {},
    { quayAnswer: (_request, response) => void response.writeHead(403).end('{"errors":[]}') },
  );
  const answer = await fetchAs(proxy, IMAGE, ALICE);
  expect([answer.status, answer.headers['www-authenticate']]).toEqual([403, undefined]);
  expect(proxy.logLines.filter(({ status }) => status === 403)).toMatchObject([{ level: 'debug' }]);
});

test('the event of a pull says whose it was', async () => {
  const proxy = await startOriginProxy(
    {},
    {
      quayAnswer: (request, response) => {
        response.setHeader('docker-content-digest', DIGEST);
        originAnswer(request, response);
      },
    },
  );
  await fetchAs(proxy, IMAGE, await fetchToken(proxy, SCOPE, basic('quay.io/alice', 'right')));
  await fetchAs(proxy, '/v2/quay.io/org/public/a/manifests/v1', basic('docker.io/bob', 'right'));
  await proxy.proxy.close();
  expect(proxy.events.map(({ actor }) => actor)).toEqual([{ name: 'alice' }, {}]);
});

test('a stored blob is sent after its worker has agreed, and asked for again with the same credential', async () => {
  const answers: unknown[] = [];
  const proxy = await startOriginProxy(
    {},
    {
      quayAnswer: (request, response) => {
        const again = request.headers['x-registry-cache-no-accel'] !== undefined;
        answers.push([request.headers.authorization, again]);
        if (request.headers.authorization !== ALICE) return void response.writeHead(401).end();
        if (again) return void response.end('bytes');
        blob.accelAnswer(request, response);
      },
    },
  );
  const blob = await storeBlob(proxy.settings.rootDirectory, Buffer.from('stored'));
  const gone = `/v2/quay.io/org/image/blobs/${DIGEST}`;
  const token = await fetchToken(proxy, SCOPE, ALICE);
  expect((await fetchAs(proxy, blob.path, token)).body.toString()).toBe('stored');
  expect((await fetchAs(proxy, blob.path, basic('bob', 'right'))).status).toBe(401);
  await rm(blob.folder, { recursive: true });
  expect((await fetchAs(proxy, gone, token)).body.toString()).toBe('bytes');
  expect(answers).toEqual([
    [ALICE, false],
    [ALICE, false],
    [BOB, false],
    [ALICE, false],
    [ALICE, true],
  ]);
});

test('two credentials in one request are refused', async () => {
  const { port, quay } = await startOriginProxy();
  const head = `GET ${IMAGE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
  for (const [one, two] of [
    [ALICE, BOB],
    [ALICE, ALICE],
    [ALICE, 'Bearer x'],
  ]) {
    const answer = await exchangeRaw(port, `${head}Authorization: ${one}\r\nauthorization: ${two}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"NAME_INVALID"/s);
  }
  expect(quay.requests).toEqual([]);
});

test.each([
  ['a login', basic('alice', 'x'.repeat(8000))],
  ['a token', `Bearer ${'x'.repeat(9000)}`],
])('%s too long for the head of a worker’s request is refused here', async (_name, authorization) => {
  const proxy = await startOriginProxy();
  for (const path of [IMAGE, '/v2/']) {
    const answer = await fetchAs(proxy, path, authorization);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer realm=');
    expect(answer.body.toString()).toContain('too long');
  }
  expect(proxy.quay.requests).toEqual([]);
});

test('the token for the longest login that is taken fits into a request', async () => {
  const authorization = basic('alice', 'x'.repeat(6000));
  const proxy = await startOriginProxy({}, { quayAnswer: (_request, response) => void response.end('{}') });
  const token = await fetchToken(proxy, SCOPE, authorization);
  expect((await fetchAs(proxy, IMAGE, token)).status).toBe(200);
  expect(shown(proxy.quay)).toEqual([authorization, authorization]);
});

test('a user name that is long once it is encoded fits into the head of a worker’s request', async () => {
  const proxy = await startOriginProxy();
  const answer = await fetchAs(proxy, '/v2/quay.io/org/x/manifests/v1', basic('ä'.repeat(2900), 'x'));
  expect(answer.status).toBe(401);
  expect(proxy.quay.requests).toHaveLength(1);
});
