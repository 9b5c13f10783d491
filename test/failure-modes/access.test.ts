import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { blobPath, pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { tooManyRequests } from '../support/upstream/behaviours.ts';

// htpasswd -nbB -C 5 someone 'client: pässword'
const HTPASSWD = 'someone:$2y$05$78LvC4h9WBhk2n6YQKGb5Om.f8CsSb0uFD0/KC2m.ZApz1XF22jkK\n';
const ACCOUNT = { username: 'robot', password: 'token', repositories: ['cold/private', 'cold/pulls'] };

const { upstream, cache } = await startCachedUpstream(closeAfterAll(), {
  htpasswd: HTPASSWD,
  upstream: { authentication: { kind: 'bearer', accounts: [ACCOUNT] } },
  pullSecret: { 'quay.io': { username: ACCOUNT.username, password: ACCOUNT.password } },
});
const client = cache.client('someone:client: pässword');

test('13: a cached private image is for users who log in, and only under repositories that the upstream opens', async () => {
  const image = addColdImage(upstream, 'private');
  await cacheImage(client, image.name, 'v1');
  upstream.addImage('cold/not-granted', 'v1', image);
  upstream.addImage('cold/pulls', 'v3', addColdImage(upstream, 'something-else'));

  const anonymous = cache.client();
  const paths = [blobPath(image.name, image.layerDigest), `/v2/${image.name}/manifests/v1`];
  for (const path of paths) expect((await anonymous.get(path)).status).toBe(401);

  const elsewhere = [
    blobPath('quay.io/cold/not-granted', image.layerDigest),
    `/v2/quay.io/cold/not-granted/manifests/${image.root.digest}`,
    blobPath('quay.io/cold/pulls', image.layerDigest),
    `/v2/quay.io/cold/pulls/manifests/${image.root.digest}`,
  ];
  for (const path of elsewhere) {
    const { status, bytes } = await client.get(path);
    expect([401, 403, 404], `${path} answered ${status}`).toContain(status);
    expect(Buffer.from(bytes).toString()).toContain('"errors"');
  }
});

test('10: pulls share one token, and a token server that is busy is a 429 and not a 404', async () => {
  const layers = Array.from({ length: 6 }, () => 2_000);
  const image = addColdImage(upstream, 'pulls', { layers });
  await pullImage(client, image.name, 'v1');
  upstream.addImage(image.repository, 'v2', addColdImage(upstream, 'pulls-again', { layers }));
  await pullImage(client, image.name, 'v2');
  const tokens = upstream.requestsTo({ path: '/token' });
  expect(tokens.filter(({ query }) => query.get('scope')?.includes(image.repository))).toHaveLength(1);

  const other = addColdImage(upstream, 'throttled');
  upstream.misbehave({ path: '/token' }, tooManyRequests(17));
  const { status, headers } = await client.get(`/v2/${other.name}/manifests/v1`);
  expect([status, headers['retry-after']]).toEqual([429, '17']);
});
