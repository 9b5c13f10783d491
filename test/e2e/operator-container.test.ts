import { chown } from 'node:fs/promises';
import type { History } from '@registry-cache/control';
import { beforeAll, describe, expect, test } from 'vitest';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { operatorOf, WITH_DEBUG_ADDRESS, type ContainerOperator } from './support/container-operator.ts';
import {
  openBridge,
  startCacheContainer,
  type ContainerOptions,
  type RunningContainer,
} from './support/running-container.ts';
import { setScene, type Scene } from './support/scene.ts';

// What an operator meets at the host's command line, where the cache runs by the README's command.

const SERVICE_UID = 65532;
const IMAGE = 'quay.io/org/image:v1';

const own = closeAfterAll();
let scene: Scene;

beforeAll(async () => {
  const bridge = own(await openBridge());
  scene = own(await setScene(bridge.address));
});

async function start(options: Omit<ContainerOptions, 'installation'> = {}): Promise<RunningContainer> {
  const flags = [...WITH_DEBUG_ADDRESS, ...(options.flags ?? [])];
  return startCacheContainer({ installation: scene.installation, ...options, flags });
}

/** Runs a command that is to succeed, and resolves with what it printed. */
async function printed(operator: ContainerOperator, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await operator.command(...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

describe('by podman exec, in a container that has given up root', () => {
  const ownHere = closeAfterAll();
  let operator: ContainerOperator;

  beforeAll(async () => {
    operator = operatorOf(ownHere(await start()));
  });

  test('an image is warmed, and again nothing is fetched', async () => {
    expect(await printed(operator, 'warm', IMAGE)).toContain(IMAGE);

    const again = await operator.command('warm', IMAGE, '--output', 'json');
    expect(again.exitCode).toBe(0);
    const events = again.stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(events).toContainEqual(expect.objectContaining({ type: 'done', image: IMAGE, bytesFetched: 0 }));
  });

  test('it is listed, inspected, and seen in the status', async () => {
    expect(await printed(operator, 'ls', 'quay.io')).toContain(IMAGE);
    expect(await operator.json('ls', '--sort', 'size')).toMatchObject({
      images: [{ upstream: 'quay.io', repository: 'org/image' }],
    });
    expect(await printed(operator, 'inspect', IMAGE)).toContain(scene.quayImage.digest);
    expect(await operator.json('inspect', IMAGE)).toMatchObject({ name: IMAGE, isPinned: false });
    expect(await printed(operator, 'status')).toContain('/var/lib/registry');
    expect(await operator.json('status')).toMatchObject({ address: 'https://*:8443' });
  });

  test('what is not there ends with 1, and says why', async () => {
    const inspected = await operator.command('inspect', 'quay.io/org/absent:v1');
    const removed = await operator.command('rm', 'quay.io/org/absent:v1');
    const warmed = await operator.command('warm', 'quay.io/org/absent:v1');

    expect([inspected.exitCode, removed.exitCode, warmed.exitCode]).toEqual([1, 1, 1]);
    expect(inspected.stdout).toContain('is not cached');
    expect(removed.stderr).toContain('quay.io/org/absent:v1');
    expect(warmed.stdout + warmed.stderr).toContain('quay.io/org/absent:v1');
  });

  test('a pattern is pinned, listed and unpinned', async () => {
    await printed(operator, 'pin', 'quay.io/org/**');
    expect(await printed(operator, 'pins')).toContain('quay.io/org/**');
    expect(await operator.json('inspect', IMAGE)).toMatchObject({ isPinned: true });
    await printed(operator, 'unpin', 'quay.io/org/**');

    expect(await operator.json('pins')).toEqual({ pins: [] });
  });

  test('a cleaning pass tells what it would do', async () => {
    expect(await printed(operator, 'clean', '--dry-run')).toContain('to evict');
    expect(await operator.json('clean', '--dry-run')).toEqual(expect.any(Object));
  });

  test('the log is for reading, and for programs', async () => {
    expect(await printed(operator, 'logs')).toMatch(/supervisor +serving/u);
    const { stdout } = await operator.command('logs', '--output', 'json');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(expect.objectContaining({ process: 'supervisor', msg: 'serving' }));
  });

  test('clients are told how to pull from it', async () => {
    const args = ['client-config', 'podman', '--host', 'cachehost:8443'];
    const text = await printed(operator, ...args);
    expect(text).toContain('location = "cachehost:8443/quay.io"');
    expect(text).toContain(scene.installation.ca.trim());
    expect(await operator.json(...args)).toMatchObject({ client: 'podman' });
  });

  test("the cache's own user may ask too", async () => {
    const { exitCode, stdout } = await operator.commandAs('65532', 'status');

    expect(exitCode).toBe(0);
    expect(stdout).toContain('/var/lib/registry');
  });

  test('another user may not, and is told who may', async () => {
    const { exitCode, stderr } = await operator.commandAs('1000', 'status');

    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/user id 65532/u);
  });

  test('from outside the container it can be read at its debug address', async () => {
    const url = await operator.debugUrl();

    for (const path of ['/metrics', '/healthz', '/readyz', '/dashboard/', '/api/v1/status']) {
      const answer = await fetch(`${url}${path}`);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(await answer.text()).not.toBe('');
    }
  });

  test('from outside the container nothing can be changed, and the answer says by what it can', async () => {
    const answer = await tryToPin(await operator.debugUrl());

    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('use the command line');
    expect(await operator.json('pins')).toEqual({ pins: [] });
  });

  test('pins and history outlive a restart', async () => {
    await printed(operator, 'pin', 'quay.io/kept/**');
    const before = await fetchedBytesOf(await operator.debugUrl());
    await operator.restart();

    expect(before).toBeGreaterThan(0);
    expect(await fetchedBytesOf(await operator.debugUrl())).toBe(before);
    expect(await operator.json('pins')).toMatchObject({ pins: [{ pattern: 'quay.io/kept/**' }] });
  });

  test('an image is removed, and is not there then', async () => {
    expect(await printed(operator, 'rm', IMAGE)).toContain(IMAGE);

    expect(await operator.json('ls')).toEqual({ images: [] });
  });
});

describe('where it is configured so', () => {
  test('from outside the container a pin can be set, with http.debug.actions: anywhere', async () => {
    const operator = operatorOf(
      closeAtEnd(await start({ flags: ['--env=REGISTRY_HTTP_DEBUG_ACTIONS=anywhere'] })),
    );
    const answer = await tryToPin(await operator.debugUrl());

    expect(answer.ok).toBe(true);
    expect(await operator.json('pins')).toMatchObject({ pins: expect.arrayContaining([OUTSIDE_PIN]) });
  });

  test('none of it needs root or a root file system that can be written', async () => {
    await chown(scene.installation.pullSecretFile, SERVICE_UID, 0);
    const restricted = ['--read-only', '--cap-drop=all', '--security-opt=no-new-privileges'];
    const operator = operatorOf(
      closeAtEnd(await start({ flags: [...restricted, `--user=${SERVICE_UID}:0`] })),
    );
    await printed(operator, 'warm', IMAGE);
    await printed(operator, 'pin', 'quay.io/org/**');
    await printed(operator, 'clean', '--dry-run');

    expect((await fetch(`${await operator.debugUrl()}/dashboard/`)).status).toBe(200);
    expect(await printed(operator, 'status')).toContain('quay.io');
  });
});

const OUTSIDE_PIN = expect.objectContaining({ pattern: 'quay.io/outside/**' }) as unknown;

function tryToPin(url: string): Promise<Response> {
  return fetch(`${url}/api/v1/pins`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ pattern: 'quay.io/outside/**' }),
  });
}

/** What came from upstreams within the last day, as the history tells. */
async function fetchedBytesOf(url: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/history?range=day`);
  const { points } = (await answer.json()) as History;
  return points.reduce((sum, { upstreamBytes }) => sum + upstreamBytes, 0);
}
