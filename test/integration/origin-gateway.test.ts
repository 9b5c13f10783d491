import { expect, test } from 'vitest';
import { cacheImage } from '../support/client/cache-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { askForAll, layerPath, statusesOf } from '../support/origin/ask-for-all.ts';
import { addPrivateImage, BOB, CAROL, OTHER_ALICE } from '../support/origin/people.ts';
import { startAuthorizingCache } from '../support/origin/start-authorizing-cache.ts';
import type { Answer } from '../support/upstream/answer.ts';
import { fail } from '../support/upstream/behaviours.ts';

const { passwords, basicClient, nobody } = await startAuthorizingCache(closeAfterAll());

const PAGE = Buffer.from('<!doctype html><title>We will be back soon</title>');
const page: Answer = {
  status: 200,
  headers: { 'content-type': 'text/html', 'content-length': String(PAGE.length) },
  body: [PAGE],
};

test('a gateway that answers everybody with 200 and a page opens nothing of what is cached', async () => {
  const image = addPrivateImage(passwords, 'gateway', { upstreamName: 'passwords.example.com' });
  await cacheImage(basicClient(CAROL), image.name, 'v1');
  const endMaintenance = passwords.misbehave({ path: /./ }, () => page);
  for (const client of [basicClient(BOB), basicClient({ user: 'eve', password: 'any' })]) {
    const { 'the referrers': referrers, ...statuses } = statusesOf(await askForAll(client, image));
    expect(new Set(Object.values(statuses))).toEqual(new Set([502]));
    // They are the gateway's own answer.
    expect(referrers).toBe(200);
  }
  endMaintenance();
  expect((await nobody.get(layerPath(image))).status).toBe(401);
});

test('an origin that fails at what one account asks is still asked for another', async () => {
  const image = addPrivateImage(passwords, 'failing', { upstreamName: 'passwords.example.com' });
  await cacheImage(basicClient(CAROL), image.name, 'v1');
  passwords.misbehave({ path: /\/broken-/ }, fail(500));
  for (const n of [1, 2, 3, 4])
    expect((await basicClient(BOB).get(`/v2/passwords.example.com/cold/broken-${n}/tags/list`)).status).toBe(
      503,
    );
  expect((await basicClient(OTHER_ALICE).get(layerPath(image))).status).toBe(200);
});
