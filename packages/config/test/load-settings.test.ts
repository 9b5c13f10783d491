import { mkdir, readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { issue } from './support/certificates.ts';
import { rejectionOf } from './support/problems.ts';
import { createWorkspace } from './support/workspace.ts';

const HASH = `$2y$05$${'a'.repeat(53)}`;
const SECRET = JSON.stringify({ auths: { 'quay.io': { auth: 'dTpw' } } });

test('with nothing configured it serves the well-known registries from a folder of the user', async () => {
  const { load, path } = await createWorkspace();
  const settings = await load();
  expect(settings.log).toEqual({ level: 'info', access: { format: 'json', blobs: false } });
  expect(settings.http).toMatchObject({ host: '', port: 8443, drainTimeoutMs: 30_000 });
  expect(settings.http.tls?.source).toBe('self-signed');
  expect(settings.auth).toBeUndefined();
  expect(settings.storage.rootDirectory).toBe(path('.cache/registry-cache'));
  expect(settings.cleaner).toEqual({
    maxSizeBytes: 10 * 1024 ** 3,
    thresholdPercentage: 20,
    runEveryMs: 1_800_000,
    pins: [],
  });
  expect(settings).toMatchObject({ warm: { rules: [], concurrency: 2 }, notifications: [] });
  expect(settings).not.toHaveProperty('debug');
  expect(settings).not.toHaveProperty('dashboard');
  expect(settings).not.toHaveProperty('telemetry');
  expect(settings.fills).toEqual({ abandonBelowPercent: 0, maxSizeBytes: 100 * 1024 ** 3 });
  expect(settings.upstreams.map(({ name }) => name)).toContain('docker.io');
  expect(settings.upstreams.some((upstream) => upstream.default)).toBe(false);
  expect(settings.watchedFiles).toEqual([path('pull-secret.json'), path('certs/certs.pem')]);
});

test("the first registry-cache's container needs no change", async () => {
  const { load, path, write } = await createWorkspace();
  await mkdir(path('var/lib/registry'), { recursive: true });
  await write('pull-secret.json', SECRET);
  await write('auth/htpasswd', `alice:${HASH}\n`);
  const { cert, key } = await issue('cache', { names: ['cache'] });
  await write('certs/certs.pem', cert + key);
  const settings = await load({
    env: {
      CLEANER_MAXSIZE: '50M',
      CLEANER_THRESHOLD_PERCENTAGE: '10',
      CLEANER_RUNEVERY_TIME: '1h2m3s',
      REGISTRY_AUTH: 'htpasswd',
      REGISTRY_AUTH_HTPASSWD_REALM: 'Registry Realm',
      REGISTRY_AUTH_HTPASSWD_PATH: path('auth/htpasswd'),
    },
  });
  expect(settings.http.tls?.source).toBe(path('certs/certs.pem'));
  expect(settings.auth).toEqual({ realm: 'Registry Realm', users: { alice: HASH } });
  expect(settings.storage.rootDirectory).toBe(path('var/lib/registry'));
  expect(settings.upstreams.map(({ name }) => name)).toEqual(['quay.io']);
  expect(settings.cleaner).toEqual({
    maxSizeBytes: 50 * 1024 ** 2,
    thresholdPercentage: 10,
    runEveryMs: 3_723_000,
    pins: [],
  });
  expect(settings.watchedFiles).toEqual([
    path('pull-secret.json'),
    path('auth/htpasswd'),
    path('certs/certs.pem'),
  ]);
  expect(settings.warnings).toEqual([]);
});

test('environment goes before config.yml, and the command line before both', async () => {
  const { load, write } = await createWorkspace();
  const configFile = await write('config.yml', 'log: {level: error}\nhttp: {addr: ":1"}\nrundir: /run/a\n');
  const settings = await load({
    configFile,
    env: { REGISTRY_LOG_LEVEL: 'debug', REGISTRY_HTTP_ADDR: ':2' },
    overrides: { 'http.addr': ':3' },
  });
  expect(settings).toMatchObject({ log: { level: 'debug' }, http: { port: 3 }, runDirectory: '/run/a' });
});

test('fills may be bounded by config.yml and by the environment', async () => {
  const { load, write } = await createWorkspace();
  const configFile = await write('config.yml', 'fills: {abandonbelow: 50, maxsize: 20G}\n');
  expect((await load({ configFile })).fills).toEqual({
    abandonBelowPercent: 50,
    maxSizeBytes: 20 * 1024 ** 3,
  });
  const env = { REGISTRY_FILLS_ABANDONBELOW: '12.5', REGISTRY_FILLS_MAXSIZE: '1M' };
  expect((await load({ configFile, env })).fills).toEqual({
    abandonBelowPercent: 12.5,
    maxSizeBytes: 1024 ** 2,
  });
});

test('blobs may expire by age, and the environment may say so too', async () => {
  const { loadYaml } = await createWorkspace();
  const { cleaner } = await loadYaml('cleaner: {blobttl: 720h}');
  expect(cleaner.expiry).toEqual({ blobTtlMs: 2_592_000_000, from: 'fetched' });
  const env = { REGISTRY_CLEANER_BLOBTTL: '24h', REGISTRY_CLEANER_BLOBTTLFROM: 'pulled' };
  expect((await loadYaml('', env)).cleaner.expiry).toEqual({ blobTtlMs: 86_400_000, from: 'pulled' });
});

test('blobttlfrom alone has no effect, with a warning', async () => {
  const { loadYaml } = await createWorkspace();
  const { cleaner, warnings } = await loadYaml('http: {addr: ":0"}\ncleaner: {blobttlfrom: pulled}');
  expect(cleaner.expiry).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining('cleaner.blobttlfrom has no effect')]);
});

test.each([
  ['https://cache.example.com:8443/', 'https://cache.example.com:8443'],
  ['HTTPS://Cache.example.com:443', 'https://cache.example.com'],
  ['http://10.0.0.1:5000', 'http://10.0.0.1:5000'],
])('http.host %s is where clients reach the cache', async (host, externalUrl) => {
  const { loadYaml } = await createWorkspace();
  expect((await loadYaml(`http: {host: "${host}"}`)).http.externalUrl).toBe(externalUrl);
});

test('the secret for tokens is taken as it is, unless it is the one of the samples', async () => {
  const { loadYaml } = await createWorkspace();
  const yaml = 'http: {addr: ":0", secret: hunter2}';
  const given = await loadYaml(yaml);
  expect(given.http.secret).toBe('hunter2');
  expect(given.warnings).toEqual([]);
  const sample = await loadYaml(yaml, { REGISTRY_HTTP_SECRET: 'generate-random-secret' });
  expect(sample.http.secret).toBeUndefined();
  expect(sample.warnings).toEqual([expect.stringContaining('REGISTRY_HTTP_SECRET is the placeholder')]);
});

test("log levels are distribution's, in any case", async () => {
  const { loadYaml } = await createWorkspace();
  for (const level of ['error', 'warn', 'info', 'debug'] as const) {
    expect((await loadYaml(`log: {level: ${level.toUpperCase()}}`)).log.level).toBe(level);
  }
});

test('all mistakes of all sources are reported at once, without a secret', async () => {
  const { path, write, loadYaml, directory } = await createWorkspace();
  await write('pull-secret.json', '{"auths": {"quay.io": {"auth": "hunter2!"}}}');
  await write('auth/htpasswd', 'alice:hunter2\n');
  await write('certs/certs.pem', 'hunter2');
  const error = await rejectionOf(
    loadYaml(
      'http: {adr: ":1"}\nauth: htpasswd\ncleaner: {runevery: 1M}\n' +
        'upstreams: {quay.io: {url: "https://u:hunter2@quay.io", cas: [/nowhere/ca.pem]}, bad/name: }\n',
      { CLEANER_MAXSIZE: '10', REGISTRY_LOG_LEVEL: 'loud', HTTPS_PROXY: 'ftp://u:hunter2@proxy' },
    ),
  );
  expect(error.problems.map(({ key }) => key).toSorted()).toEqual(
    [
      'CLEANER_MAXSIZE',
      'HTTPS_PROXY',
      'REGISTRY_LOG_LEVEL',
      `${path('auth/htpasswd')}:1`,
      path('certs/certs.pem'),
      `${path('pull-secret.json')} auths.quay.io`,
      'cleaner.runevery',
      'http.adr',
      'upstreams.bad/name',
      'upstreams.quay.io.cas',
      'upstreams.quay.io.url',
    ].toSorted(),
  );
  expect(error.message.split('\n')).toHaveLength(error.problems.length + 1);
  expect(error.message).not.toContain('hunter2');
  // Nothing was made: no self-signed certificate of a start that failed.
  expect(await readdir(directory)).not.toContain('.cache');
});

test('files that are named must exist', async () => {
  const { loadYaml } = await createWorkspace();
  const error = await rejectionOf(
    loadYaml('auth: {htpasswd: {path: /nowhere/htpasswd}}\nhttp: {tls: {certificate: /nowhere/c.pem}}\n', {
      PULLSECRETPATH: '/nowhere/ps.json',
    }),
  );
  expect(error.problems).toEqual([
    { key: 'PULLSECRETPATH', message: 'cannot read /nowhere/ps.json: no such file' },
    { key: 'auth.htpasswd.path', message: 'cannot read /nowhere/htpasswd: no such file' },
    { key: 'http.tls.certificate', message: 'cannot read /nowhere/c.pem: no such file' },
  ]);
});

test('a missing config.yml is reported', async () => {
  const { load } = await createWorkspace();
  const error = await rejectionOf(load({ configFile: '/nowhere/config.yml' }));
  expect(error.message).toContain('/nowhere/config.yml: no such file');
});

test('a folder in place of a file is explained', async () => {
  const { load, path } = await createWorkspace();
  await mkdir(path('pull-secret.json'));
  expect((await rejectionOf(load())).message).toContain('it is a folder');
});

test('config.yml with http.addr and no http.tls means plain HTTP', async () => {
  const { loadYaml } = await createWorkspace();
  expect((await loadYaml('http: {addr: ":5000"}')).http).toEqual({
    host: '',
    port: 5000,
    drainTimeoutMs: 30_000,
  });
});

test("the container's certificate is used even where config.yml sets http.addr", async () => {
  const { loadYaml, write } = await createWorkspace();
  const { cert, key } = await issue('cache', { names: ['cache'] });
  await write('certs/certs.pem', key + cert);
  expect((await loadYaml('http: {addr: ":5000"}')).http.tls?.key).toContain('PRIVATE KEY');
});

test('an address of the environment alone keeps TLS on', async () => {
  const { load } = await createWorkspace();
  const { http } = await load({ env: { REGISTRY_HTTP_ADDR: '127.0.0.1:0' } });
  expect(http).toMatchObject({ host: '127.0.0.1', port: 0, tls: { source: 'self-signed' } });
});

test('certificate and key may be separate files', async () => {
  const { loadYaml, path, write } = await createWorkspace();
  const { cert, key } = await issue('cache', { names: ['cache'] });
  await write('tls.crt', cert);
  await write('tls.key', key);
  const settings = await loadYaml(`http: {tls: {certificate: ${path('tls.crt')}, key: ${path('tls.key')}}}`);
  expect(settings.http.tls?.source).toBe(`${path('tls.crt')} and ${path('tls.key')}`);
  expect(settings.watchedFiles).toEqual([
    path('config.yml'),
    path('pull-secret.json'),
    path('tls.crt'),
    path('tls.key'),
  ]);
});

test('an expired certificate is warned about, and the cache still starts', async () => {
  const { load, write } = await createWorkspace();
  const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-06-01') };
  const { cert, key } = await issue('cache', { names: ['cache'], ...validity });
  await write('certs/certs.pem', cert + key);
  const { http, warnings } = await load();
  expect(http.tls?.certificate).toContain('CERTIFICATE');
  expect(warnings).toEqual([expect.stringContaining('expired on 2020-06-01')]);
});

test.each(['auth: htpasswd', 'auth: {htpasswd: }', 'auth: {htpasswd: {}}'])(
  '%j asks for a login though it says no more',
  async (yaml) => {
    const { loadYaml, write } = await createWorkspace();
    await write('auth/htpasswd', `alice:${HASH}\n`);
    expect((await loadYaml(yaml)).auth).toEqual({ realm: 'Registry Realm', users: { alice: HASH } });
  },
);

test('an unknown kind of login is never taken for none', async () => {
  const { load, loadYaml } = await createWorkspace();
  const fromEnv = await rejectionOf(load({ env: { REGISTRY_AUTH: 'token' } }));
  expect(fromEnv.problems).toMatchObject([{ key: 'REGISTRY_AUTH' }]);
  // Each of them chooses its section by itself, as in distribution.
  for (const name of ['REGISTRY_AUTH_TOKEN_REALM', 'REGISTRY_AUTH_HTPASWD_PATH']) {
    const { problems } = await rejectionOf(load({ env: { [name]: '/auth/htpasswd' } }));
    expect(problems).toEqual([{ key: name, message: expect.stringContaining('unknown setting') }]);
  }
  const { auth, warnings } = await load({ env: { REGISTRY_AUTH_FILE: '/run/containers/0/auth.json' } });
  expect(auth).toBeUndefined();
  expect(warnings).toContainEqual(expect.stringContaining('REGISTRY_AUTH_FILE is ignored'));
  expect((await rejectionOf(loadYaml('auth: {token: {realm: x}}'))).problems).toMatchObject([
    { key: 'auth.token' },
  ]);
});

test('the run directory belongs to one user and one data folder', async () => {
  const { load, directory } = await createWorkspace();
  const env = { XDG_RUNTIME_DIR: directory };
  const first = await load({ env, overrides: { 'storage.filesystem.rootdirectory': `${directory}/a` } });
  const second = await load({ env, overrides: { 'storage.filesystem.rootdirectory': `${directory}/b` } });
  const again = await load({ env, overrides: { 'storage.filesystem.rootdirectory': `${directory}/a` } });
  expect(first.runDirectory).toMatch(new RegExp(`^${directory}/registry-cache-\\d+-[0-9a-f]{8}$`));
  expect(second.runDirectory).not.toBe(first.runDirectory);
  expect(again.runDirectory).toBe(first.runDirectory);
});

test('a run directory too long for unix sockets is refused', async () => {
  const { loadYaml } = await createWorkspace();
  const error = await rejectionOf(loadYaml(`rundir: /${'r'.repeat(90)}`));
  expect(error.problems).toMatchObject([
    { key: 'rundir', message: expect.stringContaining('at most 78 bytes') },
  ]);
});

test('settings survive being sent to another process', async () => {
  const { load, write } = await createWorkspace();
  await write('pull-secret.json', SECRET);
  const settings = await load({ env: { CLEANER_MAXSIZE: '1Y' } });
  expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
});
