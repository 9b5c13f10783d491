import type { Credential, CredentialEntry, UpstreamSettings } from '@registry-cache/config';
import { parseRepositoryName } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { closeAtEnd } from '../../../../../test/support/close-at-end.ts';
import { buildImage } from '../../../../../test/support/image/build-image.ts';
import type { UpstreamAuthentication } from '../../../../../test/support/upstream/authentication.ts';
import { startUpstream, type Upstream } from '../../../../../test/support/upstream/start-upstream.ts';
import type { KnownManifest } from '../../../src/check/connect/known-manifest.ts';
import type { Diagnosis } from '../../../src/check/connect/diagnosis.ts';
import { diagnose, diagnoseAll, stepOf } from '../../support/diagnose.ts';
import { startPlain } from '../../support/tls-server.ts';

const SECRET = 'pa:ss-wörd';
const ACCOUNT = {
  username: 'bob',
  password: SECRET,
  identityToken: 'identity-secret',
  registryToken: 'registry-secret',
  repositories: ['org/mine'],
};
const RIGHT: Credential = { kind: 'basic', username: 'bob', password: SECRET };
const WRONG: Credential = { kind: 'basic', username: 'bob', password: 'wrong-secret' };
const LOG_IN_AGAIN =
  'the credential of registry.test in the pull secret is wrong or has expired: log in again and replace it';
const image = buildImage({ seed: 'connect', layers: [20] });

async function start(kind: 'basic' | 'bearer'): Promise<Upstream> {
  const accounts = { accounts: [ACCOUNT], anonymousRepositories: ['org/public'] };
  const authentication: UpstreamAuthentication = { kind, ...accounts };
  const upstream = closeAtEnd(await startUpstream({ authentication }));
  for (const name of ['org/mine', 'org/public', 'org/theirs']) upstream.addImage(name, '1.0', image);
  return upstream;
}

function all(credential: Credential): Pick<UpstreamSettings, 'credentials'> {
  return { credentials: [{ repositoryPrefix: '', credential }] };
}

function ask(name: string, source: KnownManifest['source'] = 'image', reference = '1.0'): KnownManifest[] {
  return [{ name: parseRepositoryName(name), reference, source }];
}

/** Nothing that was found may have any of it, in whatever form. */
function secretsIn(diagnosis: Diagnosis): string[] {
  const text = JSON.stringify(diagnosis);
  const basic = [SECRET, 'wrong-secret'].map((password) => Buffer.from(`bob:${password}`).toString('base64'));
  return [SECRET, 'wrong-secret', 'identity-secret', 'registry-secret', ...basic].filter((each) =>
    text.includes(each),
  );
}

test.each<[string, 'basic' | 'bearer', Credential]>([
  ['a password', 'basic', RIGHT],
  ['a password for a token', 'bearer', RIGHT],
  ['an identity token', 'bearer', { kind: 'identity-token', token: 'identity-secret' }],
  [
    "an identity token in docker's form",
    'bearer',
    { kind: 'basic', username: '<token>', password: 'identity-secret' },
  ],
  ['a registry token', 'bearer', { kind: 'registry-token', token: 'registry-secret' }],
])('%s that the registry accepts', async (_name, kind, credential) => {
  const { origin } = await start(kind);
  const diagnosis = await diagnose(origin, { upstream: all(credential) });
  expect(stepOf(diagnosis, 'login')).toEqual({
    name: 'login',
    outcome: 'ok',
    message: 'registry.test: accepted',
  });
  expect(secretsIn(diagnosis)).toEqual([]);
});

test('a wrong password at the registry itself', async () => {
  const { origin, authority } = await start('basic');
  const diagnosis = await diagnose(origin, { upstream: all(WRONG) });
  expect(stepOf(diagnosis, 'ping').message).toBe('asks for user and password (Basic)');
  expect(stepOf(diagnosis, 'login')).toEqual({
    name: 'login',
    outcome: 'failed',
    message: `registry.test: ${authority} answered 401: "authentication required"`,
    advice: LOG_IN_AGAIN,
  });
  expect(secretsIn(diagnosis)).toEqual([]);
});

test.each<[string, Credential]>([
  ['a wrong password', WRONG],
  ['an identity token that was revoked', { kind: 'identity-token', token: 'revoked' }],
])('%s at the token endpoint', async (_name, credential) => {
  const { origin } = await start('bearer');
  const diagnosis = await diagnose(origin, { upstream: all(credential) });
  expect(stepOf(diagnosis, 'ping').message).toBe(
    `asks for a token (Bearer) of ${origin}/token for service upstream`,
  );
  expect(stepOf(diagnosis, 'login')).toEqual({
    name: 'login',
    outcome: 'failed',
    message: `registry.test: its token endpoint ${origin}/token answered 401: "invalid username, password or token"`,
    advice: LOG_IN_AGAIN,
  });
  expect(secretsIn(diagnosis)).toEqual([]);
});

test('an identity token is of no use to a registry of user and password', async () => {
  const { origin } = await start('basic');
  const credential = { kind: 'identity-token', token: 'identity-secret' } as const;
  expect(stepOf(await diagnose(origin, { upstream: all(credential) }), 'login')).toMatchObject({
    outcome: 'failed',
    message: 'registry.test: it asks for user and password, and an identity token is neither',
  });
});

test('each credential of the pull secret is tried, and named by its key', async () => {
  const { origin } = await start('bearer');
  const credentials: CredentialEntry[] = [
    { repositoryPrefix: 'org/mine', credential: RIGHT },
    { repositoryPrefix: 'org', credential: WRONG },
    { repositoryPrefix: '', credential: { kind: 'anonymous' } },
  ];
  const { steps } = await diagnose(origin, { upstream: { credentials } });
  const logins = steps.filter(({ name }) => name === 'login');
  expect(logins.map(({ outcome, message }) => `${outcome} ${message.split(':')[0]}`)).toEqual([
    'ok registry.test/org/mine',
    'failed registry.test/org',
  ]);
});

test('a peer that repeats the password does not have it printed', async () => {
  const port = await startPlain((req, res) => {
    const said = Buffer.from(req.headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString();
    res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' });
    res.end(JSON.stringify({ errors: [{ message: `\u001b[31mno ${said} ${req.headers.authorization}\n` }] }));
  });
  const diagnosis = await diagnose(`http://127.0.0.1:${port}`, { upstream: all(RIGHT) });
  expect(stepOf(diagnosis, 'login').message).toBe(
    `registry.test: 127.0.0.1:${port} answered 401: "[31mno bob:*** Basic ***"`,
  );
  expect(secretsIn(diagnosis)).toEqual([]);
});

test('no credential is sent to a token endpoint of somebody else', async () => {
  const thief = await start('bearer');
  const port = await startPlain((_, res) => {
    const realm = `http://localhost:${new URL(thief.origin).port}/token`;
    res.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="x"` }).end();
  });
  const realm = `http://localhost:${new URL(thief.origin).port}`;
  const diagnosis = await diagnose(`http://127.0.0.1:${port}`, { upstream: all(RIGHT) });
  expect(stepOf(diagnosis, 'login')).toEqual({
    name: 'login',
    outcome: 'failed',
    message: `registry.test: its token endpoint ${realm}/token is not of its domain: no credential is sent there`,
    advice: `if ${new URL(realm).host} is its token endpoint, add it to upstreams.registry.test.tokenhosts`,
  });
  expect(thief.requests).toEqual([]);
});

test('an origin that authorizes clients itself needs no credential here', async () => {
  const { origin } = await start('bearer');
  const diagnosis = await diagnose(origin, { upstream: { authorization: 'origin' } });
  expect(stepOf(diagnosis, 'login')).toEqual({
    name: 'login',
    outcome: 'skipped',
    message: 'the pull secret has no credential for it, and needs none: clients bring their own',
  });
});

test('an origin that authorizes clients itself is tried with a credential that only the check uses', async () => {
  const { origin } = await start('bearer');
  const accepted = await diagnose(origin, { upstream: { authorization: 'origin', ...all(RIGHT) } });
  expect(stepOf(accepted, 'login').message).toBe(
    'registry.test: accepted; only this check uses it, pulls bring the credential of each client',
  );
  const refused = await diagnose(origin, { upstream: { authorization: 'origin', ...all(WRONG) } });
  expect(stepOf(refused, 'login').outcome).toBe('warning');
});

test('another cache is never sent the credentials of the pull secret', async () => {
  const [origin, neighbour] = await Promise.all([start('bearer'), start('bearer')]);
  const [, diagnosis] = await diagnoseAll(origin.origin, {
    upstream: { authorization: 'origin', caches: [neighbour.origin], ...all(RIGHT) },
  });
  expect(diagnosis && stepOf(diagnosis, 'login').message).toBe('it is sent only what clients bring');
  expect(neighbour.requests).toMatchObject([{ path: '/v2/' }]);
  expect(neighbour.requests[0]?.headers).not.toHaveProperty('authorization');
});

test.each<['basic' | 'bearer']>([['basic'], ['bearer']])(
  'an image that may be pulled is found (%s)',
  async (kind) => {
    const { origin } = await start(kind);
    const diagnosis = await diagnose(origin, { upstream: all(RIGHT), manifests: ask('org/mine') });
    expect(stepOf(diagnosis, 'manifest')).toMatchObject({
      outcome: 'ok',
      message: expect.stringMatching(/^org\/mine:1\.0: sha256:[0-9a-f]{64}$/) as string,
    });
  },
);

test('an image for everybody is found with an anonymous token', async () => {
  const { origin } = await start('bearer');
  const diagnosis = await diagnose(origin, { manifests: ask('org/public') });
  expect(stepOf(diagnosis, 'manifest').outcome).toBe('ok');
});

test('an image that the credential may not pull', async () => {
  const { origin, authority } = await start('bearer');
  const diagnosis = await diagnose(origin, { upstream: all(RIGHT), manifests: ask('org/theirs') });
  expect(stepOf(diagnosis, 'manifest')).toEqual({
    name: 'manifest',
    outcome: 'failed',
    message: `org/theirs:1.0: ${authority} answered 401`,
    advice: 'the credential in the pull secret may not pull registry.test/org/theirs: have it allowed there',
  });
});

test('an image that nobody may pull anonymously', async () => {
  const { origin, authority } = await start('bearer');
  const diagnosis = await diagnose(origin, { manifests: ask('org/mine') });
  expect(stepOf(diagnosis, 'manifest')).toEqual({
    name: 'manifest',
    outcome: 'failed',
    message: `org/mine:1.0: ${authority} answered 401`,
    advice: 'give the pull secret a credential for registry.test/org/mine',
  });
});

test('an origin that authorizes clients itself may refuse an anonymous HEAD', async () => {
  const { origin, authority } = await start('bearer');
  const upstream = { authorization: 'origin' } as const;
  const diagnosis = await diagnose(origin, { upstream, manifests: ask('org/mine') });
  expect(stepOf(diagnosis, 'manifest')).toEqual({
    name: 'manifest',
    outcome: 'skipped',
    message: `org/mine:1.0: ${authority} answered 401 to nobody in particular; pulls bring the credential of each client`,
  });
});

test.each<[KnownManifest['source'], string, string]>([
  ['image', 'failed', 'org/mine:none: HOST answered 404'],
  [
    'store',
    'ok',
    'org/mine:none (from the store): HOST answered 404: it is gone there, and the credential was accepted',
  ],
  [
    'pull-secret',
    'skipped',
    'org/mine:none (from the pull secret): HOST answered 404: name a repository with --image',
  ],
])('a tag from the %s that is not there', async (source, outcome, message) => {
  const { origin, authority } = await start('bearer');
  const manifests = ask('org/mine', source, 'none');
  const diagnosis = await diagnose(origin, { upstream: all(RIGHT), manifests });
  expect(stepOf(diagnosis, 'manifest')).toMatchObject({
    outcome,
    message: message.replace('HOST', authority),
  });
});

test('where no repository is known, the step says how to name one', async () => {
  const { origin } = await start('basic');
  expect(stepOf(await diagnose(origin), 'manifest')).toEqual({
    name: 'manifest',
    outcome: 'skipped',
    message: 'no repository of it is known yet: name one with --image registry.test/<repository>:<tag>',
  });
});
