import type { ImageList, PinList, RemovalReport, WarmEvent } from '@registry-cache/control';
import { describe, expect, test } from 'vitest';
import { image, inspection, MIB, status } from '../support/control-answers.ts';
import { startFakeControl, type FakeAnswer, type FakeControl } from '../support/fake-control.ts';
import type { CommandResult } from '../support/run-command.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Session {
  readonly control: FakeControl;
  readonly run: (...args: readonly string[]) => Promise<CommandResult>;
}

/** The command, in a pipe, with a cache that has these answers. */
async function session(routes: Readonly<Record<string, FakeAnswer>>): Promise<Session> {
  const control = await startFakeControl(routes);
  const folder = await temporaryFolder();
  return {
    control,
    run: (...args) => runInProcess([...args, '--socket', control.socketPath], { HOME: folder }),
  };
}

const NO_IMAGES: ImageList = { images: [] };
const REMOVED: RemovalReport = { tags: 1, manifests: 1, blobs: 3, bytes: 12 * MIB, sharedBlobs: 1 };
const PINS: PinList = {
  pins: [
    { pattern: 'quay.io/base/**', from: 'configuration' },
    { pattern: 'quay.io/org/app:1.0', from: 'command' },
  ],
};

describe('status', () => {
  test('is a text for people, and what the cache has answered for programs', async () => {
    const { run } = await session({ 'GET /api/v1/status': { json: status() } });
    const text = await run('status');
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toMatch(/^registry-cache 0\.1\.0 at https:\/\/\*:8443, for /);
    expect(text.stdout).not.toContain('\u001b');
    const json = await run('status', '--output', 'json');
    expect(JSON.parse(json.stdout)).toEqual(status());
  });

  test('of a cache that does not run is a failure that says so', async () => {
    const folder = await temporaryFolder();
    const { exitCode, stdout, stderr } = await runInProcess(['status'], {
      HOME: folder,
      XDG_RUNTIME_DIR: folder,
      REGISTRYDIR: folder,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^error: no registry-cache answers at .*control\.sock: is it running/);
  });

  test('by a configuration that is wrong ends with 78', async () => {
    const folder = await temporaryFolder();
    const { exitCode, stderr } = await runInProcess(['status', '--config', `${folder}/none.yml`], {
      HOME: folder,
    });
    expect(exitCode).toBe(78);
    expect(stderr).toContain('none.yml');
  });
});

describe('ls', () => {
  const routes = {
    'GET /api/v1/images': {
      json: { images: [image('quay.io/a:2', { sizeBytes: 1 }), image('quay.io/a:1'), image('docker.io/b')] },
    },
    'GET /api/v1/images?prefix=quay.io%2Forg': { json: NO_IMAGES },
  };

  test('lists what is cached by its names', async () => {
    const { run } = await session(routes);
    const { stdout } = await run('ls');
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'IMAGE',
      expect.stringMatching(/^docker\.io\/b@sha256:[0-9a-f]{64}$/),
      'quay.io/a:1',
      'quay.io/a:2',
    ]);
  });

  test('--quiet prints names that other commands take, in the order that was asked for', async () => {
    const { run } = await session(routes);
    const { stdout } = await run('ls', '--quiet', '--sort', 'size');
    expect(stdout.split('\n').at(-1)).toBe('quay.io/a:2');
    expect(stdout.split('\n')).toHaveLength(3);
  });

  test('says on standard error that there is nothing', async () => {
    const { run } = await session(routes);
    expect(await run('ls', '--quiet', 'quay.io/org')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'nothing is cached of quay.io/org',
    });
  });

  test('--output json is one document', async () => {
    const { run } = await session(routes);
    const list = JSON.parse((await run('ls', '--output', 'json')).stdout) as ImageList;
    expect(list.images.map(({ repository }) => repository)).toEqual(['b', 'a', 'a']);
  });
});

describe('inspect', () => {
  test('ends with 0 for what is cached, and with 1 for what is not', async () => {
    const { run } = await session({
      'GET /api/v1/image?name=quay.io%2Forg%2Fapp%3A1.0': { json: inspection() },
      'GET /api/v1/image?name=other': {
        json: inspection({ name: 'docker.io/library/other:latest', image: undefined, nextPull: 'miss' }),
      },
    });
    expect((await run('inspect', 'quay.io/org/app:1.0')).exitCode).toBe(0);
    const other = await run('inspect', 'other');
    expect(other.exitCode).toBe(1);
    expect(other.stdout).toMatch(/^docker\.io\/library\/other:latest is not cached\n/);
    expect((await run('inspect', 'other', '--output', 'json')).exitCode).toBe(1);
  });
});

describe('pins', () => {
  test('are listed with where they come from', async () => {
    const { run } = await session({ 'GET /api/v1/pins': { json: PINS } });
    expect((await run('pins')).stdout.split('\n')).toEqual([
      'PATTERN              FROM',
      'quay.io/base/**      configuration',
      'quay.io/org/app:1.0  command',
    ]);
  });

  test('are set one by one, and one that is refused stops no other', async () => {
    const { run, control } = await session({
      'POST /api/v1/pins': { json: PINS },
      'DELETE /api/v1/pins': { status: 404, json: { problem: 'nothing is pinned by x' } },
    });
    expect(await run('pin', 'quay.io/a/**', 'quay.io/b:1')).toEqual({
      exitCode: 0,
      stdout: 'quay.io/a/** is pinned\nquay.io/b:1 is pinned',
      stderr: '',
    });
    expect(await run('unpin', 'x', 'y')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'error: nothing is pinned by x\nerror: nothing is pinned by x',
    });
    expect(control.requests).toEqual([
      'POST /api/v1/pins {"pattern":"quay.io/a/**"}',
      'POST /api/v1/pins {"pattern":"quay.io/b:1"}',
      'DELETE /api/v1/pins {"pattern":"x"}',
      'DELETE /api/v1/pins {"pattern":"y"}',
    ]);
  });

  test('are a document for programs after a change too', async () => {
    const { run } = await session({ 'POST /api/v1/pins': { json: PINS } });
    expect(JSON.parse((await run('pin', 'quay.io/a', '--output', 'json')).stdout)).toEqual(PINS);
  });
});

describe('rm', () => {
  const routes = {
    'DELETE /api/v1/image?name=quay.io%2Fa%3A1': { json: REMOVED },
    'DELETE /api/v1/image?name=quay.io%2Fb': {
      status: 404,
      json: { problem: 'quay.io/b:latest is not cached' },
    },
  };

  test('removes what is there, and ends with 1 when something was not', async () => {
    const { run } = await session(routes);
    expect(await run('rm', 'quay.io/b', 'quay.io/a:1')).toEqual({
      exitCode: 1,
      stdout: 'quay.io/a:1 removed: 3 blobs of 12.0 MiB; 1 blob stays, other images have it too',
      stderr: 'error: quay.io/b:latest is not cached',
    });
  });

  test('--output json says what was freed', async () => {
    const { run } = await session(routes);
    expect(JSON.parse((await run('rm', 'quay.io/a:1', '--output', 'json')).stdout)).toEqual({
      removals: [{ image: 'quay.io/a:1', ...REMOVED }],
    });
  });
});

describe('warm', () => {
  const DONE: WarmEvent = {
    type: 'done',
    image: 'quay.io/a:1',
    digest: 'sha256:01',
    bytesTotal: 12 * MIB,
    bytesFetched: 4 * MIB,
    durationMs: 1300,
  };
  const EVENTS: readonly WarmEvent[] = [
    { type: 'started', image: 'quay.io/a:1' },
    { type: 'progress', image: 'quay.io/a:1', bytesDone: 1, bytesTotal: 2 },
    DONE,
  ];

  test('has a line for the beginning and the end of each image, and their sum', async () => {
    const { run, control } = await session({ 'POST /api/v1/warm': { lines: EVENTS } });
    const { exitCode, stdout } = await run('warm', 'quay.io/a:1', '--platform', 'linux/arm64,linux/amd64');
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'started  quay.io/a:1',
      'done     quay.io/a:1  12.0 MiB in 1.3 s, 4.0 MiB of it fetched',
      expect.stringMatching(/^1 image warm: 12\.0 MiB, 4\.0 MiB of it fetched, in /),
    ]);
    expect(control.requests).toEqual([
      'POST /api/v1/warm {"images":["quay.io/a:1"],"concurrency":2,"platforms":["linux/arm64","linux/amd64"]}',
    ]);
  });

  test('ends with 1 when an image failed, and says why', async () => {
    const failed: WarmEvent = {
      type: 'failed',
      image: 'quay.io/b:1',
      problem: 'the upstream does not know it',
    };
    const { run } = await session({ 'POST /api/v1/warm': { lines: [...EVENTS, failed] } });
    const { exitCode, stdout } = await run('warm', 'quay.io/a:1', 'quay.io/b:1');
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      '\nfailed   quay.io/b:1: the upstream does not know it\n1 image warm, 1 failed: ',
    );
  });

  test('--output json passes each event on', async () => {
    const { run } = await session({ 'POST /api/v1/warm': { lines: EVENTS } });
    const { stdout } = await run('warm', 'quay.io/a:1', '--output', 'json');
    expect(stdout.split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(EVENTS);
  });

  test('takes all platforms, a bandwidth and a concurrency', async () => {
    const { run, control } = await session({ 'POST /api/v1/warm': { lines: [DONE] } });
    await run('warm', 'quay.io/a:1', '--all-platforms', '--bandwidth', '20M/s', '--concurrency', '8');
    expect(control.requests).toEqual([
      `POST /api/v1/warm {"images":["quay.io/a:1"],"concurrency":8,"bytesPerSecond":${20 * MIB}}`,
    ]);
  });

  test.each([
    [['--bandwidth', '20'], '--bandwidth: expected a size with a unit'],
    [['--concurrency', '0'], 'expected a number from 1 to 999'],
    [['--all-platforms', '--platform', 'linux/amd64'], 'cannot be used with'],
    [['--file', '/nowhere/images.txt'], '--file: cannot read /nowhere/images.txt'],
  ])('refuses %j', async (args, problem) => {
    const { run, control } = await session({});
    const { exitCode, stderr } = await run('warm', 'quay.io/a:1', ...args);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(problem);
    expect(control.requests).toEqual([]);
  });

  test('without an image asks for one', async () => {
    const { run } = await session({});
    expect((await run('warm')).stderr).toBe('error: no image to warm: name one, or a file of them with -f');
  });
});
