import { connect } from 'node:net';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { findFreePort } from '../../../../test/support/free-port.ts';
import { proxiedVisitor } from '../../src/http/visitors.ts';
import { debugSettings, startTestAdmin, type TestAdmin } from '../support/start-test-admin.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const PIN = JSON.stringify({ pattern: 'quay.io/org/**' });

function pin(admin: TestAdmin, headers: Record<string, string> = {}): ReturnType<TestAdmin['debug']> {
  return admin.debug('POST', '/api/v1/pins', { ...JSON_TYPE, ...headers }, PIN);
}

async function withActions(actions: 'loopback' | 'anywhere' | 'nowhere'): Promise<TestAdmin> {
  const admin = await startTestAdmin();
  await admin.reload({ debug: debugSettings(admin.settings.debug?.port ?? 0, { actions }) });
  return admin;
}

test.each(['localhost', 'localhost:5001', '127.0.0.1:5001', '127.3.2.1', '[::1]:5001'])(
  'with loopback, who is on this machine and asks for %s may act',
  async (host) => {
    expect((await pin(await startTestAdmin(), { host })).status).toBe(201);
  },
);

test.each(['rebound.example.com', '192.0.2.7:5001', 'localhost.example.com', '127.0.0.1.example.com'])(
  'with loopback, a page that reaches this machine as %j may not',
  async (host) => {
    const answer = await pin(await startTestAdmin(), { host });
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ problem: expect.stringContaining('http.debug.actions') });
  },
);

test.each(['x-forwarded-for', 'forwarded', 'via', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'])(
  'with loopback, what a proxy on this machine has passed on (%s) may not act',
  async (name) => {
    expect((await pin(await startTestAdmin(), { [name]: 'for=192.0.2.1' })).status).toBe(403);
  },
);

test('with loopback, what nginx has passed on as it does by itself may not act', async () => {
  const { settings } = await startTestAdmin();
  const port = settings.debug?.port ?? 0;
  const socket = connect(port, '127.0.0.1');
  socket.end(
    `POST /api/v1/pins HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${PIN.length}\r\n\r\n${PIN}`,
  );
  expect(await text(socket)).toContain(' 403 Forbidden');
});

test('with loopback, a page that a proxy on this machine serves elsewhere may not act', async () => {
  const headers = { 'sec-fetch-site': 'same-origin', origin: 'https://cache.example.com' };
  expect((await pin(await startTestAdmin(), headers)).status).toBe(403);
});

test.each([
  'rebound.example.com',
  'Rebound.Example.com:5001',
  'localhost.example.com',
  '127.0.0.1.example.com',
])('a page that has its name %j resolve to this machine may not even look', async (host) => {
  const admin = await startTestAdmin();
  for (const path of ['/api/v1/status', '/dashboard/', '/metrics'])
    expect((await admin.debug('GET', path, { host })).status).toBe(403);
});

test.each(['localhost', 'cachehost:5001', '192.0.2.7:5001', '[2001:db8::1]:5001', hostname()])(
  'who asks for %s may look',
  async (host) => {
    expect((await (await startTestAdmin()).debug('GET', '/api/v1/pins', { host })).status).toBe(200);
  },
);

test('a proxy on this machine may have others look by another name, where nobody may act', async () => {
  const admin = await withActions('nowhere');
  expect((await admin.debug('GET', '/api/v1/pins', { host: 'cache.example.com' })).status).toBe(200);
});

test('where others reach the debug address, they may call it what they like', async () => {
  const admin = await startTestAdmin();
  await admin.reload({ debug: debugSettings(await findFreePort(), { host: '0.0.0.0' }) });
  expect((await admin.debug('GET', '/api/v1/pins', { host: 'cache.example.com' })).status).toBe(200);
});

test('with nowhere nobody may act, and everybody may look', async () => {
  const admin = await withActions('nowhere');
  expect((await pin(admin)).status).toBe(403);
  expect((await admin.debug('GET', '/api/v1/pins')).json()).toEqual({ pins: [] });
});

test('with anywhere, whoever gets here may act', async () => {
  const admin = await withActions('anywhere');
  expect((await pin(admin, { host: 'cache.example.com:5001' })).status).toBe(201);
});

test.each([
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { origin: 'https://evil.example.com' },
  { origin: 'http://localhost.evil.example.com' },
  { origin: 'null' },
])('a page of another site may not have a browser act: %j', async (headers) => {
  const admin = await withActions('anywhere');
  const answer = await pin(admin, headers);
  expect(answer.status).toBe(403);
  expect(answer.json()).toMatchObject({ problem: expect.stringContaining('another site') });
  expect((await admin.control('GET', '/api/v1/pins')).json()).toEqual({ pins: [] });
});

test('a page of our own may', async () => {
  const admin = await startTestAdmin();
  const host = `localhost:${admin.settings.debug?.port}`;
  expect((await pin(admin, { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).status).toBe(
    201,
  );
});

test.each(['text/plain', 'application/x-www-form-urlencoded', ''])(
  'a body of %j, which any page can have sent, is no request',
  async (type) => {
    const answer = await pin(await startTestAdmin(), { 'content-type': type });
    expect(answer.status).toBe(400);
  },
);

test('the dashboard socket has no API: the proxy lets everybody who can log in look at it', async () => {
  const admin = await startTestAdmin();
  const headers = { 'x-registry-cache-admin': '1', ...JSON_TYPE };
  expect((await admin.proxied('POST', '/api/v1/pins', headers, PIN)).status).toBe(404);
  expect((await admin.proxied('GET', '/metrics')).status).toBe(404);
});

test('a user is called as they log in, whatever a header can carry', () => {
  const named = (user: string): string | undefined =>
    proxiedVisitor({ headers: { 'x-registry-cache-user': user } }).user;
  expect(named('j%C3%BCrgen')).toBe('jürgen');
  expect(named('100%25')).toBe('100%');
});
