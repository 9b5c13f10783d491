import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCertificateAuthority } from '../support/certificates.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { ADMINISTRATOR, startOrigin, type Origin } from '../support/origin/start-origin.ts';
import { createClientMachine } from './support/clients.ts';
import { startDockerDaemon } from './support/docker-daemon.ts';
import { writeImageLayout, type ImageLayout } from './support/image-layout.ts';
import { readLayout } from './support/read-layout.ts';
import { prepareInstallation } from './support/installation.ts';
import { run } from './support/run.ts';
import { COMMAND, startCacheWithoutUsers, type CacheProcess } from './support/running-cache.ts';

const ALICE = { username: 'alice', password: 'alice:secret' };

// The way of the predecessor's documentation: deploy, register, choose, and pull from the origin as before.
describe('a cache that is registered at its origin', () => {
  const own = closeAfterAll();
  let root: string;
  let origin: Origin;
  let cache: CacheProcess;
  let image: ImageLayout;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'registry-cache-e2e-'));
    own({ close: () => rm(root, { recursive: true }) });
    const ca = await createCertificateAuthority();
    origin = own(await startOrigin({ tls: await ca.issue() }));
    origin.addAccount(ALICE.username, ALICE.password);
    origin.allow(ALICE.username, 'org/image');
    image = await writeImageLayout(join(root, 'image'), [10, 3_000_000]);
    origin.addImage('org/image', 'v1', await readLayout(join(root, 'image'), image));

    const installation = await prepareInstallation({ root, upstreams: {} });
    const originCa = join(root, 'origin-ca.pem');
    await writeFile(originCa, ca.certificate);
    // Clients are sent from one to the other, and trust both.
    await writeFile(join(installation.clientCertFolder, 'origin.crt'), ca.certificate);
    const config = {
      version: 0.1,
      storage: { delete: { enabled: true } },
      middleware: {
        registry: [
          { name: 'downstream', options: { blobttl: '24h', upstreams: [origin.origin], cas: [originCa] } },
        ],
      },
    };
    cache = own(await startCacheWithoutUsers(installation, { name: 'registered', config }));

    const pullSecret = join(root, 'administrator.json');
    const { username, password } = ADMINISTRATOR;
    await writeFile(pullSecret, JSON.stringify({ auths: { [origin.authority]: { username, password } } }));
    await run(process.execPath, [
      COMMAND,
      'register',
      '--origin',
      origin.origin,
      '--ca',
      originCa,
      '--pull-secret',
      pullSecret,
      '--name',
      'near',
      '--host',
      `https://${cache.address}`,
      '--user',
      ALICE.username,
    ]);
  });

  test('gives blobs to skopeo and podman, which pull from the origin', async () => {
    const client = await createClientMachine({ cache });
    const { username, password } = ALICE;
    const user = ['--username', username, '--password', password];
    await client.podman('login', ...user, ...client.pullFlags, origin.authority);
    origin.forgetRequests();
    await client.podman('pull', ...client.pullFlags, `${origin.authority}/org/image:v1`);

    const copy = join(root, 'copy');
    await mkdir(copy);
    const trust = ['--src-cert-dir', cache.installation.clientCertFolder];
    const credential = ['--src-creds', `${username}:${password}`];
    await client.skopeo(
      'copy',
      ...credential,
      ...trust,
      `docker://${origin.authority}/org/image:v1`,
      `dir:${copy}`,
    );
    const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8')) as { layers: unknown[] };
    expect(manifest.layers).toHaveLength(2);
    const sent = origin.asked({ method: 'GET', path: /\/blobs\// }).filter(({ status }) => status === 200);
    expect(sent).toHaveLength(image.layerDigests.length + 1);
    expect(sent.every(({ via = '' }) => via.includes('registry-cache-'))).toBe(true);
  });

  test('gives them to docker, which leaves its login behind at the origin', async () => {
    const docker = own(await startDockerDaemon());
    const { username, password } = ALICE;
    await docker.docker('login', '--username', username, '--password', password, origin.authority);
    origin.forgetRequests();
    await docker.docker('pull', `${origin.authority}/org/image:v1`);
    const redirected = origin
      .asked({ method: 'GET', path: /\/blobs\// })
      .filter(({ status }) => status === 307);
    expect(redirected.length).toBeGreaterThan(0);
  });
});
