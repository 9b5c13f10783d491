import type { ImageList, Inspection, PinList, Status, WarmEvent } from '@registry-cache/control';
import { describe, expect, test } from 'vitest';
import { runInProcess } from '../../packages/cli/test/support/run-in-process.ts';
import { runCommand, spawnCommand, type CommandResult } from '../support/cache/run-command.ts';
import { listStoredBlobs } from '../support/cache/stored-blobs.ts';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { getManifest, pullImage } from '../support/client/pull-image.ts';
import { closeAfterAll } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage, type ColdImage } from '../support/image/cold-image.ts';
import { stallAfter } from '../support/upstream/behaviours.ts';

// What operators type, against a cache that serves, in a pipe.

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll(), {
  config: { cleaner: { maxsize: '1G', pins: ['quay.io/cold/kept-by-configuration'] } },
});

/** As a process of its own. */
function run(...args: readonly string[]): Promise<CommandResult> {
  return runCommand([...args, '--config', cache.folder.configFile], {}, cache.folder.root);
}

/** In this process, for what only prepares or goes on with what a process has shown; without the newline at the end. */
function runHere(...args: readonly string[]): ReturnType<typeof runInProcess> {
  const { configFile, root } = cache.folder;
  return runInProcess([...args, '--config', configFile], { HOME: root, TMPDIR: root });
}

async function ask<Answer>(...args: readonly string[]): Promise<Answer> {
  const { stdout, stderr } = await runHere(...args, '--output', 'json');
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Answer;
}

async function cachedImage(seed: string): Promise<ColdImage> {
  const image = addColdImage(upstream, seed);
  await cacheImage(client, image.name, 'v1');
  return image;
}

describe('status', () => {
  test('tells of the processes, the upstream and what was pulled', async () => {
    const image = await cachedImage('status');
    await pullImage(client, image.name, 'v1');
    await eventually('hits are counted', async () => {
      return ((await ask<Status>('status')).traffic.requests['hit'] ?? 0) > 0;
    });
    const { exitCode, stdout, stderr } = await run('status');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^registry-cache \S+ at https:\/\/127\.0\.0\.1:\d+, for /);
    expect(stdout).toMatch(/^ {2}quay\.io +up +[\d.]+ % /m);
    for (const name of ['logger', 'worker quay.io', 'proxy', 'cleaner', 'admin'])
      expect(stdout).toMatch(new RegExp(`^ {2}${name} +serving `, 'm'));
  });

  test('of a cache that has stopped is a failure', async () => {
    const { exitCode, stderr } = await runCommand(
      ['status', '--socket', `${cache.folder.root}/nobody.sock`],
      {},
      cache.folder.root,
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no registry-cache answers');
  });
});

describe('ls', () => {
  test('lists what was pulled, and only below the name that is asked for', async () => {
    const image = await cachedImage('listed');
    await eventually('it is listed', async () => {
      return /v1 .* complete/.test((await runHere('ls', 'quay.io/cold/listed')).stdout);
    });
    const { stdout } = await run('ls', '--quiet', 'quay.io/cold/listed');
    expect(stdout).toBe(`${image.name}:v1\n`);
    const { images } = await ask<ImageList>('ls', 'quay.io/cold/listed');
    expect(images).toMatchObject([
      { upstream: 'quay.io', repository: 'cold/listed', tag: 'v1', state: 'complete' },
    ]);
  });

  test('of an upstream that has nothing is empty', async () => {
    const { exitCode, stdout, stderr } = await runHere('ls', '--quiet', 'quay.io/nothing');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toBe('nothing is cached of quay.io/nothing');
  });
});

describe('inspect', () => {
  test('shows each blob of what is cached', async () => {
    const image = await cachedImage('inspected');
    const { exitCode, stdout } = await run('inspect', `${image.name}:v1`);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`${image.name}:v1 is complete`);
    for (const { digest } of image.blobs) expect(stdout).toContain(digest);
  });

  test('says that something is not cached, and ends with 1', async () => {
    const { exitCode, stdout } = await run('inspect', 'quay.io/cold/unknown:v1');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^quay\.io\/cold\/unknown:v1 is not cached\nnext pull +a miss\n/);
  });

  test('of what was never pulled is a document for programs too', async () => {
    const inspection = await ask<Inspection>('inspect', 'quay.io/cold/unknown');
    expect(inspection).toMatchObject({ name: 'quay.io/cold/unknown:latest', nextPull: 'miss' });
  });

  test('of a name that is none says what a name is', async () => {
    const { exitCode, stderr } = await runHere('inspect', 'quay.io/UPPER:v1');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: /);
  });
});

describe('warm', () => {
  test('fills the cache, so that the first pull is a hit', async () => {
    const image = addColdImage(upstream, 'warm');
    const { exitCode, stdout } = await run('warm', `${image.name}:v1`, '--all-platforms');
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^started +${image.name}:v1\ndone +${image.name}:v1 .* all of it fetched\n1 image warm: `),
    );
    upstream.forgetRequests();
    const pull = await pullImage(client, image.name, 'v1');
    expect(new Set(pull.blobs.map(({ outcome }) => outcome))).toEqual(new Set(['hit']));
    expect(upstream.blobRequests()).toEqual([]);
    const again = await runHere('warm', `${image.name}:v1`, '--all-platforms');
    expect(again.stdout).toContain('all of it was there');
  });

  test('ends with 1 when one image is not there, and fills the others', async () => {
    const image = addColdImage(upstream, 'warm-one-of-two');
    const { exitCode, stdout } = await run('warm', 'quay.io/cold/missing:v1', `${image.name}:v1`);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^failed +quay\.io\/cold\/missing:v1: /m);
    expect(stdout).toMatch(/^1 image warm, 1 failed: /m);
  });

  test('stopped by Ctrl-C ends with 130, and says how to go on', async () => {
    const image = addColdImage(upstream, 'warm-stopped', { layers: [200_000] });
    const gate = createGate();
    upstream.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(1000, gate.opened));
    const command = spawnCommand(
      ['warm', `${image.name}:v1`, '--all-platforms', '--config', cache.folder.configFile],
      {},
      cache.folder.root,
    );
    let output = '';
    command.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await eventually('it says so', () => output.includes('started'));
    command.kill('SIGINT');
    await eventually('it has ended', () => command.exitCode !== null);
    expect(command.exitCode).toBe(130);
    await eventually('it says so', () => output.includes('running it again goes on from there'));
    gate.open();
  });

  test('tells programs of each event', async () => {
    const image = addColdImage(upstream, 'warm-json');
    const { stdout } = await runHere('warm', `${image.name}:v1`, '--all-platforms', '--output', 'json');
    const events = stdout.split('\n').map((line) => JSON.parse(line) as WarmEvent);
    expect(events[0]).toEqual({ type: 'started', image: `${image.name}:v1` });
    expect(events.at(-1)).toMatchObject({
      type: 'done',
      image: `${image.name}:v1`,
      digest: image.root.digest,
    });
  });
});

/** Evicts whatever may go, as the cache's own cleaner would with that limit. */
function cleanAll(): Promise<CommandResult> {
  return runCommand(
    ['clean', '--config', cache.folder.configFile],
    { CLEANER_MAXSIZE: '1K', CLEANER_THRESHOLD_PERCENTAGE: '0' },
    cache.folder.root,
  );
}

describe('pin', () => {
  test('keeps an image that a cleaning pass would evict', async () => {
    const image = await cachedImage('pinned');
    expect((await run('pin', image.name)).stdout).toBe(`${image.name} is pinned\n`);
    expect((await cleanAll()).exitCode).toBe(0);
    const { stdout } = await runHere('inspect', `${image.name}:v1`);
    expect(stdout).toContain(`${image.name}:v1 is complete`);
    expect(stdout).toContain(`pinned     by ${image.name}: it is never evicted`);
  });

  test('is listed beside those of the configuration, until it is taken back', async () => {
    await runHere('pin', 'quay.io/cold/for-a-while');
    expect((await run('pins')).stdout).toMatch(/^quay\.io\/cold\/for-a-while +command$/m);
    expect((await run('unpin', 'quay.io/cold/for-a-while')).stdout).toBe(
      'quay.io/cold/for-a-while is pinned no more\n',
    );
    const { pins } = await ask<PinList>('pins');
    expect(pins).toContainEqual({ pattern: 'quay.io/cold/kept-by-configuration', from: 'configuration' });
    expect(pins.map(({ pattern }) => pattern)).not.toContain('quay.io/cold/for-a-while');
  });

  test('of the configuration cannot be taken away by a command', async () => {
    const { exitCode, stderr } = await runHere('unpin', 'quay.io/cold/kept-by-configuration');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: .*configuration/);
  });

  test('that there is not cannot be taken away', async () => {
    const { exitCode, stderr } = await runHere('unpin', 'quay.io/never/pinned');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('quay.io/never/pinned');
  });
});

describe('rm', () => {
  test('removes an image, so that its next pull is a miss', async () => {
    const image = await cachedImage('removed');
    const { exitCode, stdout } = await run('rm', `${image.name}:v1`);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${image.name}:v1 removed: \\d+ blobs? of `));
    expect((await runHere('ls', '--quiet', image.name)).stdout).toBe('');
    const pull = await pullImage(client, image.name, 'v1');
    expect(pull.blobs.map(({ outcome }) => outcome)).toContain('miss');
  });

  test('of what is pinned ends with 1, says by what, and goes on with the others', async () => {
    const [pinned, other] = [await cachedImage('rm-pinned'), await cachedImage('rm-other')];
    const names = [`${pinned.name}:v1`, `${other.name}:v1`];
    await runHere('pin', `${pinned.name}:v*`);
    const { exitCode, stdout, stderr } = await run('rm', ...names);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(`error: ${names[0]} is pinned by ${pinned.name}:v*: unpin that first\n`);
    expect(stdout).toContain(`${names[1]} removed`);
    expect((await pullImage(client, pinned.name, 'v1')).blobs.map(({ outcome }) => outcome)).not.toContain(
      'miss',
    );
    await runHere('unpin', `${pinned.name}:v*`);
    expect((await runHere('rm', `${pinned.name}:v1`)).exitCode).toBe(0);
  });

  test('of what is not cached ends with 1', async () => {
    const { exitCode, stderr } = await runHere('rm', 'quay.io/cold/unknown:v1');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('quay.io/cold/unknown:v1');
  });
});

/** Of the cache's own cleaner, whose log is the cache's. */
function isPass({ process, msg }: Readonly<Record<string, unknown>>): boolean {
  return process === 'cleaner' && msg === 'used size';
}

describe('clean', () => {
  test('has the cleaner of the running cache do it', async () => {
    await cachedImage('cleaned');
    const passes = cache.log.lines.filter(isPass).length;
    const { exitCode, stdout } = await run('clean', '--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^limit +1\.0 GiB, cleaned above 1\.2 GiB$/m);
    expect(stdout).toMatch(/^to evict +nothing: within the limit$/m);
    await eventually('its log tells of it', () => cache.log.lines.filter(isPass).length > passes);
  });

  test('to another limit is a pass of its own', async () => {
    await cachedImage('cleaned-by-itself');
    const { stdout } = await runCommand(
      ['clean', '--dry-run', '--config', cache.folder.configFile],
      { CLEANER_MAXSIZE: '1K', CLEANER_THRESHOLD_PERCENTAGE: '0' },
      cache.folder.root,
    );
    expect(stdout).toMatch(/^limit +1\.0 KiB/m);
    expect(stdout).toMatch(/^to evict +\d+ blobs/m);
    expect(await listStoredBlobs(cache.folder.data)).not.toEqual([]);
  });
});

describe('logs', () => {
  test('prints the lines of all processes in readable form', async () => {
    const { exitCode, stdout } = await run('logs');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}info {3}supervisor {2}serving {2}/m);
    expect(stdout).toMatch(/ {2}info {3}proxy {2}listening {2}/);
  });

  test('goes on with what comes', async () => {
    const command = spawnCommand(['logs', '-f', '--config', cache.folder.configFile], {}, cache.folder.root);
    let output = '';
    command.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await eventually('it says so', () => output.includes('serving'));
    await getManifest(client, addColdImage(upstream, 'followed').name, 'v1');
    await eventually('it says so', () => output.includes('cold/followed'));
    command.kill('SIGINT');
    await eventually('it has ended', () => command.exitCode !== null);
    expect(command.exitCode).toBe(130);
  });
});
