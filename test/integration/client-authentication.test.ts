import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage } from '../support/image/cold-image.ts';

// htpasswd -nbB -C 5 someone 'client: pässword'
const HTPASSWD = 'someone:$2y$05$78LvC4h9WBhk2n6YQKGb5Om.f8CsSb0uFD0/KC2m.ZApz1XF22jkK\n';
const PASSWORD = 'client: pässword';

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll(), { htpasswd: HTPASSWD });
const image = addColdImage(upstream, 'client-authentication');

test('a client without a login is told how to log in', async () => {
  const { status, headers, bytes } = await client.get('/v2/');
  expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="test cache"']);
  expect(Buffer.from(bytes).toString()).toContain('UNAUTHORIZED');
});

test.each([
  ['a wrong password', 'someone:wrong'],
  ['an unknown user', `nobody:${PASSWORD}`],
  ['the hash as a password', HTPASSWD.trim()],
])('%s is refused', async (_, auth) => {
  const { status } = await cache.client(auth).get(`/v2/${image.name}/manifests/v1`);
  expect(status).toBe(401);
  expect(upstream.requests.filter(({ path }) => path.includes(image.repository))).toEqual([]);
});

test('a client that logs in pulls, and its login goes nowhere else', async () => {
  await pullImage(cache.client(`someone:${PASSWORD}`), image.name, 'v1');
  expect(upstream.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
});

test('what is cached is for clients that log in, too', async () => {
  expect((await client.get(`/v2/${image.name}/manifests/v1`)).status).toBe(401);
  expect((await client.get(`/v2/${image.name}/blobs/${image.layerDigest}`)).status).toBe(401);
});

test('the pull log names the user and not the password', async () => {
  await eventually('the pull is logged', () => cache.log.text().includes('someone'));
  expect(cache.log.text()).not.toContain(PASSWORD);
});

test('probes need no login', async () => {
  expect((await client.get('/readyz')).status).toBe(200);
});
