import { parseRepositoryName } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import type { Asker } from '../../src/upstream/asker.ts';
import { createDeferred } from './support/deferred.ts';
import { startLoopbackServer } from './support/loopback-server.ts';
import { createRecordedLog } from './support/recorded-log.ts';
import { LATEST, NAME, patiently, registryOf, upstreamErrorOf } from './support/registry-of.ts';
import { startTokenRegistry } from './support/token-registry.ts';

const basic = (username: string, password = 'p'): Asker => ({
  id: `${username}:${password}`,
  credential: { kind: 'basic', username, password },
  via: '1.1 registry-cache-1',
});
const authorizationOf = (username: string, password = 'p'): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

test('an upstream that fails at what one client asks is still asked for another', async () => {
  const upstream = await startLoopbackServer((response, { path }) => {
    response.writeHead(path.includes('/broken/') ? 500 : 404).end();
  });
  const registry = registryOf(upstream.origin);
  const mallory = registry.as(basic('mallory'));
  for (const n of [1, 2, 3, 4]) {
    const name = parseRepositoryName(`broken/${n}`);
    await upstreamErrorOf(mallory.manifestGet(name, LATEST, patiently()));
  }
  // Of the four, the last was not asked: that goes for whoever has made it fail.
  expect(upstream.requests).toHaveLength(3);
  expect(await registry.as(basic('alice')).manifestGet(NAME, LATEST, patiently())).toBeUndefined();
});

test('an upstream that answers nobody is asked for nobody', async () => {
  const upstream = await startLoopbackServer((response) => void response.destroy());
  const registry = registryOf(upstream.origin);
  for (const user of ['alice', 'bob', 'carol'])
    await upstreamErrorOf(registry.as(basic(user)).manifestGet(NAME, LATEST, patiently()));
  const error = await upstreamErrorOf(registry.as(basic('dave')).manifestGet(NAME, LATEST, patiently()));
  expect(error).toMatchObject({ code: 'unreachable', remembered: true });
});

test('a wrong password does not have others begin without theirs', async () => {
  const upstream = await startTokenRegistry({
    accepts: ({ headers }) => headers.authorization !== authorizationOf('mallory'),
  });
  const registry = registryOf(upstream.origin);
  const [alice, mallory] = [registry.as(basic('alice')), registry.as(basic('mallory'))];
  await alice.manifestGet(NAME, LATEST, patiently());
  await upstreamErrorOf(mallory.manifestGet(NAME, LATEST, patiently()));
  alice.forgetTokens();
  const before = upstream.requests.length;
  await alice.manifestGet(NAME, LATEST, patiently());
  expect(upstream.requests.slice(before).map(({ path }) => path)).toEqual([
    '/token',
    `/v2/${NAME}/manifests/latest`,
  ]);
});

test('a token that was asked for before the tokens were forgotten is not the new one', async () => {
  const first = createDeferred<undefined>();
  let asked = 0;
  const upstream = await startTokenRegistry({
    beforeToken: async () => {
      asked++;
      if (asked === 1) await first.promise;
    },
  });
  const registry = registryOf(upstream.origin).as(basic('alice'));
  const before = registry.manifestGet(NAME, LATEST, patiently());
  await expect.poll(() => asked).toBe(1);
  registry.forgetTokens();
  await registry.manifestGet(NAME, LATEST, patiently());
  expect(asked).toBe(2);
  first.resolve(undefined);
  await before;
  await registry.manifestGet(NAME, LATEST, patiently());
  expect(upstream.requestsTo('/token')).toHaveLength(2);
  const used = upstream.requests.at(-1)?.headers.authorization;
  expect(used).toBe('Bearer issued-1');
});

test('a password that a registry repeats is in no message', async () => {
  const upstream = await startLoopbackServer((response, { headers }) => {
    if (headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
    else response.writeHead(403).end('alice may not log in with her: pässword');
  });
  const { log, entries } = createRecordedLog();
  const alice = registryOf(upstream.origin, { log }).as(basic('alice', 'her: pässword'));
  const error = await upstreamErrorOf(alice.manifestGet(NAME, LATEST, patiently()));
  expect(error.message).toContain('alice may not log in with ***');
  expect(JSON.stringify(entries)).not.toContain('pässword');
});
