import { describe, expect, it } from 'vitest';
import { registryErrorOf } from '../../src/answer/error-answer.ts';
import type { Asker } from '../../src/upstream/asker.ts';
import { startLoopbackServer } from './support/loopback-server.ts';
import { BLOB, DIGEST, LATEST, NAME, patiently, registryOf, upstreamErrorOf } from './support/registry-of.ts';
import { startTokenRegistry } from './support/token-registry.ts';

const OWN = {
  repositoryPrefix: '',
  credential: { kind: 'basic', username: 'cache', password: 'own' },
} as const;

const basic = (username: string): Asker => ({
  id: username,
  credential: { kind: 'basic', username, password: 'p' },
  via: '1.1 registry-cache-1',
});
const authorizationOf = (username: string): string =>
  `Basic ${Buffer.from(`${username}:p`).toString('base64')}`;

describe('an upstream that is asked in a client’s name', () => {
  it('is sent that client’s credential, and never the cache’s', async () => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin, { credentials: [OWN] });
    await registry.as(basic('alice')).manifestGet(NAME, LATEST, patiently());
    await registry.as(basic('bob')).manifestGet(NAME, LATEST, patiently());
    expect(upstream.requestsTo('/token').map(({ headers }) => headers.authorization)).toEqual([
      authorizationOf('alice'),
      authorizationOf('bob'),
    ]);
  });

  it('gives each client tokens of its own, once', async () => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin);
    for (const user of ['alice', 'bob', 'alice', 'bob']) {
      await registry.as(basic(user)).manifestGet(NAME, LATEST, patiently());
    }
    expect(upstream.requestsTo('/token')).toHaveLength(2);
  });

  it('is challenged once for all clients', async () => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin);
    for (const user of ['alice', 'bob']) {
      await registry.as(basic(user)).manifestGet(NAME, LATEST, patiently());
    }
    const withoutToken = upstream
      .requestsTo(`/v2/${NAME}/manifests/latest`)
      .filter(({ headers }) => headers.authorization === undefined);
    expect(withoutToken).toHaveLength(1);
  });

  it('is sent a token of its own as it is', async () => {
    const upstream = await startLoopbackServer((response) => response.end('{}'));
    const credential = { kind: 'registry-token', token: 'issued-elsewhere' } as const;
    const asker = { id: 'token', credential, via: '1.1 registry-cache-1' };
    await registryOf(upstream.origin).as(asker).manifestGet(NAME, LATEST, patiently());
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer issued-elsewhere',
    ]);
  });

  it('is told by Via that a cache asks', async () => {
    const upstream = await startLoopbackServer((response) => response.end('{}'));
    const registry = registryOf(upstream.origin);
    await registry.as(basic('alice')).manifestGet(NAME, LATEST, patiently());
    await registry.manifestGet(NAME, LATEST, patiently());
    expect(upstream.requests.map(({ headers }) => headers.via)).toEqual(['1.1 registry-cache-1', undefined]);
  });

  it('is sent the signature of a blob’s URL, and nothing else is', async () => {
    const upstream = await startLoopbackServer((response) => response.end(BLOB));
    const asker: Asker = {
      id: 'signed',
      credential: { kind: 'anonymous' },
      blobQuery: 'signature=a%2Bb&expires=1',
      via: '1.1 registry-cache-1',
    };
    const registry = registryOf(upstream.origin).as(asker);
    await registry.blobHead(NAME, DIGEST, patiently());
    const blob = await registry.blobGet(NAME, DIGEST, patiently());
    blob?.body.resume();
    await registry.manifestGet(NAME, LATEST, patiently());
    const queries = upstream.requests.map(({ path, query }) => [path, query.toString()]);
    expect(new Map(queries as [string, string][])).toEqual(
      new Map([
        [`/v2/${NAME}/blobs/${DIGEST}`, 'signature=a%2Bb&expires=1'],
        [`/v2/${NAME}/manifests/latest`, ''],
      ]),
    );
  });

  it('denies one client what another has been given, and the other way round', async () => {
    const upstream = await startLoopbackServer((response, { headers }) => {
      const isAlice = headers.authorization === authorizationOf('alice');
      if (headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
      } else response.writeHead(isAlice ? 200 : 403).end('{}');
    });
    const registry = registryOf(upstream.origin);
    const [alice, bob] = [registry.as(basic('alice')), registry.as(basic('bob'))];
    expect(await upstreamErrorOf(bob.manifestGet(NAME, LATEST, patiently()))).toMatchObject({
      code: 'denied',
    });
    expect(await alice.manifestGet(NAME, LATEST, patiently())).toBeDefined();
    expect(await upstreamErrorOf(bob.manifestGet(NAME, LATEST, patiently()))).toMatchObject({
      code: 'denied',
      remembered: true,
    });
  });

  it('that has had enough of one client is still asked for another', async () => {
    const upstream = await startLoopbackServer((response, { path }) => {
      response.writeHead(path.includes('latest') ? 429 : 404).end();
    });
    const registry = registryOf(upstream.origin);
    await upstreamErrorOf(registry.as(basic('alice')).manifestGet(NAME, LATEST, patiently()));
    const bob = registry.as(basic('bob'));
    expect(await bob.manifestGet(NAME, { kind: 'digest', digest: DIGEST }, patiently())).toBeUndefined();
  });
});

describe('a login', () => {
  it('is proved by a token without a scope', async () => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin);
    // This registry knows tokens for repositories only: what counts here is what it was asked.
    await registry
      .as(basic('alice'))
      .login(patiently())
      .catch(() => {});
    const [asked] = upstream.requestsTo('/token');
    expect(asked?.headers.authorization).toBe(authorizationOf('alice'));
    expect(asked?.query.has('scope')).toBe(false);
  });

  it('that the registry does not know is denied', async () => {
    const upstream = await startLoopbackServer((response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
    });
    const login = registryOf(upstream.origin).as(basic('alice')).login(patiently());
    expect(await upstreamErrorOf(login)).toMatchObject({ code: 'denied', status: 401 });
  });
});

describe('an upstream of clients', () => {
  it.each<[string, Asker, string]>([
    ['a password', basic('alice'), "it refuses the client's credentials"],
    ['nothing', { ...basic('nobody'), credential: { kind: 'anonymous' } }, 'the client is anonymous'],
  ])(
    'that was sent %s and is not enough says so of the login, and not of an image',
    async (_, asker, why) => {
      const upstream = await startLoopbackServer((response) => {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      });
      const error = await upstreamErrorOf(registryOf(upstream.origin).as(asker).login(patiently()));
      expect(error).toMatchObject({ code: 'denied', message: expect.stringContaining(why) as string });
    },
  );

  it('is asked with a new token once the old ones were forgotten', async () => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin).as(basic('alice'));
    await registry.manifestGet(NAME, LATEST, patiently());
    registry.forgetTokens();
    await registry.manifestGet(NAME, LATEST, patiently());
    expect(upstream.requestsTo('/token')).toHaveLength(2);
  });

  it('does not repeat the signature of a URL that was refused', async () => {
    const upstream = await startLoopbackServer((response, { query }) => {
      response.writeHead(403).end(`bad signature ${query.get('signature') ?? ''}`);
    });
    const asker: Asker = {
      id: 'signed',
      credential: { kind: 'anonymous' },
      blobQuery: 'signature=s3cret',
      via: '1.1 registry-cache-1',
    };
    const error = await upstreamErrorOf(
      registryOf(upstream.origin).as(asker).blobGet(NAME, DIGEST, patiently()),
    );
    expect(error.message).not.toContain('s3cret');
  });

  it('that answers with a loop is not down', async () => {
    const upstream = await startLoopbackServer((response) => response.writeHead(508).end());
    const registry = registryOf(upstream.origin);
    for (let n = 0; n < 5; n++) {
      const error = await upstreamErrorOf(registry.as(basic('alice')).manifestGet(NAME, LATEST, patiently()));
      expect(error).toMatchObject({ status: 508, remembered: false });
      expect(registryErrorOf(error)).toMatchObject({ code: 'LOOP_DETECTED', status: 508 });
    }
  });
});
