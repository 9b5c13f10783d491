import { mkdir, mkdtemp, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { closeAfterAll } from '../support/close-at-end.ts';
import { startBuildkit } from './support/buildkit.ts';
import { digestOfCopy } from './support/clients.ts';
import { startContainerdWith } from './support/containerd.ts';
import { run } from './support/run.ts';
import { COMMAND, startCacheWithoutUsers, type RunningCache } from './support/running-cache.ts';
import { setScene, type Scene } from './support/scene.ts';

// Each client is given the files as they were printed, and pulls by the image's own name.
describe('a client that was configured by client-config', () => {
  const own = closeAfterAll();
  let scene: Scene;
  let cache: RunningCache;
  let configFile: string;
  const image = 'quay.io/org/image:v1';

  beforeAll(async () => {
    scene = own(await setScene('127.0.0.1'));
    const { installation, quay, dockerHub } = scene;
    const config = {
      version: 0.1,
      pullsecret: installation.pullSecretFile,
      upstreams: {
        // Where these are mirrored, nothing else leads to them: no client knows their password.
        'quay.io': { url: quay.url },
        'docker.io': { url: dockerHub.url },
      },
    };
    cache = own(await startCacheWithoutUsers(installation, { name: 'mirrored', config }));
    configFile = join(installation.root, 'mirrored.yml');
  });

  /** The files for a client, below a folder of their own in place of `/`. */
  const writtenFor = async (client: string): Promise<string> => {
    const { root, clientCertFolder } = scene.installation;
    const folder = await mkdtemp(join(root, `${client}-`));
    const where = ['--host', cache.address, '--ca', join(clientCertFolder, 'ca.crt'), '--write', folder];
    const env = {
      REGISTRY_HTTP_ADDR: cache.address,
      REGISTRY_HTTP_TLS_CERTIFICATE: join(root, 'certs/certs.pem'),
    };
    await run(process.execPath, [COMMAND, 'client-config', client, '--config', configFile, ...where], {
      env,
    });
    return folder;
  };

  /** A home in which podman, skopeo and buildah find what would be in /etc/containers. */
  const homeFor = async (client: string): Promise<{ home: string; env: Record<string, string> }> => {
    const home = await writtenFor(client);
    await mkdir(join(home, '.config'));
    await symlink(join(home, 'etc/containers'), join(home, '.config/containers'));
    // None of this machine's; what is in registries.conf.d goes over it.
    await writeFile(join(home, 'etc/containers/registries.conf'), '');
    await writeFile(
      join(home, 'etc/containers/policy.json'),
      '{"default":[{"type":"insecureAcceptAnything"}]}',
    );
    return { home, env: { HOME: home, XDG_CONFIG_HOME: join(home, '.config') } };
  };

  test('as podman pulls through the cache', async () => {
    const { home, env } = await homeFor('podman');
    const storage = storageIn(home);

    await run('podman', [...storage, 'pull', image], { env });

    const { stdout } = await run('podman', [...storage, 'inspect', '--format', '{{.Digest}}', image], {
      env,
    });
    expect(stdout.trim()).toBe(scene.quayImage.digest);
    expect(await cache.logs()).toContain(`"image":"${image}"`);
  });

  test('as skopeo pulls through the cache', async () => {
    const { home, env } = await homeFor('podman');

    await run('skopeo', ['copy', `docker://${image}`, `dir:${join(home, 'copy')}`], { env });

    expect(await digestOfCopy(join(home, 'copy'))).toBe(scene.quayImage.digest);
  });

  test('as buildah, and CRI-O with it, pulls through the cache', async () => {
    const { home, env } = await homeFor('crio');
    const storage = storageIn(home);

    await run('buildah', [...storage, 'pull', image], { env });

    const format = ['--format', '{{.FromImageDigest}}', '--type', 'image'];
    const { stdout } = await run('buildah', [...storage, 'inspect', ...format, image], { env });
    expect(stdout.trim()).toBe(scene.quayImage.digest);
  });

  test.each(['containerd', 'kind'])(
    'as containerd, with the files for %s, pulls through the cache',
    async (client) => {
      const folder = await writtenFor(client);
      const hosts = join(folder, client === 'kind' ? 'registry-cache-certs.d' : 'etc/containerd/certs.d');
      // The one thing that is not where it would be.
      for (const name of ['quay.io', 'docker.io']) {
        const file = join(hosts, name, 'hosts.toml');
        const text = await readFile(file, 'utf8');
        await writeFile(file, text.replaceAll('/etc/containerd/certs.d', hosts));
      }
      const containerd = own(await startContainerdWith({ hostsFolder: hosts }));

      await containerd.fetch(image);

      expect(await containerd.digests()).toContain(scene.quayImage.digest);
    },
  );

  test('as BuildKit builds from an image in the cache', async () => {
    const folder = await writtenFor('buildkit');
    const config = join(folder, 'etc/buildkit/buildkitd.toml');
    const text = await readFile(config, 'utf8');
    await writeFile(config, text.replaceAll('/etc/buildkit', join(folder, 'etc/buildkit')));
    const buildkit = own(await startBuildkit(config));

    const layout = await buildkit.build(`FROM ${image}\n`);

    const blobs = await readdir(join(layout, 'blobs/sha256'));
    expect(blobs).toEqual(
      expect.arrayContaining(scene.quayImage.layerDigests.map((digest) => digest.slice('sha256:'.length))),
    );
  });
});

/** Of podman and buildah. */
function storageIn(folder: string): string[] {
  return ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
}
