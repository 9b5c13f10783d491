import type { HttpSettings } from '@registry-cache/config';
import { expect, test } from 'vitest';
import { issue, issueChain } from '../../../../config/test/support/certificates.ts';
import { findFreePort } from '../../../../../test/support/free-port.ts';
import { diagnoseCache } from '../../../src/check/connect/cache-steps.ts';
import type { Diagnosis } from '../../../src/check/connect/diagnosis.ts';
import { stepOf } from '../../support/diagnose.ts';
import { startPlain, startTls } from '../../support/tls-server.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
// Only whether there is any counts: what a client sees is what is looked at.
const TLS = { certificate: '', key: '', source: 'test' };

function look(settings: Partial<HttpSettings>): Promise<Diagnosis> {
  const http: HttpSettings = { host: '127.0.0.1', port: 1, drainTimeoutMs: 0, ...settings };
  return diagnoseCache(http, { signal: AbortSignal.timeout(20_000), timeoutMs: 20_000 });
}

function day(offsetDays: number): string {
  return new Date(Date.now() + offsetDays * DAY_MS).toISOString().slice(0, 10);
}

test('a cache that is not running is no failure', async () => {
  const port = await findFreePort();
  expect(await look({ port, tls: TLS })).toMatchObject({
    kind: 'cache',
    url: `https://127.0.0.1:${port}`,
    steps: [
      { name: 'listen', outcome: 'skipped', message: `not running: nothing answers at 127.0.0.1:${port}` },
    ],
  });
});

test.each([
  ['', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['localhost', 'localhost'],
])('one that listens on "%s" is looked at on %s', async (host, asked) => {
  const port = await startPlain();
  const diagnosis = await look({ host, port });
  expect(stepOf(diagnosis, 'listen')).toMatchObject({ outcome: 'ok', message: `runs at ${asked}:${port}` });
  expect(stepOf(diagnosis, 'tls')).toEqual({
    name: 'tls',
    outcome: 'warning',
    message: 'plain HTTP',
    advice: 'clients refuse a registry without TLS unless it is listed as insecure: set http.tls',
  });
  expect(stepOf(diagnosis, 'ping').outcome).toBe('ok');
});

test('a self-signed certificate is told as it is, with its names', async () => {
  const notAfter = new Date(Date.now() + 30 * DAY_MS);
  const port = await startTls(await issue('cache', { names: ['localhost', 'cache.example.com'], notAfter }));
  const diagnosis = await look({ port, tls: TLS });
  expect(stepOf(diagnosis, 'tls')).toEqual({
    name: 'tls',
    outcome: 'warning',
    message: `TLSv1.3: CN=cache, for localhost, cache.example.com, valid until ${day(30)}, chain CN=cache, self-signed`,
  });
  expect(diagnosis.trust).toEqual({ anchor: 'none', authority: 'CN=cache' });
});

test('a certificate without its intermediate authority is told, with what to append', async () => {
  const { intermediate } = await issueChain();
  const notAfter = new Date(Date.now() + 30 * DAY_MS);
  const pair = await issue('localhost', { ca: intermediate, names: ['localhost'], notAfter });
  const alone = await look({ port: await startTls(pair), tls: TLS });
  expect(stepOf(alone, 'tls')).toEqual({
    name: 'tls',
    outcome: 'warning',
    message:
      `TLSv1.3: CN=localhost, for localhost, valid until ${day(30)}, chain CN=localhost, ` +
      'of CN=intermediate, which is not publicly trusted',
    advice:
      'this cache sends its own certificate only: if CN=intermediate is an intermediate authority, ' +
      'append its certificate to http.tls.certificate',
  });
  const whole = await look({
    port: await startTls({ ...pair, cert: pair.cert + intermediate.cert }),
    tls: TLS,
  });
  expect(stepOf(whole, 'tls')).toMatchObject({
    message: expect.stringContaining('chain CN=localhost <- CN=intermediate, of CN=root,') as string,
  });
  expect(stepOf(whole, 'tls')).not.toHaveProperty('advice');
  expect(whole.trust).toEqual({ anchor: 'none', authority: 'CN=root' });
});

test('an expired certificate is refused by clients', async () => {
  const notBefore = new Date(Date.now() - 30 * DAY_MS);
  const notAfter = new Date(Date.now() - DAY_MS);
  const port = await startTls(await issue('cache', { names: ['localhost'], notBefore, notAfter }));
  expect(stepOf(await look({ port, tls: TLS }), 'tls')).toEqual({
    name: 'tls',
    outcome: 'failed',
    message: `CN=cache expired on ${day(-1)}`,
    advice: 'renew http.tls.certificate',
  });
});

test('the certificate must be for the host of http.host, which is where clients go', async () => {
  const port = await startTls(await issue('cache', { names: ['cache.example.com'] }));
  const diagnosis = await look({ port, tls: TLS, externalUrl: `https://localhost:${port}` });
  expect(stepOf(diagnosis, 'listen').message).toBe(`answers at localhost:${port} (http.host)`);
  expect(stepOf(diagnosis, 'tls')).toEqual({
    name: 'tls',
    outcome: 'failed',
    message: 'CN=cache is for cache.example.com, not for localhost',
    advice:
      'clients refuse the certificate of this cache: have one made that names localhost, and set http.tls.certificate',
  });
});

test('a certificate that names its host in the subject only is refused, as clients in Go do', async () => {
  const port = await startTls(await issue('localhost'));
  const diagnosis = await look({ port, tls: TLS, externalUrl: `https://localhost:${port}` });
  expect(stepOf(diagnosis, 'tls').message).toBe('CN=localhost is for no host at all, not for localhost');
});

test('a cache that runs and cannot be reached under http.host is looked at all the same', async () => {
  const port = await startTls(await issue('cache', { names: ['localhost'] }));
  const dead = await findFreePort();
  const diagnosis = await look({ port, tls: TLS, externalUrl: `https://localhost:${dead}` });
  expect(stepOf(diagnosis, 'listen')).toEqual({
    name: 'listen',
    outcome: 'warning',
    message: `runs at 127.0.0.1:${port}, but not under http.host: localhost:${dead} refused the connection`,
    advice:
      `check http.host, the name in DNS, and what forwards localhost:${dead} to this cache, ` +
      'unless only clients can reach it',
  });
  expect(stepOf(diagnosis, 'tls').outcome).toBe('warning');
});

test('what clients must trust is known before the cache runs', async () => {
  const { root, intermediate } = await issueChain();
  const { cert } = await issue('localhost', { ca: intermediate, names: ['localhost'] });
  const port = await findFreePort();
  const tls = { ...TLS, certificate: cert + intermediate.cert };
  expect((await look({ port, tls })).trust).toEqual({ anchor: 'none', authority: 'CN=root' });
  const alone = { ...TLS, certificate: root.cert };
  expect((await look({ port, tls: alone })).trust).toEqual({ anchor: 'none', authority: 'CN=root' });
});
