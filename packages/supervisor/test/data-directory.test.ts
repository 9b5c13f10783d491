import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataDirectory } from '../src/data-directory.ts';
import { leaveSockets } from './support/leave-sockets.ts';
import { createLogFile } from './support/log-file.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { until } from './support/until.ts';

test('the data directory is made with its parents', async () => {
  const folder = await temporaryFolder();
  const { log } = createLogFile(folder);
  const path = join(folder, 'a', 'b');
  for (const _life of [1, 2]) {
    const directory = await openDataDirectory(path, log);
    await directory.close();
  }
  expect((await stat(path)).isDirectory()).toBe(true);
  expect(await readdir(path, { recursive: true })).toEqual(['registry-cache']);
});

test('what is no directory is refused, with what to do', async () => {
  const folder = await temporaryFolder();
  const { log } = createLogFile(folder);
  const path = join(folder, 'file');
  await writeFile(path, '');
  await expect(openDataDirectory(path, log)).rejects.toMatchObject({
    code: 'DATA_DIRECTORY',
    message: expect.stringMatching(/file cannot be made.*(?:EEXIST|ENOTDIR).*mount a volume/),
  });
});

test('a second supervisor on the same data is let in, with a warning while the first one lives', async () => {
  const path = await temporaryFolder();
  const file = createLogFile(path);
  const warnings = (): string[] => file.lines().map(({ msg }) => String(msg));
  const first = await openDataDirectory(path, file.log);
  const second = await openDataDirectory(path, file.log);
  await until('it is logged', () => warnings().length === 1);
  expect(warnings()[0]).toContain('another registry-cache serves this data directory');
  await second.close();
  await first.close();
  const third = await openDataDirectory(path, file.log);
  await third.close();
  expect(warnings()).toHaveLength(1);
});

test('what a supervisor that was killed has left is no lock', async () => {
  const path = await temporaryFolder();
  const { log } = createLogFile(path);
  const lock = join(path, 'registry-cache', 'supervisor.sock');
  await (await openDataDirectory(path, log)).close();
  await leaveSockets([lock]);
  expect((await stat(lock)).isSocket()).toBe(true);
  const directory = await openDataDirectory(path, log);
  await directory.close();
});

test('a path too long for a socket is used all the same', async () => {
  const folder = await temporaryFolder();
  const { log } = createLogFile(folder);
  const directory = await openDataDirectory(join(folder, 'd'.repeat(90)), log);
  await directory.close();
});
