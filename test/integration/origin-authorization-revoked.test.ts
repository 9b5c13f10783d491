import { expect, test } from 'vitest';
import { cacheImage } from '../support/client/cache-image.ts';
import { receive } from '../support/client/registry-client.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import {
  askForAll,
  everything,
  expectRefused,
  layerPath,
  manifestPath,
  statusesOf,
} from '../support/origin/ask-for-all.ts';
import { addPrivateImage, BOB, CAROL, OTHER_ALICE } from '../support/origin/people.ts';
import { startAuthorizingCache } from '../support/origin/start-authorizing-cache.ts';
import { errorAnswer } from '../support/upstream/answer.ts';
import { resetAfter, stallAfter } from '../support/upstream/behaviours.ts';

// The cache remembers nothing of what its origins allow, so that each request shows what they say now.
const { tokens, passwords, loginClient } = await startAuthorizingCache(closeAfterAll(), {
  authorizationttl: '0s',
});

test.each([
  ['tokens', tokens, 'tokens.example.com'],
  ['passwords', passwords, 'passwords.example.com'],
] as const)('%s: a right that is revoked is gone at once', async (kind, origin, upstreamName) => {
  const image = addPrivateImage(origin, `revoked-by-${kind}`, { upstreamName });
  const carol = loginClient(CAROL);
  await cacheImage(carol, image.name, 'v1');
  origin.revoke(CAROL.user, image.repository);
  expectRefused(await askForAll(carol, image), 403);
});

test('a fill whose client loses its right is carried on by the next that has it', async () => {
  const image = addPrivateImage(passwords, 'revoked-in-a-fill', {
    layers: [4_000_000],
    upstreamName: 'passwords.example.com',
  });
  const gate = createGate();
  const match = { method: 'GET', path: new RegExp(image.layerDigest) };
  passwords.misbehave({ ...match, times: 1 }, stallAfter(1_000_000, gate.opened), resetAfter(1_000_000));
  const first = receive('alice', await loginClient(OTHER_ALICE).open('GET', layerPath(image)));
  await eventually('the origin sends', () => passwords.requestsTo(match)[0]?.bytesSent === 1_000_000);
  passwords.revoke(OTHER_ALICE.user, image.repository);
  gate.open();
  expect((await first).complete).toBe(false);
  expect(await loginClient(CAROL).get(layerPath(image))).toMatchObject({
    status: 200,
    complete: true,
    digest: image.layerDigest,
  });
  expect(passwords.asked(match).at(-1)).toMatchObject({ user: 'carol', status: 206 });
});

test('an origin that hides what is private is believed', async () => {
  const image = addPrivateImage(passwords, 'hidden', { upstreamName: 'passwords.example.com' });
  await cacheImage(loginClient(CAROL), image.name, 'v1');
  passwords.misbehave({ path: new RegExp(image.repository) }, (answer) =>
    answer.status === 403
      ? errorAnswer(404, 'NAME_UNKNOWN', 'repository name not known to registry')
      : answer,
  );
  expect(statusesOf(await askForAll(loginClient(BOB), image))).toEqual(everything(404));
});

test('where nothing is remembered, the origin is asked each time', async () => {
  const image = addPrivateImage(passwords, 'each-time', { upstreamName: 'passwords.example.com' });
  const alice = loginClient(OTHER_ALICE);
  await cacheImage(alice, image.name, 'v1');
  for (const path of [layerPath(image), manifestPath(image, image.root.digest), layerPath(image)]) {
    passwords.forgetRequests();
    expect((await alice.get(path)).outcome).toBe('hit');
    expect(passwords.asked({ path: /^\/v2\/cold/ }).map(({ user }) => user)).toContain('alice');
  }
});

test('nothing is served while an origin is down that would have to be asked', async () => {
  const image = addPrivateImage(passwords, 'down', { upstreamName: 'passwords.example.com' });
  const alice = loginClient(OTHER_ALICE);
  await cacheImage(alice, image.name, 'v1');
  await passwords.stop();
  try {
    for (const [what, answer] of await askForAll(alice, image)) {
      expect([what, [503, 504].includes(answer.status)]).toEqual([what, true]);
      expect(answer.headers['docker-content-digest']).toBeUndefined();
    }
  } finally {
    await passwords.start();
  }
  await eventually('it is served again', async () => (await alice.get(layerPath(image))).status === 200);
});

test('a password that was changed opens nothing any more', async () => {
  const image = addPrivateImage(passwords, 'changed', { upstreamName: 'passwords.example.com' });
  const carol = loginClient(CAROL);
  await cacheImage(carol, image.name, 'v1');
  passwords.addAccount(CAROL.user, 'a new one');
  expectRefused(await askForAll(carol, image), 401);
});
