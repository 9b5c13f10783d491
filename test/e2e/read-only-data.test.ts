import { execFile } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runCommand } from '../support/cache/run-command.ts';
import { prepareCache, type PreparedCache } from '../support/cache/start-cache.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { attempt } from './support/run.ts';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/registry-cache.js', import.meta.url));
const MIB = 1024 * 1024;

const run = promisify(execFile);

async function prepareOn(dataDirectory: string): Promise<PreparedCache> {
  const prepared = await prepareCache({
    upstreams: { 'quay.io': { url: 'https://127.0.0.1:1' } },
    config: { storage: { filesystem: { rootdirectory: dataDirectory } } },
  });
  closeAtEnd({ close: () => prepared.folder.remove() });
  return prepared;
}

/** The error that the command ended with, as an operator sees it. */
function lastMessage(output: string): string {
  return output.trimEnd().split('\n').at(-1) ?? '';
}

test('a data directory on a read-only file system is a clear error at start', async () => {
  const disk = closeAtEnd(await mountSmallDisk(MIB));
  await run('mount', ['-o', 'remount,ro', disk.path]);
  const { folder, env } = await prepareOn(disk.path);

  const { exitCode, stdout } = await runCommand(['serve', folder.configFile], env, folder.root);

  expect(exitCode, stdout).toBe(1);
  const message = lastMessage(stdout);
  expect(message).toContain(disk.path);
  expect(message).toContain('EROFS');
  expect(message).toContain('storage.filesystem.rootdirectory');
});

test.each([
  ['the data directory itself', '.'],
  ['what a cache that ran as another user has left in it', 'registry-cache'],
])('%s that the user may not write to is a clear error at start', async (_, folderName) => {
  const disk = closeAtEnd(await mountSmallDisk(MIB));
  const { folder } = await prepareOn(disk.path);
  const forbidden = join(disk.path, folderName);
  await mkdir(forbidden, { recursive: true });
  await chmod(forbidden, 0o555);

  // Root, but without the capability by which permissions mean nothing to it.
  const serve = [process.execPath, COMMAND, 'serve', folder.configFile];
  const { exitCode, stdout } = await attempt('setpriv', [
    '--bounding-set=-dac_override,-dac_read_search',
    ...serve,
  ]);

  expect(exitCode, stdout).toBe(1);
  const message = lastMessage(stdout);
  expect(message).toContain(disk.path);
  expect(message).toContain('EACCES');
  expect(message).toContain('mount a volume there that this user may write to');
});
