import type { Credential, CredentialEntry } from '@registry-cache/config';
import { parseRepositoryName } from '@registry-cache/oci';
import { describe, expect, it } from 'vitest';
import { createDeferred } from './support/deferred.ts';
import { sendJson, startLoopbackServer } from './support/loopback-server.ts';
import { LATEST, NAME, patiently, registryOf, settingsOf, upstreamErrorOf } from './support/registry-of.ts';
import { startTokenRegistry } from './support/token-registry.ts';

const OTHER = parseRepositoryName('org/other');

function all(credential: Credential): CredentialEntry[] {
  return [{ repositoryPrefix: '', credential }];
}

const PASSWORD = { kind: 'basic', username: 'müller', password: 'pass:wörd' } as const;
const PASSWORD_HEADER = `Basic ${Buffer.from('müller:pass:wörd').toString('base64')}`;

describe('Bearer', () => {
  it('a first pull is challenged once, and later ones of the repository bring the token', async () => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin);
    await registry.manifestGet(NAME, LATEST, patiently());
    await registry.manifestGet(NAME, LATEST, patiently());
    expect(upstream.requests.map(({ path }) => path)).toEqual([
      '/v2/org/app/manifests/latest',
      '/token',
      '/v2/org/app/manifests/latest',
      '/v2/org/app/manifests/latest',
    ]);
  });

  it('another repository asks for its token without a challenge of its own', async () => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin);
    await registry.manifestGet(NAME, LATEST, patiently());
    await registry.manifestGet(OTHER, LATEST, patiently());
    expect(upstream.requestsTo('/v2/org/other/')).toHaveLength(1);
    expect(upstream.requestsTo('/token').map(({ query }) => query.get('scope'))).toEqual([
      'repository:org/app:pull',
      'repository:org/other:pull',
    ]);
  });

  it('the realm’s own query is kept beside service and scope', async () => {
    const upstream = await startTokenRegistry({ realm: (origin) => `${origin}/token?tenant=a` });
    await registryOf(upstream.origin).manifestGet(NAME, LATEST, patiently());
    expect(Object.fromEntries(upstream.requestsTo('/token')[0]?.query ?? [])).toEqual({
      tenant: 'a',
      service: 'registry',
      scope: 'repository:org/app:pull',
    });
  });

  it('many who need a token at once share one request for it', async () => {
    const gate = createDeferred();
    const upstream = await startTokenRegistry({ beforeToken: () => gate.promise });
    const registry = registryOf(upstream.origin);
    const pulls = Array.from({ length: 10 }, () => registry.manifestGet(NAME, LATEST, patiently()));
    await expect.poll(() => upstream.requestsTo('/v2/').length).toBe(10);
    gate.resolve();
    await Promise.all(pulls);
    expect(upstream.requestsTo('/token')).toHaveLength(1);
  });

  it('one who leaves does not take the token from the others', async () => {
    const gate = createDeferred();
    const upstream = await startTokenRegistry({ beforeToken: () => gate.promise });
    const registry = registryOf(upstream.origin);
    const leaving = new AbortController();
    const left = registry.manifestGet(NAME, LATEST, { signal: leaving.signal });
    await expect.poll(() => upstream.requestsTo('/token').length).toBe(1);
    const stays = registry.manifestGet(NAME, LATEST, patiently());
    leaving.abort(new Error('client left'));
    await expect(left).rejects.toThrow('client left');
    gate.resolve();
    expect(await stays).toBeDefined();
    expect(upstream.requestsTo('/token')).toHaveLength(1);
  });

  it.each([
    ['60 s where the answer does not say', {}, 60],
    ['as long as expires_in says', { expires_in: 300 }, 300],
  ])('a token is used for %s, less a margin', async (_, tokenFields, lifetimeSeconds) => {
    let nowMs = 1_000_000;
    const upstream = await startTokenRegistry({ tokenFields });
    const registry = registryOf(upstream.origin, { now: () => nowMs });
    await registry.manifestGet(NAME, LATEST, patiently());
    nowMs += (lifetimeSeconds - 11) * 1000;
    await registry.manifestGet(NAME, LATEST, patiently());
    expect(upstream.requestsTo('/token')).toHaveLength(1);
    nowMs += 10_999;
    await registry.manifestGet(NAME, LATEST, patiently());
    expect(upstream.requestsTo('/token')).toHaveLength(2);
    expect(upstream.requestsTo('/v2/')).toHaveLength(4);
  });

  it('a remembered token that is refused is replaced once', async () => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin);
    await registry.manifestGet(NAME, LATEST, patiently());
    upstream.revokeTokens();
    expect(await registry.manifestGet(NAME, LATEST, patiently())).toBeDefined();
    expect(upstream.requestsTo('/token')).toHaveLength(2);
  });

  it('a registry that refuses every token is asked no more than twice', async () => {
    const upstream = await startLoopbackServer((response, request) => {
      if (request.path === '/token') sendJson(response, { token: 't' });
      else {
        const realm = `http://${request.headers.host ?? ''}/token`;
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end('no');
      }
    });
    const registry = registryOf(upstream.origin);
    const error = await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()));
    expect(error).toMatchObject({ code: 'denied', status: 401 });
    expect(error.message).toContain('no credentials of quay.io for org/app');
    expect(upstream.requestsTo('/v2/')).toHaveLength(2);
    expect(upstream.requestsTo('/token')).toHaveLength(1);

    // With the challenge known, a token that was made for the request and refused is not asked for again.
    expect(await upstreamErrorOf(registry.manifestGet(OTHER, LATEST, patiently()))).toMatchObject({
      code: 'denied',
    });
    expect(upstream.requestsTo('/v2/')).toHaveLength(3);
    expect(upstream.requestsTo('/token')).toHaveLength(2);
  });

  it('a token endpoint that has moved is found again', async () => {
    let path = '/old';
    const upstream = await startLoopbackServer((response, request) => {
      if (request.path === '/new') sendJson(response, { token: 't' });
      else if (request.path === '/old') response.writeHead(410).end();
      else if (request.headers.authorization !== undefined) sendJson(response, {});
      else {
        const realm = `http://${request.headers.host ?? ''}${path}`;
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
      }
    });
    const registry = registryOf(upstream.origin);
    const error = await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()));
    expect(error).toMatchObject({ code: 'failed', status: 410 });
    path = '/new';
    expect(await registry.manifestGet(NAME, LATEST, patiently())).toBeDefined();
  });

  it('a password goes to the token endpoint and not to the registry', async () => {
    const upstream = await startTokenRegistry({
      accepts: ({ method, headers }) => method === 'GET' && headers.authorization === PASSWORD_HEADER,
    });
    await registryOf(upstream.origin, { credentials: all(PASSWORD) }).manifestGet(NAME, LATEST, patiently());
    expect(upstream.requestsTo('/v2/').map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer issued-1',
    ]);
  });

  it('an identity token is exchanged by OAuth2', async () => {
    const upstream = await startTokenRegistry({ tokenField: 'access_token' });
    const credentials = all({ kind: 'identity-token', token: 'refresh me' });
    await registryOf(upstream.origin, { credentials }).manifestGet(NAME, LATEST, patiently());
    const [asked] = upstream.requestsTo('/token');
    expect(asked).toMatchObject({ method: 'POST', target: '/token' });
    expect(asked?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'registry-cache',
      refresh_token: 'refresh me',
      service: 'registry',
      scope: 'repository:org/app:pull',
    });
  });

  it('a registry token is sent as it is, and nowhere else', async () => {
    const upstream = await startTokenRegistry();
    const credentials = all({ kind: 'registry-token', token: 'mine' });
    const error = await upstreamErrorOf(
      registryOf(upstream.origin, { credentials }).manifestGet(NAME, LATEST, patiently()),
    );
    expect(error.code).toBe('denied');
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer mine']);
  });

  it('repositories with credentials of their own share no token', async () => {
    const upstream = await startTokenRegistry();
    const credentials: CredentialEntry[] = [
      { repositoryPrefix: 'org/app', credential: PASSWORD },
      { repositoryPrefix: 'org', credential: { ...PASSWORD, username: 'other' } },
    ];
    const registry = registryOf(upstream.origin, { credentials });
    for (const name of [NAME, OTHER, parseRepositoryName('else/where')]) {
      await registry.manifestGet(name, LATEST, patiently());
    }
    const users = upstream
      .requestsTo('/token')
      .map(({ headers }) => Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString());
    expect(users).toEqual(['müller:pass:wörd', 'other:pass:wörd', '']);
  });

  it('a refused password is denied, and the message does not hold it', async () => {
    const upstream = await startLoopbackServer((response, { path, headers }) => {
      if (path === '/token') response.writeHead(401).end(`bad ${headers.authorization ?? ''} pass:wörd`);
      else {
        const realm = `http://${headers.host ?? ''}/token`;
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
      }
    });
    const error = await upstreamErrorOf(
      registryOf(upstream.origin, { credentials: all(PASSWORD) }).manifestGet(NAME, LATEST, patiently()),
    );
    expect(error).toMatchObject({ code: 'denied', status: 401 });
    expect(error.message).toContain('check the credentials');
    expect(error.message).toContain('"bad Basic *** ***"');
  });
});

describe('the realm rule', () => {
  it('a password is not sent to a foreign realm, and the message names both hosts and the setting', async () => {
    const upstream = await startTokenRegistry({
      realm: (origin) => `${origin.replace('127.0.0.1', 'localhost')}/token`,
    });
    const error = await upstreamErrorOf(
      registryOf(upstream.origin, { credentials: all(PASSWORD) }).manifestGet(NAME, LATEST, patiently()),
    );
    expect(error.code).toBe('denied');
    expect(error.message).toContain(`127.0.0.1:${upstream.port}`);
    expect(error.message).toContain(`localhost:${upstream.port}`);
    expect(error.message).toContain('upstreams.quay.io.tokenhosts');
    expect(upstream.requestsTo('/token')).toEqual([]);
  });

  it('a listed token host gets the password', async () => {
    const upstream = await startTokenRegistry({
      realm: (origin) => `${origin.replace('127.0.0.1', 'localhost')}/token`,
    });
    const registry = registryOf(upstream.origin, { credentials: all(PASSWORD), tokenHosts: ['localhost'] });
    expect(await registry.manifestGet(NAME, LATEST, patiently())).toBeDefined();
    expect(upstream.requestsTo('/token')[0]?.headers.authorization).toBe(PASSWORD_HEADER);
  });

  it('an anonymous token may come from a foreign realm', async () => {
    const upstream = await startTokenRegistry({
      realm: (origin) => `${origin.replace('127.0.0.1', 'localhost')}/token`,
    });
    expect(await registryOf(upstream.origin).manifestGet(NAME, LATEST, patiently())).toBeDefined();
    expect(upstream.requestsTo('/token')[0]?.headers.authorization).toBeUndefined();
  });

  it('a token endpoint that redirects elsewhere takes no password along', async () => {
    const elsewhere = await startLoopbackServer((response) => sendJson(response, { token: 'stolen?' }));
    const upstream = await startLoopbackServer((response, { path, headers }) => {
      if (path === '/token') response.writeHead(307, { location: `${elsewhere.origin}/token` }).end();
      else {
        const realm = `http://${headers.host ?? ''}/token`;
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
      }
    });
    const registry = registryOf(upstream.origin, { credentials: all(PASSWORD) });
    await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()));
    expect(elsewhere.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

describe('Basic', () => {
  it('the password is sent once the registry asked for it, and from then on at once', async () => {
    const upstream = await startLoopbackServer((response, { headers }) => {
      if (headers.authorization === PASSWORD_HEADER) sendJson(response, {});
      else response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    });
    const registry = registryOf(upstream.origin, { credentials: all(PASSWORD) });
    await registry.manifestGet(NAME, LATEST, patiently());
    await registry.manifestGet(OTHER, LATEST, patiently());
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      PASSWORD_HEADER,
      PASSWORD_HEADER,
    ]);
  });

  it('a wrong password is tried once', async () => {
    const upstream = await startLoopbackServer((response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
    );
    const registry = registryOf(upstream.origin, { credentials: all(PASSWORD) });
    const error = await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()));
    expect(error.code).toBe('denied');
    expect(upstream.requests).toHaveLength(2);
  });
});

describe('update', () => {
  it('the next request uses the new credentials, and no token of the old ones', async () => {
    const upstream = await startTokenRegistry();
    const registry = registryOf(upstream.origin, { credentials: all(PASSWORD) });
    await registry.manifestGet(NAME, LATEST, patiently());
    registry.update(settingsOf(upstream.origin, { credentials: all({ ...PASSWORD, username: 'new' }) }));
    await registry.manifestGet(NAME, LATEST, patiently());
    expect(
      upstream
        .requestsTo('/token')
        .map(({ headers }) => Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString()),
    ).toEqual(['müller:pass:wörd', 'new:pass:wörd']);
  });

  it('a request that is being authenticated goes on under the settings it began with', async () => {
    const gate = createDeferred();
    const upstream = await startTokenRegistry({ beforeToken: () => gate.promise });
    const registry = registryOf(upstream.origin);
    const pull = registry.manifestGet(NAME, LATEST, patiently());
    await expect.poll(() => upstream.requestsTo('/token').length).toBe(1);
    registry.update(settingsOf('http://127.0.0.1:1'));
    gate.resolve();
    expect(await pull).toBeDefined();
    expect((await upstreamErrorOf(registry.manifestGet(NAME, LATEST, patiently()))).code).toBe('unreachable');
  });
});
