import { expect, test } from 'vitest';
import { startTestAdmin } from '../support/start-test-admin.ts';

test('every answer is safe to show in a browser', async () => {
  const admin = await startTestAdmin();
  for (const path of ['/api/v1/status', '/metrics', '/healthz', '/nowhere']) {
    const { headers } = await admin.debug('GET', path);
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
  }
});

test.each([
  ['GET', '/api/v1/nothing', 404],
  ['GET', '/api/v1/status/', 404],
  ['GET', '/../api/v1/status', 404],
  ['POST', '/api/v1/status', 405],
  ['PUT', '/api/v1/pins', 405],
  ['GET', '/api/v1/clean', 405],
  ['GET', '/api/v1/image', 400],
  ['GET', '/api/v1/image?name=NO', 400],
  ['GET', '/api/v1/history?range=decade', 400],
  ['GET', '/api/v1/log?after=-1', 400],
  ['DELETE', '/api/v1/image?name=quay.io/org/gone:1.0', 404],
] as const)('%s %s is answered by %i with a problem', async (method, path, status) => {
  const admin = await startTestAdmin();
  const answer = await admin.control(method, path);
  expect(answer.status).toBe(status);
  expect(answer.json()).toEqual({ problem: expect.any(String) });
});

test.each([
  ['/api/v1/pins', { pattern: '' }],
  ['/api/v1/pins', { pattern: 'quay.io' }],
  ['/api/v1/pins', { pattern: 'quay.io/a/**', more: 1 }],
  ['/api/v1/pins', 'no object'],
  ['/api/v1/clean', {}],
  ['/api/v1/warm', { images: [], concurrency: 1 }],
  ['/api/v1/warm', { images: ['quay.io/org/app:1'], concurrency: 0 }],
] as const)('POST %s of %j is refused', async (path, body) => {
  const admin = await startTestAdmin();
  expect((await admin.control('POST', path, body)).status).toBe(400);
});

test('a body that is too long, or no JSON, is refused', async () => {
  const admin = await startTestAdmin();
  const long = { pattern: 'a'.repeat(70_000) };
  expect((await admin.control('POST', '/api/v1/pins', long)).status).toBe(400);
  const headers = { 'content-type': 'application/json' };
  expect((await admin.debug('POST', '/api/v1/pins', headers, '{')).status).toBe(400);
});

test('HEAD is GET without its body', async () => {
  const admin = await startTestAdmin();
  const { status, headers, text } = await admin.debug('HEAD', '/healthz');
  expect({ status, length: headers['content-length'], text }).toEqual({ status: 200, length: '3', text: '' });
});

test('what fails for reasons of our own is logged and not shown', async () => {
  const admin = await startTestAdmin();
  admin.supervisor.failure = new Error('secret of ours');
  const answer = await admin.control('GET', '/api/v1/log?after=0');
  expect(answer.status).toBe(500);
  expect(answer.text).not.toContain('secret');
  expect(admin.logged.map(({ msg }) => msg)).toContain('request failed');
});
