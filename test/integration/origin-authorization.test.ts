import { expect, test } from 'vitest';
import { cacheImage } from '../support/client/cache-image.ts';
import { basicAuthorization, getChallenge, tokenOf } from '../support/client/login-client.ts';
import { blobPath, pullImage } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { buildReferrer } from '../support/image/build-image.ts';
import {
  askForAll,
  everything,
  expectRefused,
  layerPath,
  manifestPath,
  statusesOf,
  textOf,
} from '../support/origin/ask-for-all.ts';
import { addPrivateImage, ALICE, BOB, CAROL, OTHER_ALICE, ROBOT } from '../support/origin/people.ts';
import { startAuthorizingCache } from '../support/origin/start-authorizing-cache.ts';
import { errorAnswer, header } from '../support/upstream/answer.ts';
import { stallAfter } from '../support/upstream/behaviours.ts';

const { cache, tokens, passwords, quay, nobody, loginClient, basicClient } =
  await startAuthorizingCache(closeAfterAll());

const ORIGINS = [
  ['tokens', tokens, 'tokens.example.com', ALICE],
  ['passwords', passwords, 'passwords.example.com', OTHER_ALICE],
] as const;

test.each(ORIGINS)('%s: who has the right pulls everything', async (kind, origin, upstreamName, login) => {
  const image = addPrivateImage(origin, `allowed-by-${kind}`, { upstreamName });
  origin.addReferrer(image.repository, buildReferrer(image.root, 'application/vnd.test.signature'));
  await cacheImage(loginClient(login), image.name, 'v1');
  const ok = { ...everything(200), 'a range': 206, ranges: 206 };
  expect(statusesOf(await askForAll(loginClient(login), image))).toEqual(ok);
  expect(statusesOf(await askForAll(basicClient(login), image))).toEqual(ok);
});

test.each(ORIGINS)(
  '%s: who has an account without the right gets nothing of what another has just pulled',
  async (kind, origin, upstreamName, login) => {
    const image = addPrivateImage(origin, `denied-by-${kind}`, { upstreamName });
    expectRefused(await askForAll(loginClient(BOB), image), 403);
    await pullImage(loginClient(login), image.name, 'v1');
    expectRefused(await askForAll(loginClient(BOB), image), 403);
    expectRefused(await askForAll(basicClient(BOB), image), 403);
  },
);

test.each(ORIGINS)(
  '%s: who does not say who it is gets nothing',
  async (kind, origin, upstreamName, login) => {
    const image = addPrivateImage(origin, `anonymous-at-${kind}`, { upstreamName });
    await pullImage(loginClient(login), image.name, 'v1');
    expectRefused(await askForAll(nobody, image), 401);
    expectRefused(await askForAll(loginClient(), image), 401);
  },
);

test.each(ORIGINS)('%s: a wrong password opens nothing', async (kind, origin, upstreamName, login) => {
  const image = addPrivateImage(origin, `wrong-at-${kind}`, { upstreamName });
  await pullImage(loginClient(login), image.name, 'v1');
  expectRefused(await askForAll(basicClient({ user: login.user, password: 'guessed' }), image), 401);
});

test('nobody without the right joins a fill that runs, and who has it does', async () => {
  const image = addPrivateImage(tokens, 'filling', {
    layers: [4_000_000],
    upstreamName: 'tokens.example.com',
  });
  const gate = createGate();
  const match = { method: 'GET', path: new RegExp(image.layerDigest) };
  tokens.misbehave(match, stallAfter(1_000_000, gate.opened));
  const alice = receive('alice', await loginClient(ALICE).open('GET', layerPath(image)));
  await eventually('the origin sends', () => tokens.requestsTo(match).some(({ status }) => status === 200));

  const asks = { blob: {}, range: { headers: { range: 'bytes=0-9' } } };
  for (const [client, status] of [
    [loginClient(BOB), 403],
    [basicClient(BOB), 403],
    [nobody, 401],
  ] as const) {
    for (const ask of Object.values(asks))
      expect((await client.get(layerPath(image), ask)).status).toBe(status);
    expect((await client.head(layerPath(image))).status).toBe(status);
  }
  const carol = receive('carol', await loginClient(CAROL).open('GET', layerPath(image)));
  gate.open();
  for (const received of [await alice, await carol])
    expect(received).toMatchObject({ status: 200, complete: true, digest: image.layerDigest });
  expect(tokens.requestsTo(match).filter(({ status }) => status === 200)).toHaveLength(1);
  expect(new Set(tokens.asked({ path: new RegExp(image.repository) }).map(({ user }) => user))).toContain(
    'carol',
  );
});

test('nobody gets the answer that another waits for', async () => {
  const image = addPrivateImage(tokens, 'waiting', { upstreamName: 'tokens.example.com' });
  const gate = createGate();
  const path = new RegExp(`${image.repository}/manifests/v1`);
  const behave = tokens.misbehave({ path }, async (answer, request) => {
    if (tokens.asked({ path }).some(({ user, headers }) => user === 'alice' && headers === request.headers))
      await gate.opened;
    return answer;
  });
  const alice = loginClient(ALICE).get(manifestPath(image, 'v1'));
  await eventually('the origin is asked for alice', () =>
    tokens.asked({ path }).some(({ user }) => user === 'alice'),
  );
  expect((await loginClient(BOB).get(manifestPath(image, 'v1'))).status).toBe(403);
  expect((await nobody.get(manifestPath(image, 'v1'))).status).toBe(401);
  behave();
  gate.open();
  expect(await alice).toMatchObject({ status: 200, digest: image.root.digest });
});

test('what the origin does not hold is unknown to who may pull', async () => {
  const image = addPrivateImage(tokens, 'holes', { upstreamName: 'tokens.example.com' });
  const alice = loginClient(ALICE);
  const unknown = `sha256:${'0'.repeat(64)}`;
  for (const [path, code] of [
    [manifestPath(image, 'v2'), 'MANIFEST_UNKNOWN'],
    [manifestPath(image, unknown), 'MANIFEST_UNKNOWN'],
    [blobPath(image.name, unknown), 'BLOB_UNKNOWN'],
  ] as const) {
    const answer = await alice.get(path);
    expect([answer.status, textOf(answer)]).toEqual([404, expect.stringContaining(`"${code}"`)]);
  }
});

test('a private blob is not had by the name of a public repository', async () => {
  const image = addPrivateImage(tokens, 'private', { upstreamName: 'tokens.example.com' });
  await cacheImage(loginClient(ALICE), image.name, 'v1');
  const open = addColdImage(tokens, 'public', { upstreamName: 'tokens.example.com' });
  tokens.publish(open.repository);
  for (const client of [loginClient(BOB), loginClient()]) {
    await expect(pullImage(client, open.name, 'v1')).resolves.toBeDefined();
    const answer = await client.get(blobPath(open.name, image.layerDigest));
    expect([answer.status, textOf(answer)]).toEqual([404, expect.stringContaining('BLOB_UNKNOWN')]);
    expect((await client.head(blobPath(open.name, image.layerDigest))).status).toBe(404);
    const other = await client.get(`/v2/${open.name}/manifests/${image.root.digest}`);
    expect([other.status, textOf(other)]).toEqual([404, expect.stringContaining('MANIFEST_UNKNOWN')]);
  }
});

test('a token for one upstream is worth nothing at another', async () => {
  const image = addPrivateImage(passwords, 'other-upstream', { upstreamName: 'passwords.example.com' });
  const alice = loginClient(ALICE);
  const challenge = await getChallenge(nobody, '/v2/tokens.example.com/cold/any/manifests/v1');
  const authorization = `Bearer ${tokenOf(await alice.requestToken(challenge))}`;
  passwords.forgetRequests();
  expect((await nobody.get(layerPath(image), { headers: { authorization } })).status).toBe(401);
  expect(passwords.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
});

test('a token for one repository is worth nothing for another', async () => {
  const image = addPrivateImage(tokens, 'other-repository', { upstreamName: 'tokens.example.com' });
  const challenge = await getChallenge(nobody, '/v2/tokens.example.com/cold/any/manifests/v1');
  const authorization = `Bearer ${tokenOf(await loginClient(ALICE).requestToken(challenge))}`;
  const answer = await nobody.get(layerPath(image), { headers: { authorization } });
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toContain(`scope="repository:${image.name}:pull"`);
});

test('docker, which has one login for all of a host, says in the user name whose it is', async () => {
  const image = addPrivateImage(tokens, 'prefixed', { upstreamName: 'tokens.example.com' });
  const elsewhere = addPrivateImage(passwords, 'prefixed', { upstreamName: 'passwords.example.com' });
  const login = { user: `tokens.example.com/${ALICE.user}`, password: ALICE.password };
  passwords.forgetRequests();
  for (const client of [loginClient(login), basicClient(login)]) {
    await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
    expect((await client.get(layerPath(elsewhere))).status).toBe(401);
  }
  expect(passwords.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);

  const challenge = await getChallenge(nobody, '/v2/');
  expect((await loginClient(login).requestToken(challenge)).status).toBe(200);
  const wrong = loginClient({ ...login, password: 'wrong' });
  expect((await wrong.requestToken(challenge)).status).toBe(401);
});

test('a login that may be for either of two origins is shown to none of them', async () => {
  const login = { user: 'alice', password: 'for whom it may concern' };
  const challenge = await getChallenge(nobody, '/v2/');
  for (const origin of [tokens, passwords]) origin.forgetRequests();
  expect((await loginClient(login).requestToken(challenge)).status).toBe(200);
  expect((await basicClient(login).get('/v2/')).status).toBe(200);
  expect([...tokens.requests, ...passwords.requests]).toEqual([]);
});

test('an upstream that the cache itself authorizes gets no login of a client', async () => {
  const image = addColdImage(quay, 'of-the-cache');
  for (const client of [nobody, loginClient(ALICE), basicClient(ALICE)])
    await expect(pullImage(client, image.name, 'v1')).resolves.toBeDefined();
  const sent = quay.requests.flatMap(({ headers }) => headers.authorization ?? []);
  expect(new Set(sent)).toEqual(new Set([basicAuthorization(ROBOT)]));
});

test('no origin saw a login of another, or the one of the pull secret', () => {
  expect(tokens.asked().filter(({ user }) => user === ROBOT.user)).toEqual([]);
  expect(passwords.asked().filter(({ user }) => user === ROBOT.user)).toEqual([]);
  const sentTo = ({ requests }: Pick<typeof tokens, 'requests'>): unknown[] =>
    requests.map(({ headers }) => headers.authorization);
  expect(sentTo(tokens)).not.toContain(basicAuthorization(OTHER_ALICE));
  expect(sentTo(passwords)).not.toContain(basicAuthorization(ALICE));
});

test('a refusal is logged with who was refused, where and why, and without a secret', async () => {
  const image = addPrivateImage(tokens, 'refusal', { upstreamName: 'tokens.example.com' });
  await basicClient(BOB).get(layerPath(image));
  const refusal = await eventually('it is logged', () =>
    cache.log.lines.find(
      ({ user, repository }) => user === 'bob' && String(repository).endsWith(image.repository),
    ),
  );
  expect(refusal).toMatchObject({
    process: 'worker',
    upstream: 'tokens.example.com',
    address: '127.0.0.1',
    status: 403,
    reason: expect.any(String),
  });
});

test('no secret is in the log, though an origin repeats it in what it answers', async () => {
  const image = addPrivateImage(tokens, 'repeated', { upstreamName: 'tokens.example.com' });
  const path = new RegExp(image.repository);
  tokens.misbehave({ path }, (_, request) => {
    const repeated = [header(request, 'authorization'), request.query.get('signature')];
    return errorAnswer(403, 'DENIED', `refused: ${repeated.join(' ')}`);
  });
  const signed = tokens.sign(blobPath(image.repository, image.layerDigest), 'alice', 60);
  await basicClient(ALICE).get(layerPath(image));
  await nobody.get(layerPath(image) + signed);
  await eventually('both are logged', () => {
    const refused = cache.log.lines.filter(({ repository }) => repository === image.repository);
    return refused.length >= 2;
  });
  const sent = tokens.requests.flatMap((request) => header(request, 'authorization')?.split(' ')[1] ?? []);
  expect(sent).not.toEqual([]);
  const passwords = [ALICE, OTHER_ALICE, BOB, CAROL, ROBOT].map(({ password }) => password);
  for (const secret of new Set([
    ...passwords,
    ...sent,
    signed.slice(signed.indexOf('signature=') + 'signature='.length),
  ]))
    expect(cache.log.text()).not.toContain(secret);
});
