import { fork } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { LoggerSettings } from '@registry-cache/config';
import { entryPoint } from '@registry-cache/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { createStoreFolder, DAY_MS } from '../../store/test/support/store-folder.ts';
import { accessEvent } from './support/access-events.ts';
import { postEvents } from './support/post-events.ts';

test('SIGTERM ends the process after it has recorded and logged what it took', async () => {
  const store = await createStoreFolder();
  const digest = await store.writeBlob('layer', { accessedAtMs: Date.now() - DAY_MS });
  const socketPath = join(store.rootDirectory, 'logger.sock');
  const settings: LoggerSettings = {
    logLevel: 'info',
    rootDirectory: store.rootDirectory,
    socketPath,
    access: { format: 'json', blobs: false },
    notifications: [],
  };
  const child = fork(entryPoint('logger'), { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  const output = child.stdout === null ? '' : text(child.stdout);
  child.send({ type: 'start', settings });
  expect(await once(child, 'message')).toEqual([{ type: 'ready' }, undefined]);

  const atMs = Date.now() - 1_000;
  await postEvents(socketPath, JSON.stringify({ events: [accessEvent({ digest, atMs })] }));
  child.kill('SIGTERM');

  expect(await exit).toEqual([0, null]);
  expect(Math.round((await stat(store.blobPath(digest))).atimeMs)).toBe(atMs);
  expect(JSON.parse(await output)).toMatchObject({ process: 'logger', msg: 'pull', user: 'node-7' });
});
