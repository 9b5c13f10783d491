import { chmod, chown, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRunDirectory } from '../src/run-directory.ts';
import { leaveSockets } from './support/leave-sockets.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

test('only its user can enter a run directory', async () => {
  const path = join(await temporaryFolder(), 'parent', 'run');
  const directory = await openRunDirectory(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  await directory.close();
});

test('a run directory that others can enter is closed to them', async () => {
  const path = await temporaryFolder();
  await chmod(path, 0o777);
  const directory = await openRunDirectory(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  await directory.close();
});

test('a second supervisor is refused while the first one lives, and let in afterwards', async () => {
  const path = join(await temporaryFolder(), 'run');
  const first = await openRunDirectory(path);
  await expect(openRunDirectory(path)).rejects.toMatchObject({
    code: 'ALREADY_SERVING',
    message: expect.stringContaining('another registry-cache uses run directory'),
  });
  await first.close();
  const second = await openRunDirectory(path);
  await second.close();
});

test('the sockets of a supervisor that was killed are replaced, and nothing else is touched', async () => {
  const path = await temporaryFolder();
  await leaveSocketsIn(path, ['supervisor.sock', 'worker-quay.io.sock']);
  await writeFile(join(path, 'notes.txt'), '');
  expect((await readdir(path)).toSorted()).toEqual(['notes.txt', 'supervisor.sock', 'worker-quay.io.sock']);

  const directory = await openRunDirectory(path);
  expect((await readdir(path)).toSorted()).toEqual(['notes.txt', 'supervisor.sock']);
  await expect(openRunDirectory(path)).rejects.toMatchObject({ code: 'ALREADY_SERVING' });
  await directory.close();
});

test("sockets that children left are removed with the supervisor's own", async () => {
  const path = await temporaryFolder();
  const directory = await openRunDirectory(path);
  await leaveSocketsIn(path, ['logger.sock']);
  await directory.close();
  expect(await readdir(path)).toEqual([]);
});

test('a run directory that was not there before goes again, unless somebody has put something in it', async () => {
  const folder = await temporaryFolder();
  const empty = await openRunDirectory(join(folder, 'empty'));
  const used = await openRunDirectory(join(folder, 'used'));
  await leaveSocketsIn(join(folder, 'empty'), ['logger.sock']);
  await writeFile(join(folder, 'used', 'notes.txt'), '');
  await empty.close();
  await used.close();
  expect(await readdir(folder, { recursive: true })).toEqual(['used', 'used/notes.txt']);
});

test('a link is refused, wherever it leads', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'real'));
  await symlink('real', join(folder, 'run'));
  await expect(openRunDirectory(join(folder, 'run'))).rejects.toMatchObject({
    code: 'RUN_DIRECTORY',
    message: expect.stringContaining('is not a directory'),
  });
});

test.runIf(process.geteuid?.() === 0)("somebody else's directory is refused", async () => {
  const path = await temporaryFolder();
  await chown(path, 12_345, 12_345);
  await expect(openRunDirectory(path)).rejects.toMatchObject({
    code: 'RUN_DIRECTORY',
    message: expect.stringContaining('belongs to user 12345'),
  });
});

function leaveSocketsIn(folder: string, names: readonly string[]): Promise<void> {
  return leaveSockets(names.map((name) => join(folder, name)));
}
