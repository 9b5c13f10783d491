import { describe, expect, test } from 'vitest';
import { findHealthAnswer } from '../src/health.ts';
import { fetchAnswer } from './support/client.ts';
import { startTestProxy } from './support/proxy.ts';

const AUTH = { realm: 'cache', users: { amy: 'hash' } };

test.each([['/healthz'], ['/readyz']])('%s needs no login', async (path) => {
  const { port } = await startTestProxy({ auth: AUTH });
  expect((await fetchAnswer(port, path)).status).toBe(200);
  expect((await fetchAnswer(port, path, { method: 'HEAD' })).body.length).toBe(0);
});

describe('while draining', () => {
  test('the process lives but is not ready', () => {
    expect(findHealthAnswer('/healthz', true)?.status).toBe(200);
    expect(findHealthAnswer('/readyz', true)?.status).toBe(503);
  });
});

test('no other path is about health', () => {
  expect(findHealthAnswer('/healthz/', false)).toBeUndefined();
  expect(findHealthAnswer('/v2/', false)).toBeUndefined();
});
