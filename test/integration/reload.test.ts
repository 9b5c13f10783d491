import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { blobPath, pullImage } from '../support/client/pull-image.ts';
import { receive, type Received } from '../support/client/registry-client.ts';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { stallAfter } from '../support/upstream/behaviours.ts';
import { startUpstream, type Upstream } from '../support/upstream/start-upstream.ts';

// htpasswd -nbB -C 5 someone 'client: pässword', and other 'other password'
const SOMEONE = 'someone:$2y$05$78LvC4h9WBhk2n6YQKGb5Om.f8CsSb0uFD0/KC2m.ZApz1XF22jkK';
const OTHER = 'other:$2y$05$HJLWpAUqeaWHRYdbwIOaLe9jhjWnsQwLCExppLyBqGrcMHu7FAX76';
const LOGIN = 'someone:client: pässword';

const { ca, upstream, cache } = await startCachedUpstream(closeAfterAll(), {
  trustedBySystem: true,
  htpasswd: SOMEONE,
});
const client = cache.client(LOGIN);

/** A pull of a cold blob that lasts until it is let go. */
async function startSlowPull(
  seed: string,
  { from = upstream, upstreamName = 'quay.io' }: { from?: Upstream; upstreamName?: string } = {},
): Promise<{ finish(): Promise<Received>; digest: string }> {
  const image = addColdImage(from, seed, { upstreamName, layers: [2_000_000] });
  const gate = createGate();
  from.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(500_000, gate.opened));
  const response = await cache.client(LOGIN).open('GET', blobPath(image.name, image.layerDigest));
  const received = receive('layer', response);
  return {
    digest: image.layerDigest,
    finish: () => {
      gate.open();
      return received;
    },
  };
}

async function startUpstreamWithAccount(password: string): Promise<Upstream> {
  return closeAtEnd(
    await startUpstream({
      tls: await ca.issue(),
      authentication: { kind: 'basic', accounts: [{ username: 'someone', password }] },
    }),
  );
}

test('an upstream that is added to the pull secret serves, and one that is removed does not', async () => {
  const slow = await startSlowPull('while-upstreams-change');
  const added = await startUpstreamWithAccount('first');
  const image = addColdImage(added, 'added', { upstreamName: added.authority });

  await cache.folder.writePullSecret({ [added.authority]: { username: 'someone', password: 'first' } });
  await eventually('the added upstream serves', async () => {
    return (await client.get(`/v2/${image.name}/manifests/v1`)).status === 200;
  });

  await cache.folder.writePullSecret({});
  await eventually('the removed upstream is unknown', async () => {
    const { status, bytes } = await client.get(`/v2/${image.name}/manifests/v1`);
    return status === 404 && Buffer.from(bytes).includes('NAME_UNKNOWN');
  });
  expect(await slow.finish()).toMatchObject({ complete: true, digest: slow.digest });
});

test('a pull from an upstream that is removed goes on to its end', async () => {
  const quay = { 'quay.io': { url: upstream.origin } };
  const upstreamName = 'removed.example.com';
  await cache.writeUpstreams({ ...quay, [upstreamName]: { url: upstream.origin } });
  const { name } = addColdImage(upstream, 'of-removed', { upstreamName });
  const statusOf = async (): Promise<number> => (await client.get(`/v2/${name}/manifests/v1`)).status;
  await eventually('the upstream serves', async () => (await statusOf()) === 200);

  const slow = await startSlowPull('from-removed', { upstreamName });
  await cache.writeUpstreams(quay);
  await eventually('the upstream is unknown', async () => (await statusOf()) === 404);
  expect(await slow.finish()).toMatchObject({ complete: true, digest: slow.digest });
});

test('a new password takes effect while pulls with the old one go on', async () => {
  const from = await startUpstreamWithAccount('old');
  const upstreamName = from.authority;
  await cache.folder.writePullSecret({ [upstreamName]: { username: 'someone', password: 'old' } });
  const known = addColdImage(from, 'old-password', { upstreamName });
  const statusOf = async (name: string): Promise<number> =>
    (await client.get(`/v2/${name}/manifests/v1`)).status;
  await eventually('the old password is used', async () => (await statusOf(known.name)) === 200);

  const slow = await startSlowPull('while-password-changes', { from, upstreamName });
  const image = addColdImage(from, 'new-password', { upstreamName });
  from.authenticateBy({ kind: 'basic', accounts: [{ username: 'someone', password: 'new' }] });
  expect(await statusOf(image.name)).not.toBe(200);

  await cache.folder.writePullSecret({ [upstreamName]: { username: 'someone', password: 'new' } });
  await eventually('the new password is used', async () => (await statusOf(image.name)) === 200);
  await pullImage(client, image.name, 'v1');
  expect(await slow.finish()).toMatchObject({ complete: true, digest: slow.digest });
});

test('a new certificate is shown to new connections while old ones go on', async () => {
  const slow = await startSlowPull('while-certificate-changes');
  const before = await fingerprintOf(cache.port);
  const replacement = await ca.issue();
  await cache.folder.writeCertificate(replacement);
  await eventually('the new certificate is shown', async () => {
    return (await fingerprintOf(cache.port)) === new X509Certificate(replacement.certificate).fingerprint256;
  });
  expect(before).not.toBe(await fingerprintOf(cache.port));
  expect(await slow.finish()).toMatchObject({ complete: true, digest: slow.digest });
});

test('a pull secret that is no JSON changes nothing and is logged', async () => {
  const image = addColdImage(upstream, 'bad-secret');
  const before = cache.log.lines.length;
  await cache.folder.writeBadPullSecret('{ "auths": ');
  await eventually('the mistake is logged', () =>
    cache.log.lines
      .slice(before)
      .some(
        (line) =>
          ['warn', 'error'].includes(String(line['level'])) && /pull.secret/i.test(JSON.stringify(line)),
      ),
  );
  await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
  await cache.folder.writePullSecret({});
});

test('a user who is added to htpasswd can log in, and one who is removed cannot', async () => {
  const statusFor = async (auth: string): Promise<number> => (await cache.client(auth).get('/v2/')).status;
  expect([await statusFor(LOGIN), await statusFor('other:other password')]).toEqual([200, 401]);
  await cache.folder.writeHtpasswd(OTHER);
  await eventually('the added user is let in', async () => (await statusFor('other:other password')) === 200);
  expect(await statusFor(LOGIN)).toBe(401);
});

async function fingerprintOf(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ca: ca.certificate });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}
