import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { exchangeRaw, fetchAnswer } from './support/client.ts';
import { startTestProxy, type TestProxy } from './support/proxy.ts';
import { startWorker, type TestWorker } from './support/worker.ts';

const AUTH = { realm: 'cache', users: { amy: 'hash', bob: 'hash' } };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
const SMUGGLED = 'GET /dashboard/smuggled HTTP/1.1\r\nHost: x\r\n\r\n';

interface Scene extends TestProxy {
  readonly admin: TestWorker;
  readonly bodies: string[];
}

/** A proxy with the dashboard on its port, where amy is an admin and bob is none; every password is `right`. */
async function setScene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const socketPath = join(folder, 'dashboard.sock');
  const bodies: string[] = [];
  const admin = await startWorker(socketPath, (request, response) => {
    void text(request).then((body) => {
      bodies.push(body);
      response.setHeader('set-cookie', 'registry-cache-theme=dark');
      response.setHeader('x-internal', 'not for clients');
      response.writeHead(200, {
        'content-type': 'text/html',
        'content-security-policy': "default-src 'self'",
      });
      response.end(`page of ${request.url}`);
    });
  });
  const proxy = await startTestProxy(
    { auth: AUTH, dashboard: { socketPath, admins: ['amy'] } },
    { verify: async (password) => password === 'right' },
  );
  return { ...proxy, admin, bodies };
}

function login(user: string, password = 'right'): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

test('the dashboard needs the login that pulls need', async () => {
  const { port, admin } = await setScene();
  for (const headers of [{}, login('amy', 'wrong')]) {
    const answer = await fetchAnswer(port, '/dashboard/', { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="cache"');
  }
  expect(admin.requests).toEqual([]);
});

test('failed logins at the dashboard are counted with those of pulls', async () => {
  const { port } = await setScene();
  for (let guess = 0; guess < 10; guess += 1) {
    await fetchAnswer(port, '/dashboard/', { headers: login('amy', `guess ${guess}`) });
  }
  expect((await fetchAnswer(port, '/v2/', { headers: login('bob') })).status).toBe(429);
});

test('a page comes with its own headers and no others', async () => {
  const { port } = await setScene();
  const answer = await fetchAnswer(port, '/dashboard/images?q=a%2Fb&page=2', { headers: login('bob') });
  expect(answer.status).toBe(200);
  expect(answer.body.toString()).toBe('page of /dashboard/images?q=a%2Fb&page=2');
  expect(answer.headers).toMatchObject({
    'content-security-policy': "default-src 'self'",
    'set-cookie': ['registry-cache-theme=dark'],
  });
  expect(answer.headers).not.toHaveProperty('x-internal');
  expect(answer.headers).not.toHaveProperty('docker-distribution-api-version');
});

test('it is the proxy that says who asks and whether they may act', async () => {
  const { port, admin } = await setScene();
  const forged = { 'x-registry-cache-user': 'amy', 'x-registry-cache-admin': '1' };
  await fetchAnswer(port, '/dashboard/', { headers: { ...login('bob'), ...forged } });
  await fetchAnswer(port, '/dashboard/', { headers: login('amy') });
  expect(admin.requests[0]?.headers['x-registry-cache-user']).toBe('bob');
  expect(admin.requests[0]?.headers).not.toHaveProperty('x-registry-cache-admin');
  expect(admin.requests[1]?.headers).toMatchObject({
    'x-registry-cache-user': 'amy',
    'x-registry-cache-admin': '1',
  });
});

test('passwords and the cookies of others stay outside', async () => {
  const { port, admin } = await setScene();
  const cookie = 'session=secret; registry-cache-theme=dark; other=1';
  await fetchAnswer(port, '/dashboard/', { headers: { ...login('amy'), cookie, 'x-custom': '1' } });
  const headers = admin.requests[0]?.headers;
  expect(headers?.cookie).toBe('registry-cache-theme=dark');
  expect(headers).not.toHaveProperty('authorization');
  expect(headers).not.toHaveProperty('x-custom');
});

test('a form reaches the dashboard with its body', async () => {
  const { port, admin, bodies } = await setScene();
  const answer = await fetchAnswer(port, '/dashboard/pin', {
    method: 'POST',
    headers: { ...login('amy'), ...FORM_TYPE, origin: 'https://cache:8443' },
    body: 'pattern=quay.io%2F**',
  });
  expect(answer.status).toBe(200);
  expect(bodies).toEqual(['pattern=quay.io%2F**']);
  expect(admin.requests[0]?.headers).toMatchObject({ origin: 'https://cache:8443', 'content-length': '20' });
});

const BASIC = `Authorization: ${login('amy')['authorization'] ?? ''}`;

test.each([
  [
    'a chunked form',
    'POST',
    ['Transfer-Encoding: chunked', 'Content-Type: application/x-www-form-urlencoded'],
  ],
  ['both lengths', 'POST', ['Transfer-Encoding: chunked', 'Content-Length: 3']],
  ['JSON', 'POST', ['Content-Length: 2', 'Content-Type: application/json']],
  ['a large form', 'POST', ['Content-Length: 65537', 'Content-Type: application/x-www-form-urlencoded']],
  ['a form without length', 'POST', ['Content-Type: application/x-www-form-urlencoded']],
  ['a body of GET', 'GET', ['Content-Length: 5']],
  ['PUT', 'PUT', ['Content-Length: 5']],
  [
    'an expectation',
    'POST',
    ['Content-Length: 5', 'Expect: 100-continue', 'Content-Type: application/x-www-form-urlencoded'],
  ],
])('%s is refused, and nothing behind it is taken for a request', async (_name, method, headers) => {
  const { port, admin } = await setScene();
  const head = [`${method} /dashboard/pin HTTP/1.1`, 'Host: x', BASIC, ...headers].join('\r\n');
  const answer = await exchangeRaw(port, `${head}\r\n\r\n${SMUGGLED}`);
  expect(answer).not.toContain('HTTP/1.1 200');
  expect(answer).not.toContain('HTTP/1.1 100');
  expect(admin.requests).toEqual([]);
});

test('a form without a login is not read, and its connection ends', async () => {
  const { port, admin } = await setScene();
  const head = [
    'POST /dashboard/pin HTTP/1.1',
    'Host: x',
    `Content-Length: ${SMUGGLED.length}`,
    'Content-Type: application/x-www-form-urlencoded',
  ];
  const answer = await exchangeRaw(port, `${head.join('\r\n')}\r\n\r\n${SMUGGLED}`);
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  expect(admin.requests).toEqual([]);
});

test.each([['/dashboard/../v2/'], ['/dashboard//x'], ['/dashboard/%2e%2e/x']])(
  '%s could be read in two ways and is refused',
  async (path) => {
    const { port, admin } = await setScene();
    const answer = await exchangeRaw(
      port,
      `GET ${path} HTTP/1.1\r\nHost: x\r\n${BASIC}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(admin.requests).toEqual([]);
  },
);

test('an admin process that is away is a 503 with a time to come back', async () => {
  const { port, admin } = await setScene();
  admin.kill();
  const answer = await fetchAnswer(port, '/dashboard/', { headers: login('amy') });
  expect(answer.status).toBe(503);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
});

test('a port without the dashboard has nothing there', async () => {
  const { port } = await startTestProxy();
  expect((await fetchAnswer(port, '/dashboard/')).status).toBe(404);
  expect((await fetchAnswer(port, '/dashboard/pin', { method: 'POST', headers: FORM_TYPE })).status).toBe(
    405,
  );
});

test('a cache without users does not show it on its port at all', async () => {
  const { port } = await startTestProxy({ dashboard: { socketPath: '/nowhere.sock', admins: [] } });
  expect((await fetchAnswer(port, '/dashboard/')).status).toBe(404);
});
