import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { listChildren } from '../support/cache/process-tree.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { startBreakingWire } from './support/breaking-wire.ts';
import { createClientMachine, digestOfCopy, type ClientMachine } from './support/clients.ts';
import { startContainerd } from './support/containerd.ts';
import { startDockerDaemon, type DockerDaemon } from './support/docker-daemon.ts';
import { writeImageLayout } from './support/image-layout.ts';
import { setOriginScene, type OriginScene } from './support/origin-scene.ts';
import { startCacheWithoutUsers, type CacheProcess } from './support/running-cache.ts';

// Two registries with users of their own behind one cache that has none: what each client must do to pull what it may.
describe('a cache of several registries that authorize its clients themselves', () => {
  const own = closeAfterAll();
  let scene: OriginScene;
  let cache: CacheProcess;
  let quayImage: string;
  let dockerHubImage: string;

  beforeAll(async () => {
    scene = own(await setOriginScene('127.0.0.1'));
    const authorization = 'origin';
    const config = {
      version: 0.1,
      upstreams: {
        'quay.io': { url: scene.quay.url, authorization },
        'docker.io': { url: scene.dockerHub.url, authorization },
      },
    };
    cache = own(await startCacheWithoutUsers(scene.installation, { name: 'several', config }));
    quayImage = `${cache.address}/quay.io/org/image:v1`;
    dockerHubImage = `${cache.address}/docker.io/org/image:v1`;
  });

  const machine = (): Promise<ClientMachine> => createClientMachine({ cache });

  const loginTo = (client: ClientMachine, path: string, user: OriginScene['alice']): Promise<unknown> =>
    client.podman(
      'login',
      '--username',
      user.username,
      '--password',
      user.password,
      ...client.pullFlags,
      cache.address + path,
    );

  test('podman holds a credential for each of them, and pulls from both', async () => {
    const client = await machine();
    await loginTo(client, '/quay.io', scene.alice);
    await loginTo(client, '/docker.io', scene.dockerHub);
    await client.podman('pull', ...client.pullFlags, quayImage);
    await client.podman('pull', ...client.pullFlags, dockerHubImage);
    expect(scene.dockerHub.refusedLogins).toEqual([]);
    expect(scene.quay.refusedLogins).toEqual([]);
  });

  test('what one user has pulled is not given to another, by podman', async () => {
    const client = await machine();
    await loginTo(client, '/quay.io', scene.bob);
    const refused = await client.attemptPodman('pull', ...client.pullFlags, quayImage);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/denied/);
  });

  test('nor to one who has not logged in', async () => {
    const client = await machine();
    const refused = await client.attemptPodman('pull', ...client.pullFlags, quayImage);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/unauthorized|authentication required/);
  });

  test('podman is told at the login that a password is wrong, where the user name says whose it is', async () => {
    const client = await machine();
    const wrong = { username: `quay.io/${scene.alice.username}`, password: 'wrong' };
    await expect(loginTo(client, '/quay.io', wrong)).rejects.toThrow(/invalid username\/password/);
    await loginTo(client, '/quay.io', { ...scene.alice, username: wrong.username });
    await client.podman('pull', ...client.pullFlags, quayImage);
  });

  test('skopeo and buildah pull with a credential of the registry', async () => {
    const client = await machine();
    const copy = join(client.folder, 'copy');
    const { username, password } = scene.alice;
    const credential = ['--src-creds', `${username}:${password}`];
    const trust = ['--src-cert-dir', scene.installation.clientCertFolder];
    await client.skopeo('copy', ...credential, ...trust, `docker://${quayImage}`, `dir:${copy}`);
    expect(await digestOfCopy(copy)).toBe(scene.quayImage.digest);

    await loginTo(client, '/quay.io', scene.alice);
    await client.buildah('pull', ...client.pullFlags, quayImage);
  });

  test('podman, to which the cache is a mirror, sends it no credential but that of its own address', async () => {
    const registriesConf = `[[registry]]
prefix = "quay.io"
location = "localhost:1"
[[registry.mirror]]
location = "${cache.address}/quay.io"
`;
    const client = await createClientMachine({ cache, registriesConf });
    const { username, password } = scene.alice;
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    await writeFile(join(client.folder, 'auth.json'), JSON.stringify({ auths: { 'quay.io': { auth } } }));
    const pull = ['pull', ...client.pullFlags, 'quay.io/org/image:v1'] as const;
    expect((await client.attemptPodman(...pull)).stderr).toMatch(/Mirrors also failed.*denied/s);
    await loginTo(client, '/quay.io', scene.alice);
    await client.podman(...pull);
  });

  test('crane holds one credential for the cache, and pulls what it is for', async () => {
    const client = await machine();
    const { username, password } = scene.alice;
    await client.crane('auth', 'login', '-u', `quay.io/${username}`, '-p', password, cache.address);
    expect((await client.crane('digest', quayImage)).stdout.trim()).toBe(scene.quayImage.digest);
    await client.crane('validate', '--remote', quayImage);
    await expect(client.crane('digest', dockerHubImage)).rejects.toThrow(/UNAUTHORIZED/);
  });

  test('containerd pulls through its mirror with a credential of the registry', async () => {
    const containerd = await startContainerd({ ...scene.installation, ...scene.alice }, cache.address);
    try {
      await containerd.fetch('quay.io/org/image:v1');
      expect(await containerd.digests()).toEqual(expect.arrayContaining([scene.quayImage.digest]));
    } finally {
      await containerd.close();
    }
  });

  describe('docker, which holds one credential for the cache,', () => {
    let docker: DockerDaemon;
    const onLoopback = (image: string): string => image.replace('localhost:', '127.0.0.1:');

    beforeAll(async () => {
      docker = own(await startDockerDaemon());
    });

    const login = (user: OriginScene['alice']): ReturnType<DockerDaemon['attemptDocker']> =>
      docker.attemptDocker(
        'login',
        '--username',
        user.username,
        '--password',
        user.password,
        onLoopback(cache.address),
      );

    test('is told at the login that the password is wrong', async () => {
      const refused = await login({ username: `quay.io/${scene.alice.username}`, password: 'wrong' });
      expect(refused.exitCode).not.toBe(0);
      expect(refused.stderr).toMatch(/unauthorized/);
    });

    test('names the registry in the user name, and pulls from it', async () => {
      const user = { ...scene.alice, username: `quay.io/${scene.alice.username}` };
      expect(await login(user)).toMatchObject({ exitCode: 0 });
      await docker.docker('pull', onLoopback(quayImage));
    });

    test('has its password sent to no other registry', async () => {
      const known = scene.dockerHub.refusedLogins.length;
      const refused = await docker.attemptDocker('pull', onLoopback(dockerHubImage));
      expect(refused.exitCode).not.toBe(0);
      expect(refused.stderr).toMatch(/unauthorized|denied/);
      expect(scene.dockerHub.refusedLogins).toHaveLength(known);
    });
  });

  test('no password and no token is in the log, and who was refused is', async () => {
    const log = await cache.logs();
    expect(log).not.toContain(scene.alice.password);
    expect(log).not.toContain(scene.bob.password);
    expect(log).not.toMatch(/Basic [A-Za-z0-9]|Bearer [A-Za-z0-9]/);
    const refused = log.split('\n').filter((line) => line.includes('client refused by the origin'));
    expect(refused.some((line) => line.includes(scene.bob.username) && line.includes('org/image'))).toBe(
      true,
    );
  });
});

/** All of its processes, so that nothing of what is under way is finished. */
async function killAll({ pid }: CacheProcess): Promise<void> {
  const children = await listChildren(pid);
  for (const each of [{ pid }, ...children]) process.kill(each.pid, 'SIGKILL');
}

const LARGE_LAYER_BYTES = 24 * 1024 * 1024;

// What an operator of a content cache has: one origin, whose names need no prefix.
describe('a content cache of one origin', () => {
  const own = closeAfterAll();
  let scene: OriginScene;

  beforeAll(async () => {
    scene = own(await setOriginScene('127.0.0.1'));
  });

  const startContentCache = async (
    name: string,
    upstreams: unknown,
    cas: string[] = [],
  ): Promise<CacheProcess> => {
    const options = { blobttl: '24h', upstreams, cas };
    const config = {
      version: 0.1,
      storage: { delete: { enabled: true } },
      http: { secret: 'e2e' },
      middleware: { registry: [{ name: 'downstream', options }] },
    };
    return own(await startCacheWithoutUsers(scene.installation, { name, config }));
  };

  async function pullWithEveryClient(cache: CacheProcess): Promise<void> {
    const client = await createClientMachine({ cache });
    const { username, password } = scene.alice;
    const user = ['--username', username, '--password', password];
    await client.podman('login', ...user, ...client.pullFlags, cache.address);
    await client.podman('pull', ...client.pullFlags, `${cache.address}/org/image:v1`);
    const copy = await mkdtemp(join(client.folder, 'copy-'));
    await client.skopeo(
      'copy',
      '--src-creds',
      `${username}:${password}`,
      '--src-cert-dir',
      scene.installation.clientCertFolder,
      `docker://${cache.address}/org/image@${scene.quayImage.digest}`,
      `dir:${copy}`,
    );
    expect(await digestOfCopy(copy)).toBe(scene.quayImage.digest);
    await client.crane('auth', 'login', '-u', username, '-p', password, cache.address);
    await client.crane('validate', '--remote', `${cache.address}/org/image:v1`);
  }

  test('is logged in to with the origin’s accounts, and serves who may pull', async () => {
    const cache = await startContentCache('single', [scene.quay.url]);
    await pullWithEveryClient(cache);
    // Three layers and the configuration.
    expect(await scene.quay.blobGets()).toBe(4);
  });

  test('refuses a wrong password at the login', async () => {
    const cache = await startContentCache('wrong-password', [scene.quay.url]);
    const client = await createClientMachine({ cache });
    const user = ['--username', scene.alice.username, '--password', 'wrong'];
    await expect(client.podman('login', ...user, ...client.pullFlags, cache.address)).rejects.toThrow(
      /invalid username\/password/,
    );
  });

  test('in front of another one asks it for blobs, and the origin who may pull', async () => {
    const trusted = [join(scene.installation.clientCertFolder, 'ca.crt')];
    const far = await startContentCache('far', [{ originhost: scene.quay.url }]);
    const near = await startContentCache(
      'near',
      [{ originhost: scene.quay.url, upstreamhosts: [`https://${far.address}`] }],
      trusted,
    );
    const before = await scene.quay.blobGets();
    await pullWithEveryClient(near);
    expect((await scene.quay.blobGets()) - before).toBe(4);
    const bob = await createClientMachine({ cache: near });
    const credential = ['--creds', `${scene.bob.username}:${scene.bob.password}`];
    const refused = await bob.attemptPodman(
      'pull',
      ...credential,
      ...bob.pullFlags,
      `${near.address}/org/image:v1`,
    );
    expect(refused.stderr).toMatch(/denied/);
  });

  test('goes on with the other of two neighbours when the first is killed in the middle of a layer', async () => {
    const image = await writeImageLayout(join(scene.installation.root, 'large'), [LARGE_LAYER_BYTES]);
    await scene.quay.push(image, 'org/image:large');
    const neighbours = await Promise.all(
      ['left', 'right'].map(async (name) => {
        const neighbour = await startContentCache(name, [scene.quay.url]);
        return { neighbour, wire: own(await startBreakingWire(neighbour.address)) };
      }),
    );
    const upstreamhosts = neighbours.map(({ wire }) => `https://${wire.address}`);
    const trusted = [join(scene.installation.clientCertFolder, 'ca.crt')];
    const edge = await startContentCache('edge', [{ originhost: scene.quay.url, upstreamhosts }], trusted);
    let killed = 0;
    for (const { neighbour, wire } of neighbours) {
      void wire.after(LARGE_LAYER_BYTES / 4, async () => {
        killed += 1;
        if (killed === 1) await killAll(neighbour);
      });
    }

    const client = await createClientMachine({ cache: edge });
    const credential = ['--creds', `${scene.alice.username}:${scene.alice.password}`];
    await client.podman('pull', ...credential, ...client.pullFlags, `${edge.address}/org/image:large`);

    expect(killed).toBeGreaterThan(0);
    expect(await edge.logs()).toContain('blob broke off, fill resumes');
    // Podman verifies what it pulls; this is what it pulls the next time.
    const copy = await mkdtemp(join(client.folder, 'copy-'));
    const from = ['--src-creds', credential[1] ?? '', '--src-cert-dir', scene.installation.clientCertFolder];
    await client.skopeo('copy', ...from, `docker://${edge.address}/org/image:large`, `dir:${copy}`);
    expect(await digestOfCopy(copy)).toBe(image.digest);
  });

  test('serves docker', async () => {
    const cache = await startContentCache('for-docker', [scene.quay.url]);
    const address = cache.address.replace('localhost', '127.0.0.1');
    const docker = own(await startDockerDaemon());
    const user = ['--username', scene.alice.username, '--password'];
    expect((await docker.attemptDocker('login', ...user, 'wrong', address)).stderr).toMatch(/unauthorized/);
    await docker.docker('login', ...user, scene.alice.password, address);
    await docker.docker('pull', `${address}/org/image:v1`);
  });
});
