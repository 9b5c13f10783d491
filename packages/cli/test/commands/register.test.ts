import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closeAtEnd } from '../../../../test/support/close-at-end.ts';
import { ADMINISTRATOR, startOrigin, type Origin } from '../../../../test/support/origin/start-origin.ts';
import { issue } from '../../../config/test/support/certificates.ts';
import { findFreePort } from '../../../../test/support/free-port.ts';
import type { CommandResult } from '../support/run-command.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { startTls } from '../support/tls-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HOST = 'https://cache.example.com:443';
const PASSWORD = ADMINISTRATOR.password;
const AUTHORITY = await issue('Origin CA', { isCa: true });
const CERTIFICATE = await issue('localhost', { ca: AUTHORITY, names: ['localhost'] });

interface Fixture {
  readonly origin: Origin;
  /** `https://localhost:39123` */
  readonly url: string;
  /** `localhost:39123` */
  readonly authority: string;
  readonly folder: string;
  readonly ca: string;
  readonly run: (args: readonly string[], input?: string) => Promise<CommandResult>;
}

async function start(): Promise<Fixture> {
  const folder = await temporaryFolder();
  const { cert, key } = CERTIFICATE;
  const origin = closeAtEnd(await startOrigin({ tls: { certificate: cert, key } }));
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, AUTHORITY.cert);
  const host = `localhost:${new URL(origin.origin).port}`;
  const run = (args: readonly string[], input = ''): Promise<CommandResult> =>
    runInProcess(['register', ...args], { HOME: folder }, input);
  return { origin, url: `https://${host}`, authority: host, folder, ca, run };
}

/** As the administrator, with the password on standard input. */
function registerAs(
  fixture: Fixture,
  args: readonly string[] = [],
  { username, password }: { readonly username: string; readonly password: string } = ADMINISTRATOR,
): Promise<CommandResult> {
  const { url, ca, run } = fixture;
  const required = ['--origin', url, '--name', 'region-asia', '--host', HOST, '--ca', ca];
  return run([...required, '--username', username, '--password-stdin', ...args], `${password}\n`);
}

async function writePullSecret({ folder }: Fixture, auths: object): Promise<string> {
  const file = join(folder, 'pull-secret.json');
  await writeFile(file, JSON.stringify({ auths }));
  return file;
}

function secretsIn({ stdout, stderr }: CommandResult, passwords: readonly string[] = [PASSWORD]): string[] {
  const basic = passwords.map((password) => Buffer.from(`admin:${password}`).toString('base64'));
  return [...passwords, ...basic].filter((secret) => (stdout + stderr).includes(secret));
}

test('registers a cache, and says so', async () => {
  const fixture = await start();
  const result = await registerAs(fixture);
  expect(result).toEqual({
    exitCode: 0,
    stdout:
      `region-asia is registered at ${fixture.url}, with the host ${HOST}\n` +
      'nobody pulls through it yet: users choose it in their settings there, or --user NAME chooses for them',
    stderr: '',
  });
  expect(fixture.origin.requests).toMatchObject([
    { method: 'POST', path: '/api/v0/content_caches', status: 201 },
  ]);
});

test('a cache that is registered with the same host is a success', async () => {
  const fixture = await start();
  fixture.origin.register('region-asia', 'https://cache.example.com');
  const { exitCode, stdout } = await registerAs(fixture);
  expect(exitCode).toBe(0);
  expect(stdout.split('\n')[0]).toBe(
    `region-asia was registered at ${fixture.url} before, with the same host ${HOST}`,
  );
});

test('a cache that is registered with another host is left as it is', async () => {
  const fixture = await start();
  fixture.origin.register('region-asia', 'https://old.example.com');
  const { exitCode, stdout, stderr } = await registerAs(fixture);
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 1,
    stdout: '',
    stderr:
      `error: region-asia is registered at ${fixture.url} already, ` +
      `with the host "https://old.example.com" in place of "${HOST}"\n` +
      '  remove it there, or register this cache under another name',
  });
});

test('--user chooses the cache for a user, also one that was registered before', async () => {
  const fixture = await start();
  fixture.origin.addAccount('anna smith', 'secret');
  const created = await registerAs(fixture, ['--user', 'anna smith', '--output', 'json']);
  expect(JSON.parse(created.stdout)).toEqual({
    origin: fixture.url,
    name: 'region-asia',
    host: HOST,
    outcome: 'created',
    user: 'anna smith',
  });
  expect(fixture.origin.findChosen('anna smith')).toMatchObject({ name: 'region-asia', host: HOST });
  const again = await registerAs(fixture, ['--user', 'anna smith']);
  expect(again.exitCode).toBe(0);
  expect(again.stdout).toMatch(/\nanna smith pulls through it from now on$/);
});

test('--user of nobody leaves the cache registered, and says so', async () => {
  const fixture = await start();
  const { exitCode, stderr } = await registerAs(fixture, ['--user', 'nobody']);
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    `error: region-asia is registered, but not chosen for nobody: ${fixture.url} answered 404: ` +
      'it has no user nobody, or no settings of users: it says "no such account"',
  );
});

test('the credential of the pull secret is used where no other is given', async () => {
  const fixture = await start();
  const file = await writePullSecret(fixture, { [fixture.authority]: ADMINISTRATOR });
  const args = ['--origin', `${fixture.url}/`, '--name', 'asia', '--host', `${HOST}/`, '--ca', fixture.ca];
  const { exitCode, stderr } = await fixture.run([...args, '--pull-secret', file]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(fixture.origin.requests[0]?.body).toBe(JSON.stringify({ name: 'asia', host: HOST }));
});

test('authorities and credentials of config.yml count', async () => {
  const fixture = await start();
  const { authority, ca, folder, url } = fixture;
  const file = await writePullSecret(fixture, { [authority]: ADMINISTRATOR });
  const configFile = join(folder, 'config.yml');
  await writeFile(
    configFile,
    `version: 0.1\nhttp: {addr: ':5000'}\npullsecret: ${file}\nupstreams: {'${authority}': {cas: [${ca}]}}\n`,
  );
  const { exitCode, stderr } = await fixture.run([
    '--origin',
    url,
    '--name',
    'asia',
    '--host',
    HOST,
    configFile,
  ]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});

test('a wrong password is told by where it came from, and never shown', async () => {
  const fixture = await start();
  const typed = await registerAs(fixture, [], { username: 'admin', password: 'wrong-secret' });
  expect(typed.exitCode).toBe(1);
  expect(typed.stderr).toBe(
    `error: ${fixture.url} answered 401: it does not accept user admin with the password from standard input\n` +
      '  check user and password\n' +
      '  it says "invalid username or password"',
  );
  const file = await writePullSecret(fixture, {
    [fixture.authority]: { username: 'admin', password: 'wrong-secret' },
  });
  const args = ['--origin', fixture.url, '--name', 'asia', '--host', HOST, '--ca', fixture.ca];
  const kept = await fixture.run([...args, '--pull-secret', file]);
  expect(kept.stderr.split('\n')[0]).toBe(
    `error: ${fixture.url} answered 401: it does not accept the credential of ${fixture.authority} in the pull secret`,
  );
  expect([...secretsIn(typed, ['wrong-secret']), ...secretsIn(kept, ['wrong-secret'])]).toEqual([]);
});

test('a user who is no administrator is told so', async () => {
  const fixture = await start();
  fixture.origin.addAccount('anna', 'secret');
  const { exitCode, stderr } = await registerAs(fixture, [], { username: 'anna', password: 'secret' });
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    `error: ${fixture.url} answered 403: user anna with the password from standard input may not do this\n` +
      '  log in as an administrator\n' +
      '  it says "only administrators register content caches"',
  );
});

interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: (request: IncomingMessage) => string;
}

/** What `register` says of an origin that answers every request so. */
async function registerAtRefusing({
  status,
  headers = {},
  body = () => '',
}: Refusal): Promise<CommandResult> {
  const fixture = await start();
  const port = await startTls(CERTIFICATE, (req, res) => void res.writeHead(status, headers).end(body(req)));
  const result = await registerAs({ ...fixture, url: `https://localhost:${port}` });
  return { ...result, stderr: result.stderr.replace(`localhost:${port}`, 'dtr') };
}

test('a name that the origin does not like is told in its own words, without what is secret', async () => {
  const result = await registerAtRefusing({
    status: 400,
    body: ({ headers: { authorization = '' } }) =>
      JSON.stringify({
        errors: [{ message: `no:\n${PASSWORD}, ${authorization} \u001b[2J${'x'.repeat(9000)}` }],
      }),
  });
  expect(result.exitCode).toBe(1);
  const [first, second = ''] = result.stderr.split('\n');
  expect(first).toBe('error: https://dtr answered 400: it does not accept this name or host');
  expect(second).toMatch(/^ {2}it says "no: \*\*\*, Basic \*\*\* \[2Jx+…"$/);
  expect(second.length).toBeLessThan(250);
  expect(secretsIn(result)).toEqual([]);
});

test('an origin without such an API', async () => {
  const { exitCode, stderr } = await registerAtRefusing({ status: 404, body: () => '<html>' });
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    'error: https://dtr answered 404: it has no /api/v0/content_caches: is it a DTR or MSR?',
  );
});

test('a redirect is not followed with credentials, and named', async () => {
  const location = 'https://dtr.example.com/api/v0/content_caches?token=1';
  const { exitCode, stderr } = await registerAtRefusing({ status: 308, headers: { location } });
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    'error: https://dtr answered 308, expected 201\n' +
      '  it leads to https://dtr.example.com/api/v0/content_caches: ' +
      'credentials do not follow, so write --origin with where it is',
  );
});

test('an origin that is not trusted is sent no password, and the line says what to do', async () => {
  const fixture = await start();
  const args = ['--origin', fixture.url, '--name', 'asia', '--host', HOST];
  const result = await fixture.run([...args, '--username', 'admin', '--password-stdin'], PASSWORD);
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toBe(
    `error: the certificate CN=localhost of ${fixture.authority} is not accepted: ` +
      'the certificate authority CN=Origin CA that issued CN=localhost is not known\n' +
      '  this cache does not trust localhost: add the certificate of CN=Origin CA to the file of --ca ' +
      `(a DTR or MSR gives it out at ${fixture.url}/ca); ` +
      'if that is an intermediate authority, have localhost send it after its own certificate',
  );
  expect(fixture.origin.requests).toEqual([]);
});

test('an origin that is not there', async () => {
  const fixture = await start();
  const port = await findFreePort();
  const args = ['--origin', `https://localhost:${port}`, '--name', 'asia', '--host', HOST];
  const { exitCode, stderr } = await fixture.run([...args, '--username', 'admin', '--password-stdin'], 'x');
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    `error: localhost:${port} refused the connection\n` +
      `  nothing listens at localhost:${port}, or a firewall rejects it: check --origin`,
  );
});

const COMPLETE = ['--origin', 'https://dtr.example.com', '--name', 'asia', '--host', HOST];

test.each<[string, readonly string[], string]>([
  ['no option', [], 'error: expected --origin and --name and --host'],
  ['no host', COMPLETE.slice(0, 4), 'error: expected --host'],
  [
    'an origin without TLS',
    ['--origin', 'http://dtr.example.com', ...COMPLETE.slice(2)],
    'error: --origin: expected https:// and a host, such as https://registry.example.com:443, without user and path',
  ],
  [
    'an origin with a password',
    ['--origin', 'https://admin:secret@dtr.example.com', ...COMPLETE.slice(2)],
    'error: --origin: expected https:// and a host, such as https://registry.example.com:443, without user and path',
  ],
  [
    'a host without a scheme',
    [...COMPLETE.slice(0, 4), '--host', 'cache.example.com:443'],
    'error: --host: expected https:// or http:// and a host, such as https://registry.example.com:443, without user and path',
  ],
  ['a password of nobody', [...COMPLETE, '--password-stdin'], 'error: --password-stdin needs --username'],
  [
    'no password',
    [...COMPLETE, '--username', 'admin', '--password-stdin'],
    'error: standard input has no password: expected one line for --password-stdin',
  ],
  [
    'no credential and no terminal',
    COMPLETE,
    'error: there is no credential for https://dtr.example.com: the pull secret has none, so give --username and --password-stdin',
  ],
  [
    'a user without a password and no terminal',
    [...COMPLETE, '--username', 'admin'],
    'error: there is no credential for https://dtr.example.com: give the password of admin with --password-stdin',
  ],
  [
    'an authority that is not there',
    [...COMPLETE, '--ca', '/nonexistent'],
    'error: --ca: cannot read /nonexistent',
  ],
])('%s is an error', async (_name, args, message) => {
  const folder = await temporaryFolder();
  const { exitCode, stderr } = await runInProcess(['register', ...args], { HOME: folder });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('secret@');
});
