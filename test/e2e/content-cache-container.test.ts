import { cp, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { createClientMachine } from './support/clients.ts';
import {
  attemptContentCacheContainer,
  DTR_2_6,
  DTR_ORIGINHOST,
  MSR_2_8,
  startContentCacheContainer,
  type ContentCacheContainer,
  type ContentCacheOptions,
} from './support/content-cache-container.ts';
import { setContentCacheScene, type ContentCacheScene } from './support/content-cache-scene.ts';
import { run } from './support/run.ts';
import type { Upstream } from './support/upstream.ts';

// Bits of CapEff.
const DAC_OVERRIDE = 1n << 1n;
const NET_BIND_SERVICE = 1n << 10n;

const EVERY_PORT_FOR_EVERYBODY = '--sysctl=net.ipv4.ip_unprivileged_port_start=0';
const LOW_PORTS_FOR_ROOT = '--sysctl=net.ipv4.ip_unprivileged_port_start=1024';

const own = closeAfterAll();
let scene: ContentCacheScene;

beforeAll(async () => {
  scene = own(await setContentCacheScene());
});

type Options = Omit<ContentCacheOptions, 'scene' | 'predecessor' | 'origin'> &
  Partial<Pick<ContentCacheOptions, 'predecessor' | 'origin'>>;

const withDefaults = (options: Options): ContentCacheOptions => ({
  scene,
  predecessor: DTR_2_6,
  origin: scene.tokenOrigin,
  ...options,
});

const start = async (options: Options = {}): Promise<ContentCacheContainer> =>
  closeAtEnd(await startContentCacheContainer(withDefaults(options)));

/** Logs in with an account of the origin, pulls, and resolves with the digest of what has come. */
async function pull(cache: ContentCacheContainer, origin: Upstream): Promise<string> {
  const { root, clientCertFolder } = scene;
  const { username, password } = origin;
  const installation = { root, clientCertFolder, username, password };
  const client = await createClientMachine({ cache: { address: cache.address, installation } });
  const image = `${cache.address}/org/image:v1`;
  // Plain HTTP only where there is nothing else.
  const flags = [...client.pullFlags, '--tls-verify=false'];
  const user = ['--username', username, '--password', password];
  await client.podman('login', ...user, ...flags, cache.address);
  await client.podman('pull', ...flags, image);
  return (await client.podman('image', 'inspect', '--format', '{{.Digest}}', image)).stdout.trim();
}

async function capabilitiesOf(cache: ContentCacheContainer): Promise<bigint> {
  const status = await cache.exec('grep', 'CapEff', '/proc/1/status');
  return BigInt(`0x${status.replace('CapEff:', '').trim()}`);
}

/** Copies the scene's secrets, and runs a command on the copy. */
async function copySecrets([command = '', ...args]: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(scene.root, 'secrets-'));
  await cp(scene.secretsFolder, folder, { recursive: true });
  await run(command, [...args, folder]);
  return folder;
}

describe('in place of a content cache of DTR or MSR', () => {
  const startScript = ['/start.sh', '/config.yml'];

  test.each([
    ['the stack of MSR 2.8', MSR_2_8, 'tokenOrigin', startScript],
    ['the stack of DTR 2.6', DTR_2_6, 'passwordOrigin', startScript],
    ['the command of DTR with originhost', DTR_ORIGINHOST, 'tokenOrigin', undefined],
    ['the config.yml of DTR 2.6 alone', DTR_2_6, 'tokenOrigin', undefined],
  ] as const)(
    '%s starts it, and podman logs in and pulls',
    async (_, predecessor, originName, entrypoint) => {
      const origin = scene[originName];
      const cache = await start({ predecessor, origin, ...(entrypoint === undefined ? {} : { entrypoint }) });
      const before = await origin.blobGets();

      expect(await pull(cache, origin)).toBe(scene.image.digest);
      expect(await origin.blobGets()).toBe(before + scene.image.layerDigests.length + 1);
      expect(await cache.isHealthy()).toBe(true);
    },
  );

  test('what was pulled outlives the container in a volume', async () => {
    const volume = (await run('podman', ['volume', 'create'])).stdout.trim();
    const flags = [`--volume=${volume}:/var/lib/registry`];
    closeAtEnd({
      close: async () => {
        await run('podman', ['volume', 'rm', '--force', volume]);
      },
    });
    const first = await start({ flags });
    await pull(first, scene.tokenOrigin);
    await first.close();
    const fetched = await scene.tokenOrigin.blobGets();
    const second = await start({ flags });

    expect(await pull(second, scene.tokenOrigin)).toBe(scene.image.digest);
    expect(await scene.tokenOrigin.blobGets()).toBe(fetched);
  });
});

describe('started as root, the container of a content cache', () => {
  test('keeps of its rights those to the files and to the port that config.yml names', async () => {
    const cache = await start({ flags: [LOW_PORTS_FOR_ROOT] });

    expect(await capabilitiesOf(cache)).toBe(DAC_OVERRIDE | NET_BIND_SERVICE);
    expect(await cache.logs()).toMatch(/\/run\/secrets\/\S+ can be read by root only/u);
    expect(await cache.isHealthy()).toBe(true);
  });

  test('needs neither of them, nor a writable root file system, as the stack file starts it', async () => {
    const folder = await copySecrets(['chown', '--recursive', '65532']);
    const cache = await start({
      predecessor: { ...DTR_2_6, mounts: () => [`${folder}:/run/secrets:ro`] },
      flags: [EVERY_PORT_FOR_EVERYBODY, '--read-only', '--read-only-tmpfs=false', '--tmpfs=/tmp'],
    });

    expect(await capabilitiesOf(cache)).toBe(0n);
    expect(await pull(cache, scene.tokenOrigin)).toBe(scene.image.digest);
    expect(await cache.isHealthy()).toBe(true);
  });

  test('keeps none for a port that everybody may have', async () => {
    const cache = await start({ flags: [EVERY_PORT_FOR_EVERYBODY] });

    expect(await capabilitiesOf(cache)).toBe(DAC_OVERRIDE);
  });

  test('finds the config.yml of the cache for the health check behind an init, too', async () => {
    const cache = await start({ flags: ['--init'] });

    expect(await cache.exec('head', '-c', '16', '/proc/1/cmdline')).not.toContain('node');
    expect(await cache.isHealthy()).toBe(true);
  });

  test('takes over the data where config.yml says they are', async () => {
    const data = await mkdtemp(join(scene.root, 'data-'));
    const cache = await start({
      flags: [`--volume=${data}:/images`],
      edit: (config) => config.replace('/var/lib/registry', '/images'),
    });

    expect(await cache.exec('stat', '-c', '%u', '/images')).toBe('65532\n');
    expect(await pull(cache, scene.tokenOrigin)).toBe(scene.image.digest);
  });

  test('says only what is wrong with a config.yml, and ends', async () => {
    const { exitCode, stderr } = await attemptContentCacheContainer(
      withDefaults({ edit: (config) => config.replace('blobttl: 24h', 'blobttl: soon') }),
    );

    expect(exitCode).toBe(78);
    expect(stderr).toContain('blobttl');
    expect(stderr).not.toContain('cannot read');
  });
});

describe('started as its own user, the container of a content cache', () => {
  const asService = async (...flags: readonly string[]): Promise<Options> => {
    const folder = await copySecrets(['chmod', '--recursive', 'a+rX']);
    return {
      predecessor: { ...DTR_2_6, mounts: () => [`${folder}:/run/secrets:ro`] },
      flags: ['--user=65532:0', '--cap-drop=all', ...flags],
    };
  };

  test('serves port 443 where everybody may have it', async () => {
    const cache = await start(await asService(EVERY_PORT_FOR_EVERYBODY));

    expect(await capabilitiesOf(cache)).toBe(0n);
    expect(await cache.isHealthy()).toBe(true);
  });

  test('says what to do about port 443 where it may not', async () => {
    const options = withDefaults(await asService(LOW_PORTS_FOR_ROOT));
    const { exitCode, stdout } = await attemptContentCacheContainer(options);

    expect(exitCode).not.toBe(0);
    expect(stdout).toContain('cannot listen on 0.0.0.0:443: this user may not have a port that low');
  });
});

describe('the files to deploy it with', () => {
  const deploy = join(import.meta.dirname, '../../deploy');
  const secrets = ['dtr.cert.pem', 'cache.cert.pem', 'cache.key.pem'];
  const service = {
    command: ['/config.yml'],
    configs: [{ source: 'config.yml', target: '/config.yml' }],
    secrets: secrets.map((source) => expect.objectContaining({ source })),
    healthcheck: { test: ['CMD', 'registry-cache', 'health', '/config.yml'] },
    // Longer than http.draintimeout.
    stop_grace_period: '45s',
    volumes: expect.arrayContaining([
      expect.objectContaining({ source: 'data', target: '/var/lib/registry' }),
    ]),
  };
  const files = {
    configs: { 'config.yml': { file: join(deploy, 'content-cache/config.yml') } },
    secrets: Object.fromEntries(
      secrets.map((name) => [name, { file: join(deploy, 'content-cache/certs', name) }]),
    ),
    volumes: { data: {} },
  };

  test('docker stack reads the stack file, and ignores nothing in it', async () => {
    const { stdout } = await run('stack-config', [join(deploy, 'docker-stack.yml')]);

    expect(JSON.parse(stdout)).toMatchObject({
      ...files,
      services: {
        cache: {
          ...service,
          ports: [{ mode: 'host', target: 443, published: 443 }],
          deploy: {
            placement: { constraints: ['node.labels.dtr.cache == true'] },
            restart_policy: { condition: 'on-failure' },
          },
        },
      },
    });
  });

  test('docker compose reads the compose file', async () => {
    const file = join(deploy, 'compose.yml');
    const { stdout } = await run('compose-config', ['-format', 'json', file], { cwd: deploy });

    expect(JSON.parse(stdout)).toMatchObject({
      ...files,
      services: { cache: { ...service, ports: [{ target: 443, published: '443' }] } },
    });
  });

  test('their config.yml is right', async () => {
    const mounts = [
      `${deploy}/content-cache/config.yml:/config.yml:ro`,
      `${scene.secretsFolder}:/run/secrets:ro`,
    ];
    const volumes = mounts.flatMap((mount) => ['--volume', mount]);
    const { stdout } = await run('podman', [
      'run',
      '--rm',
      ...volumes,
      inject('image'),
      'check',
      '/config.yml',
    ]);

    expect(stdout).toContain('https://0.0.0.0:443');
    expect(stdout).toMatch(/dtr\.example\.com \(default\)/u);
  });
});
