import { chmod, chown, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { createClientMachine } from './support/clients.ts';
import { describePulls } from './support/describe-pulls.ts';
import {
  openBridge,
  RUN_COMMAND,
  startCacheContainer,
  type ContainerOptions,
  type RunningContainer,
} from './support/running-container.ts';
import { setScene, type Scene } from './support/scene.ts';

const SERVICE_UID = 65532;

describePulls("the container of the README's command", {
  openHost: openBridge,
  start: (installation) => startCacheContainer({ installation }),
});

describe('the container', () => {
  const own = closeAfterAll();
  let scene: Scene;
  const start = async (options: Omit<ContainerOptions, 'installation'> = {}): Promise<RunningContainer> =>
    closeAtEnd(await startCacheContainer({ installation: scene.installation, ...options }));

  beforeAll(async () => {
    scene = own(await setScene('127.0.0.1'));
  });

  test('is started as the README says', async () => {
    const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');

    expect(readme).toContain(RUN_COMMAND);
  });

  test('starts by the very command of the README, with no config.yml and no upstream in reach', async () => {
    const cache = await start({ withConfigFile: false });
    const client = await createClientMachine({ cache });

    await client.login();
  });

  test('runs none of its processes as root, though the folders are', async () => {
    const cache = await start({ flags: ['--env=REGISTRY_WORKERS_IDLETIMEOUT=0s'] });
    const uids = await cache.exec(
      'sh',
      '-c',
      'for f in /proc/[0-9]*; do cat $f/cmdline /dev/null | tr "\\0" " "; grep ^Uid: $f/status; done',
    );

    const nodes = uids.split('\n').filter((line) => line.includes('registry-cache') && line.includes('Uid:'));
    expect(nodes.length).toBeGreaterThan(4);
    for (const line of nodes) expect(line).toMatch(/Uid:(\s+65532){4}/u);
    expect((await stat(join(scene.installation.root, 'data'))).uid).toBe(SERVICE_UID);
  });

  test('needs no right of root and no writable root file system where it is started as its own user', async () => {
    await chown(scene.installation.pullSecretFile, SERVICE_UID, 0);
    const flags = [
      '--read-only',
      '--cap-drop=all',
      '--security-opt=no-new-privileges',
      `--user=${SERVICE_UID}:0`,
    ];
    const cache = await start({ flags });

    expect(await cache.exec('grep', 'CapEff', '/proc/1/status')).toMatch(/CapEff:\s+0+$/mu);
  });

  test('keeps a capability of root only for a file that nobody else may read, and says so', async () => {
    const secret = scene.installation.pullSecretFile;
    await chown(secret, 0, 0);
    await chmod(secret, 0o600);
    const withCapability = await start();
    await chmod(secret, 0o644);
    const without = await start();

    expect(await withCapability.exec('grep', 'CapEff', '/proc/1/status')).toMatch(/CapEff:\s+0+2$/mu);
    expect(await withCapability.logs()).toContain('/pull-secret.json can be read by root only');
    expect(await without.exec('grep', 'CapEff', '/proc/1/status')).toMatch(/CapEff:\s+0+$/mu);
    expect(await without.logs()).not.toContain('root only');
  });

  test('holds no tool of its development', async () => {
    const cache = await start();
    const modules = (await cache.exec('ls', '/opt/registry-cache/node_modules')).split('\n');

    expect(modules).toContain('undici');
    for (const tool of ['typescript', '@typescript', 'vitest']) expect(modules).not.toContain(tool);
  });

  test('knows whether it is healthy', async () => {
    const cache = await start();

    expect(await cache.isHealthy()).toBe(true);
  });
});
