import { expect, test } from 'vitest';
import type { UpstreamEntry } from '../support/cache/cache-config.ts';
import { getChallenge, tokenOf, type Login } from '../support/client/login-client.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { blobPath, pullImage } from '../support/client/pull-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import type { ColdImage } from '../support/image/cold-image.ts';
import { layerPath, manifestPath } from '../support/origin/ask-for-all.ts';
import { addPrivateImage, ALICE, BOB } from '../support/origin/people.ts';
import { startAuthorizingCache } from '../support/origin/start-authorizing-cache.ts';
import { answerAfter, stallAfter } from '../support/upstream/behaviours.ts';

const shared = await startAuthorizingCache(closeAfterAll());
const { cache, tokens, passwords, nobody, loginClient } = shared;
const TOKENS = 'tokens.example.com';
const PASSWORDS = 'passwords.example.com';

/** The headers of a pull with a token that the cache has given to this login. */
async function tokenFor(login: Login, image: ColdImage): Promise<{ authorization: string }> {
  const challenge = await getChallenge(nobody, manifestPath(image, 'v1'));
  return { authorization: `Bearer ${tokenOf(await loginClient(login).requestToken(challenge))}` };
}

test('a token is good for the proxy that comes after the one that gave it', async () => {
  const image = addPrivateImage(tokens, 'new-proxy', { upstreamName: TOKENS });
  const [alice, bob] = [await tokenFor(ALICE, image), await tokenFor(BOB, image)];
  await cache.kill('proxy');
  await eventually('the proxy is back', async () => {
    const [ready] = await Promise.allSettled([cache.client().get('/readyz')]);
    return ready.status === 'fulfilled' && ready.value.status === 200;
  });
  const client = cache.client();
  expect((await client.get(manifestPath(image, 'v1'), { headers: alice })).status).toBe(200);
  expect((await client.get(manifestPath(image, 'v1'), { headers: bob })).status).toBe(403);
});

test('a worker that has seen no login yet asks for the right of each client again', async () => {
  const image = addPrivateImage(tokens, 'new-worker', { upstreamName: TOKENS });
  await cacheImage(loginClient(ALICE), image.name, 'v1');
  const [alice, bob] = [await tokenFor(ALICE, image), await tokenFor(BOB, image)];
  await cache.kill('worker');
  const client = cache.client();
  const [allowed, refused] = await Promise.all(
    [alice, bob].map((headers) => client.get(layerPath(image), { headers })),
  );
  expect(allowed).toMatchObject({ status: 200, digest: image.layerDigest });
  expect(refused?.status).toBe(403);
});

test('an upstream whose authorization changes again and again opens no other, and breaks no pull', async () => {
  const slow = addPrivateImage(passwords, 'flipping', { upstreamName: PASSWORDS, layers: [2_000_000] });
  const steady = addPrivateImage(tokens, 'steady', { upstreamName: TOKENS });
  await cacheImage(loginClient(ALICE), steady.name, 'v1');
  const gate = createGate();
  passwords.misbehave(
    { path: new RegExp(slow.layerDigest), method: 'GET' },
    stallAfter(1_000_000, gate.opened),
  );
  const basic = shared.basicClient({ ...ALICE, password: 'not the same' });
  const pulling = receive('layer', await basic.open('GET', blobPath(slow.name, slow.layerDigest)));

  const bob = loginClient(BOB);
  for (let round = 0; round < 4; round++) {
    await flip(round % 2 === 0 ? 'cache' : 'origin');
    process.kill(cache.pid, 'SIGHUP');
    process.kill(cache.pid, 'SIGHUP');
    expect((await bob.get(layerPath(steady))).status).toBe(403);
    await pullImage(loginClient(ALICE), steady.name, 'v1');
  }
  gate.open();
  expect(await pulling).toMatchObject({ status: 200, complete: true, digest: slow.layerDigest });
  await eventually('the upstream is asked about clients again', async () => {
    return (await shared.basicClient(BOB).get(layerPath(slow))).status === 403;
  });
});

test('who is being asked about when SIGTERM comes gets an answer', async () => {
  const image = addPrivateImage(tokens, 'draining', { upstreamName: TOKENS });
  const alice = loginClient(ALICE);
  await cacheImage(alice, image.name, 'v1');
  const bob = shared.basicClient(BOB);
  const gate = createGate();
  tokens.forgetRequests();
  tokens.misbehave({ path: new RegExp(image.repository) }, answerAfter(gate.opened));
  const asked = bob.get(layerPath(image));
  await eventually('the origin is asked', () => tokens.asked().length > 0);
  cache.terminate();
  gate.open();
  expect((await asked).status).toBe(403);
  expect(await cache.exited()).toBe(0);
});

function flip(authorization: 'cache' | 'origin'): Promise<void> {
  const upstreams: Record<string, UpstreamEntry> = {
    [TOKENS]: { url: tokens.origin, authorization: 'origin' },
    [PASSWORDS]: { url: passwords.origin, authorization },
  };
  return cache.writeUpstreams(upstreams);
}
