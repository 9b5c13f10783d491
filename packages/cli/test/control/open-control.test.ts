import { mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CommandFailure } from '../../src/command-failure.ts';
import { openControl } from '../../src/control/open-control.ts';
import { startFakeControl } from '../support/fake-control.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function failureOf(promise: Promise<unknown>): Promise<CommandFailure> {
  const err: unknown = await promise.then(() => undefined).catch((reason: unknown) => reason);
  if (!(err instanceof CommandFailure)) throw new TypeError(`expected a CommandFailure, got ${String(err)}`);
  return err;
}

async function readAll(values: AsyncIterable<unknown>): Promise<void> {
  for await (const value of values) expect(value).toEqual({ type: 'started' });
}

describe('a running cache', () => {
  test('is asked over its socket', async () => {
    const { socketPath } = await startFakeControl({ 'GET /api/v1/pins': { json: { pins: [] } } });
    const control = await openControl({ socket: socketPath });
    expect(await control.ask('GET', '/api/v1/pins')).toEqual({ pins: [] });
  });

  test('that answers with a problem is quoted', async () => {
    const { socketPath } = await startFakeControl({
      'GET /x': { status: 409, json: { problem: 'it is pinned by the configuration' } },
    });
    const control = await openControl({ socket: socketPath });
    const failure = await failureOf(control.ask('GET', '/x'));
    expect(failure).toMatchObject({ message: 'it is pinned by the configuration', exitCode: 1 });
  });

  test('that is none is said to be none, at once', async () => {
    const socket = join(await temporaryFolder(), 'control.sock');
    const control = await openControl({ socket });
    const failure = await failureOf(control.ask('GET', '/x'));
    expect(failure.message).toContain(`no registry-cache answers at ${socket}: is it running`);
    expect(failure.exitCode).toBe(1);
  });

  test('of another user is named, where theirs may be meant', async () => {
    const folder = await temporaryFolder();
    const config = join(folder, 'config.yml');
    await writeFile(config, `rundir: ${join(folder, 'registry-cache-1-0123abcd')}\n`);
    const alone = await failureOf((await openControl({ config })).ask('GET', '/x'));
    await mkdir(join(folder, 'registry-cache-2-0123abcd'));
    const uid = (await stat(folder)).uid;
    const besideAnother = await failureOf((await openControl({ config })).ask('GET', '/x'));

    expect(alone.message).not.toContain('user id');
    expect(besideAnother.message).toContain(`If the one of user id ${uid} is meant, run this as that user`);
  });

  test('whose control socket is about to come is waited for', async () => {
    const folder = await temporaryFolder();
    const lock = createSocket().listen(join(folder, 'supervisor.sock'));
    await once(lock, 'listening');
    const server = createServer((_, res) => void res.end('{"is":"there"}'));
    onTestFinished(() => {
      lock.close();
      server.close();
    });
    const control = await openControl({ socket: join(folder, 'control.sock') });
    const asked = control.ask('GET', '/x');
    server.listen(join(folder, 'control.sock'));
    expect(await asked).toEqual({ is: 'there' });
  });

  test('that ends in the middle of an answer is no answer', async () => {
    const { socketPath } = await startFakeControl({
      'POST /x': (res) => {
        res.write('{"type":"started"}\n');
        setImmediate(() => res.destroy());
      },
    });
    const control = await openControl({ socket: socketPath });
    const failure = await failureOf(readAll(control.follow('POST', '/x')));
    expect(failure.message).toBe('the cache has not answered to the end: it was stopped, or starts again');
  });
});
