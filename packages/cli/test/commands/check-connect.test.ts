import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { issue } from '../../../config/test/support/certificates.ts';
import { closeAtEnd } from '../../../../test/support/close-at-end.ts';
import { findFreePort } from '../../../../test/support/free-port.ts';
import { buildImage } from '../../../../test/support/image/build-image.ts';
import { startUpstream } from '../../../../test/support/upstream/start-upstream.ts';
import { runCommand, type CommandResult } from '../support/run-command.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PASSWORD = 'pa:ss-wörd';

const ca = await issue('Registry CA', { isCa: true });
const { cert, key } = await issue('localhost', { ca, names: ['localhost'] });

interface Setup {
  /** Of the pull secret. */
  readonly password?: string;
  /** Whether config.yml names the authority of the upstream's certificate. */
  readonly trusted?: boolean;
  /** Whether the environment names it. */
  readonly trustedBySystem?: boolean;
}

async function runConnect(args: readonly string[], setup: Setup = {}): Promise<CommandResult> {
  const { password = PASSWORD, trusted = true, trustedBySystem = false } = setup;
  const folder = await temporaryFolder();
  const upstream = closeAtEnd(
    await startUpstream({
      tls: { certificate: cert, key },
      authentication: { kind: 'basic', accounts: [{ username: 'bob', password: PASSWORD }] },
    }),
  );
  upstream.addImage('org/image', '1.0', buildImage({ seed: 'connect', layers: [20] }));
  const name = `localhost:${new URL(upstream.origin).port}`;
  const path = (file: string): string => join(folder, file);
  await writeFile(path('ca.pem'), ca.cert);
  await writeFile(
    path('pull-secret.json'),
    JSON.stringify({ auths: { [name]: { username: 'bob', password } } }),
  );
  await writeFile(
    path('config.yml'),
    `version: 0.1
http: {addr: '127.0.0.1:${await findFreePort()}'}
storage: {filesystem: {rootdirectory: ${path('data')}}}
pullsecret: ${path('pull-secret.json')}
upstreams: {'${name}': {cas: [${trusted ? path('ca.pem') : ''}], default: true}}
`,
  );
  const command = ['check', path('config.yml'), ...args];
  // Node reads that variable when it starts.
  return trustedBySystem
    ? runCommand(command, { HOME: folder, NODE_EXTRA_CA_CERTS: path('ca.pem') })
    : runInProcess(command, { HOME: folder });
}

test('check --connect says of each server how far it came, and exits 0 when pulls work', async () => {
  const { exitCode, stdout } = await runConnect(['--image', 'org/image:1.0']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^upstream localhost:\d+ at https:\/\/localhost:\d+$/m);
  expect(stdout).toMatch(/^ {2}TLS {7}ok {7}TLSv1\.3: CN=localhost, issued by CN=Registry CA, /m);
  expect(stdout).toMatch(/^ {2}\/v2\/ {6}ok {7}asks for user and password \(Basic\)$/m);
  expect(stdout).toMatch(/^ {2}login {5}ok {7}localhost:\d+: accepted$/m);
  expect(stdout).toMatch(/^ {2}manifest {2}ok {7}org\/image:1\.0: sha256:[0-9a-f]{64}$/m);
  expect(stdout).toMatch(/^this cache at http:\/\/127\.0\.0\.1:\d+$/m);
  expect(stdout).toMatch(/^ {2}listen {4}- {8}not running: nothing answers at 127\.0\.0\.1:\d+$/m);
  expect(stdout).not.toContain('what to do:');
});

test('check --connect exits 1 for an upstream that is not trusted, and says in one line what to do', async () => {
  const { exitCode, stdout } = await runConnect(['--connect'], { trusted: false });
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(
    /^ {2}TLS {7}failed {3}the certificate CN=localhost of localhost:\d+ is not accepted: /m,
  );
  expect(stdout).toMatch(
    /^what to do:\n- this cache does not trust localhost: add the certificate of CN=Registry CA to upstreams\.localhost:\d+\.cas; .*$/m,
  );
});

test('an authority of the environment is told from public ones and those of the configuration', async () => {
  const { exitCode, stdout } = await runConnect(['--connect'], { trusted: false, trustedBySystem: true });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/, trusted by NODE_EXTRA_CA_CERTS$/m);
});

test('check --connect is readable for programs, and holds no secret', async () => {
  const password = 'wrong-secret';
  const { exitCode, stdout, stderr } = await runConnect(['--connect', '--output', 'json'], { password });
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    connections: {
      isBroken: true,
      diagnoses: [
        {
          kind: 'upstream',
          trust: { anchor: 'configured', authority: 'CN=Registry CA' },
          steps: [
            { name: 'dns', outcome: 'ok' },
            { name: 'tcp', outcome: 'ok' },
            { name: 'tls', outcome: 'ok' },
            { name: 'clock', outcome: 'ok' },
            { name: 'ping', outcome: 'ok' },
            { name: 'login', outcome: 'failed' },
            { name: 'manifest', outcome: 'skipped' },
          ],
        },
        { kind: 'cache', steps: [{ name: 'listen', outcome: 'skipped' }] },
      ],
      advice: [expect.stringMatching(/^the credential of localhost:\d+ in the pull secret is wrong/)],
    },
  });
  const basic = Buffer.from(`bob:${password}`).toString('base64');
  for (const secret of [password, basic]) expect(stdout + stderr).not.toContain(secret);
});

test('check alone contacts nobody', async () => {
  const { exitCode, stdout } = await runConnect([], { trusted: false });
  expect(exitCode).toBe(0);
  expect(stdout).not.toContain('TLS');
});

test.each([
  ['--timeout', 'soon', '--timeout: expected a duration with units'],
  ['--timeout', '0', '--timeout: expected more than nothing'],
  ['--image', 'ORG/image', '--image ORG/image is no image: '],
])('check %s %s is an error', async (option, value, message) => {
  const { exitCode, stderr } = await runConnect([option, value]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`error: ${message}`);
});
