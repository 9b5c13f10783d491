import { expect, test } from 'vitest';
import { describeUpstreams } from '../src/describe-upstreams.ts';
import type { Settings, UpstreamSettings } from '../src/settings.ts';
import { issue } from './support/certificates.ts';
import { rejectionOf } from './support/problems.ts';
import { createWorkspace } from './support/workspace.ts';

async function load(auths: Record<string, unknown>, yaml = ''): Promise<Settings> {
  const { loadYaml, write } = await createWorkspace();
  await write('pull-secret.json', JSON.stringify({ auths }));
  return loadYaml(yaml);
}

function find(settings: Settings, name: string): UpstreamSettings | undefined {
  return settings.upstreams.find((upstream) => upstream.name === name);
}

const basic = (username: string): { username: string; password: string } => ({ username, password: 'p' });

test('every registry of the pull secret and of config.yml is an upstream', async () => {
  const settings = await load(
    { 'quay.io': {}, 'registry.redhat.io': basic('rh') },
    'upstreams: {ghcr.io: , quay.io: }',
  );
  expect(settings.upstreams.map(({ name }) => name)).toEqual(['ghcr.io', 'quay.io', 'registry.redhat.io']);
});

test('docker.io is fetched from registry-1.docker.io, others from their own name', async () => {
  const settings = await load({ 'https://index.docker.io/v1/': basic('u'), 'r.example.com:5000': {} });
  expect(find(settings, 'docker.io')).toMatchObject({
    url: 'https://registry-1.docker.io',
    default: false,
    maxConnections: 64,
    tagTtlMs: 60_000,
    credentials: [{ repositoryPrefix: '', credential: { username: 'u' } }],
  });
  expect(find(settings, 'r.example.com:5000')?.url).toBe('https://r.example.com:5000');
});

test('keys with a path are further credentials of one upstream, longest first', async () => {
  const settings = await load({
    'quay.io/org': basic('org'),
    'quay.io': basic('all'),
    'quay.io/org/team': basic('team'),
  });
  expect(settings.upstreams).toHaveLength(1);
  expect(find(settings, 'quay.io')?.credentials.map(({ repositoryPrefix }) => repositoryPrefix)).toEqual([
    'org/team',
    'org',
    '',
  ]);
});

test('a wildcard is a credential for upstreams that match, and names none', async () => {
  const settings = await load(
    {
      '*.example.com': basic('wild'),
      '*.b.example.com': basic('wilder'),
      'named.example.com': basic('named'),
    },
    'upstreams: {a.example.com: , a.b.example.com: , example.com: , a.example.com.evil.io: , aXexample.com: , a.example.com:5000: }',
  );
  const users = Object.fromEntries(
    settings.upstreams.map(({ name, credentials }) => [
      name,
      credentials.map(({ credential }) => (credential.kind === 'basic' ? credential.username : '')),
    ]),
  );
  expect(users).toEqual({
    'a.example.com': ['wild'],
    'a.b.example.com': ['wilder'],
    'named.example.com': ['named'],
    'example.com': [],
    'a.example.com.evil.io': [],
    'axexample.com': [],
    'a.example.com:5000': [],
  });
});

test('of two keys for one place a credential goes before none, and contradictions are warned about', async () => {
  const settings = await load({
    'docker.io': {},
    'https://index.docker.io/v1/': basic('first'),
    'registry-1.docker.io': basic('second'),
  });
  expect(find(settings, 'docker.io')?.credentials).toMatchObject([{ credential: { username: 'first' } }]);
  expect(settings.warnings.filter((warning) => warning.includes('docker.io'))).toEqual([
    'the pull secret has several credentials for docker.io: the first one is used',
  ]);
});

test('config.yml refines an upstream', async () => {
  const { loadYaml, path, write } = await createWorkspace();
  const { cert } = await issue('ca', { isCa: true });
  await write('ca.pem', cert);
  const settings = await loadYaml(`
upstreams:
  r.example.com:
    {url: "http://127.0.0.1:5000/", default: true, cas: [${path('ca.pem')}], tagttl: 0s, tokenhosts: [auth.example.org],
     maxconnections: 8}
`);
  expect(settings.upstreams).toEqual([
    {
      name: 'r.example.com',
      url: 'http://127.0.0.1:5000',
      default: true,
      authorization: 'cache',
      caches: [],
      cas: [cert],
      tagTtlMs: 0,
      tokenHosts: ['auth.example.org'],
      maxConnections: 8,
      credentials: [],
    },
  ]);
  expect(settings.watchedFiles).toContain(path('ca.pem'));
});

test.each([
  ['two default upstreams', '{a.io: {default: true}, b.io: {default: true}}', 'upstreams'],
  ['a name twice', '{a.io: , A.io: }', 'upstreams.A.io'],
  ['a name with a path', '{a.io/b: }', 'upstreams.a.io/b'],
  ['a URL with a path', '{a.io: {url: "https://a.io/v2"}}', 'upstreams.a.io.url'],
  ['a URL of another scheme', '{a.io: {url: "ftp://a.io"}}', 'upstreams.a.io.url'],
  ['a URL without a scheme', '{a.io: {url: "a.io:5000"}}', 'upstreams.a.io.url'],
  ['a URL with a password', '{a.io: {url: "https://u:hunter2@a.io"}}', 'upstreams.a.io.url'],
  ['a token host that is a URL', '{a.io: {tokenhosts: ["https://a.io/token"]}}', 'upstreams.a.io.tokenhosts'],
])('%s is refused', async (_, upstreams, key) => {
  const { loadYaml } = await createWorkspace();
  const error = await rejectionOf(loadYaml(`upstreams: ${upstreams}`));
  expect(error.problems.map((problem) => problem.key)).toEqual([key]);
  expect(error.message).not.toContain('hunter2');
});

test('a certificate authority that is no certificate is refused', async () => {
  const { loadYaml, path, write } = await createWorkspace();
  await write('ca.pem', 'nonsense');
  const error = await rejectionOf(loadYaml(`upstreams: {a.io: {cas: [${path('ca.pem')}]}}`));
  expect(error.problems).toEqual([
    { key: 'upstreams.a.io.cas', message: 'expected a certificate in PEM form, found none' },
  ]);
});

test('descriptions say the kinds of credentials, and nothing secret', async () => {
  const settings = await load({
    'a.io': { username: 'hunter1', password: 'hunter2' },
    'a.io/org': { identitytoken: 'hunter3' },
    'b.io': {},
    'c.io/org': { registrytoken: 'hunter4' },
  });
  const descriptions = describeUpstreams(settings);
  expect(descriptions.map(({ name, credentials }) => [name, credentials])).toEqual([
    [
      'a.io',
      [
        { repositoryPrefix: 'org', kind: 'identity-token' },
        { repositoryPrefix: '', kind: 'basic' },
      ],
    ],
    ['b.io', [{ repositoryPrefix: '', kind: 'anonymous' }]],
    ['c.io', [{ repositoryPrefix: 'org', kind: 'registry-token' }]],
  ]);
  expect(JSON.stringify(descriptions)).not.toContain('hunter');
});

test("an upstream's own certificate authorities do not take the place of those that Node was told of", async () => {
  const { loadYaml, write } = await createWorkspace();
  const [extra, own] = [await issue('extra'), await issue('own')];
  const extraPath = await write('extra.pem', extra.cert);
  const ownPath = await write('own.pem', own.cert);
  const yaml = `upstreams: {quay.io: {cas: [${ownPath}]}, ghcr.io: {}}`;
  const settings = await loadYaml(yaml, { NODE_EXTRA_CA_CERTS: extraPath });
  expect(find(settings, 'quay.io')?.cas).toEqual([extra.cert, own.cert]);
  expect(find(settings, 'ghcr.io')?.cas).toEqual([]);
});
