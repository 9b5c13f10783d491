import { expect, test } from 'vitest';
import { describeUpstreams } from '../src/describe-upstreams.ts';
import { rejectionOf } from './support/problems.ts';
import { createWorkspace } from './support/workspace.ts';

const HASH = `$2y$05$${'a'.repeat(53)}`;
const ORIGIN = 'upstreams: {a.io: {authorization: origin}}';

test('an upstream may authorize clients itself, with other caches before it', async () => {
  const { loadYaml } = await createWorkspace();
  const { upstreams, authorizationTtlMs } = await loadYaml(
    'authorizationttl: 0s\nupstreams: {a.io: {authorization: origin, caches: ["https://b:443/", "http://c"]}, d.io: }',
  );
  expect(upstreams).toMatchObject([
    {
      name: 'a.io',
      authorization: 'origin',
      caches: ['https://b', 'http://c'],
      tagTtlMs: 60_000,
      default: false,
    },
    { name: 'd.io', authorization: 'cache', caches: [] },
  ]);
  expect(authorizationTtlMs).toBe(0);
  expect(describeUpstreams({ upstreams })).toMatchObject([
    { name: 'a.io', authorization: 'origin', caches: ['https://b', 'http://c'], credentials: [] },
    { name: 'd.io', authorization: 'cache', caches: [], credentials: [{ kind: 'anonymous' }] },
  ]);
});

test.each([
  ['{caches: ["https://b"]}', 'caches', 'expected authorization: origin beside it'],
  ['{authorization: cache, caches: ["https://b"]}', 'caches', 'expected authorization: origin beside it'],
  ['{authorization: origin, caches: ["https://b", c]}', 'caches[1]', 'expected https:// or http://'],
  ['{authorization: origin, caches: ["https://a.io:443"]}', 'caches[0]', 'is the origin itself'],
  ['{authorization: origin, caches: ["https://me.io"]}', 'caches[0]', 'is this cache itself'],
  ['{authorization: origin, caches: ["https://b", "https://b/"]}', 'caches[1]', 'is there twice'],
  ['{authorization: origin, caches: ["https://u:hunter2@b"]}', 'caches[0]', 'no user or password'],
])('%s is refused', async (section, key, message) => {
  const { loadYaml } = await createWorkspace();
  const error = await rejectionOf(loadYaml(`http: {host: "https://me.io"}\nupstreams: {a.io: ${section}}`));
  expect(error.problems).toEqual([
    { key: `upstreams.a.io.${key}`, message: expect.stringContaining(message) as string },
  ]);
  expect(error.message).not.toContain('hunter2');
});

test('how long an authorization counts may come from the environment', async () => {
  const { loadYaml } = await createWorkspace();
  const env = { REGISTRY_AUTHORIZATIONTTL: '5m' };
  expect((await loadYaml('authorizationttl: 1s', env)).authorizationTtlMs).toBe(300_000);
});

test.each([
  ['auth: htpasswd', {}, 'auth.htpasswd'],
  ['', { REGISTRY_AUTH: 'htpasswd' }, 'REGISTRY_AUTH'],
])('logins of this cache and of an origin exclude each other: %j %j', async (yaml, env, key) => {
  const { loadYaml, write } = await createWorkspace();
  await write('auth/htpasswd', `alice:${HASH}\n`);
  const { problems } = await rejectionOf(loadYaml(`${ORIGIN}\n${yaml}`, env));
  expect(problems).toEqual([{ key, message: expect.stringMatching(/\(a\.io\).*one credential/) as string }]);
});

test('an htpasswd that nobody asked for is not in the way', async () => {
  const { loadYaml, write } = await createWorkspace();
  await write('auth/htpasswd', `alice:${HASH}\n`);
  expect((await loadYaml(ORIGIN)).auth).toBeUndefined();
});

test('credentials that no pull uses are kept, and warned about once for each upstream', async () => {
  const { loadYaml, write } = await createWorkspace();
  const basic = { username: 'u', password: 'hunter2' };
  await write(
    'pull-secret.json',
    JSON.stringify({ auths: { 'a.io': basic, 'a.io/org': basic, 'b.io': {}, 'c.io': basic } }),
  );
  const settings = await loadYaml(
    'upstreams: {a.io: {authorization: origin}, b.io: {authorization: origin}}\nhttp: {addr: ":0", host: "https://me.io"}',
  );
  expect(settings.upstreams[0]?.credentials).toHaveLength(2);
  expect(settings.warnings).toEqual([
    "the credentials of the pull secret for a.io are not used for pulls: it is asked with each client's own",
  ]);
});

test('a registry under two names of which one asks nobody is warned about', async () => {
  const { loadYaml } = await createWorkspace();
  const { warnings } = await loadYaml(
    'http: {addr: ":0", host: "https://me.io"}\nupstreams: {a.io: {authorization: origin}, mirror.io: {url: "https://a.io"}}',
  );
  expect(warnings).toEqual([
    'mirror.io and a.io are one registry, but as mirror.io everybody may pull what this cache may',
  ]);
});

test.each([
  ['', true],
  ['  host: "http://cache.example.com"', true],
  ['  host: "https://cache.example.com"', false],
])('passwords that would travel in plain HTTP are warned of: %j %s', async (host, isWarned) => {
  const { loadYaml } = await createWorkspace();
  const { warnings } = await loadYaml(`${ORIGIN}\nhttp:\n  addr: :5000\n${host}`);
  expect(warnings.some((warning) => warning.includes('in plain HTTP: set http.tls'))).toBe(isWarned);
});

test('an open cache without TLS gets no password, and no warning', async () => {
  const { loadYaml } = await createWorkspace();
  expect((await loadYaml('upstreams: {a.io: }\nhttp: {addr: ":5000"}')).warnings).toEqual([]);
});
