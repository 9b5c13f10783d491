import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { watchFiles } from '../src/watch-files.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { until } from './support/until.ts';

vi.setConfig({ testTimeout: 30_000 });

/** Resolves when the watch is in place; `hinted` then waits for a hint that came after its last call. */
async function watch(
  files: readonly string[],
  onHint?: () => Promise<void>,
): Promise<{ hinted: () => Promise<void>; count: () => number }> {
  let hints = 0;
  let seen = 0;
  const fileWatch = watchFiles({
    files,
    onHint() {
      hints += 1;
      void onHint?.();
    },
    onError: (err) => expect.fail(String(err)),
  });
  onTestFinished(() => fileWatch.close());
  const hinted = async (): Promise<void> => {
    await until('there is a hint', () => hints > seen);
    seen = hints;
  };
  await hinted();
  return { hinted, count: () => hints };
}

test('a file that is written in place, again and again', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, '0');
  const { hinted } = await watch([file]);
  for (const content of ['1', '2', '3']) {
    await writeFile(file, content);
    await hinted();
  }
});

test('a file that is replaced by a rename, again and again', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'file');
  await writeFile(file, '0');
  const { hinted } = await watch([file]);
  for (const content of ['1', '2', '3']) {
    await writeFile(join(folder, 'new'), content);
    await rename(join(folder, 'new'), file);
    await hinted();
  }
});

test("a Kubernetes volume whose files are replaced at once, before and without the old ones' removal", async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'pull-secret.json');
  const publish = async (version: number): Promise<void> => {
    await mkdir(join(folder, `..${version}`));
    await writeFile(join(folder, `..${version}`, 'pull-secret.json'), String(version));
    await symlink(`..${version}`, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  await publish(0);
  await symlink('..data/pull-secret.json', file);
  const { hinted } = await watch([file]);
  for (const version of [1, 2, 3]) {
    await publish(version);
    await hinted();
  }
});

test('a file that does not exist yet, and one that goes', async () => {
  const file = join(await temporaryFolder(), 'file');
  const { hinted } = await watch([file]);
  await writeFile(file, '1');
  await hinted();
  await rm(file);
  await hinted();
});

test('a folder that does not exist keeps no other from being watched', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'file');
  await writeFile(file, '0');
  const { hinted } = await watch([join(folder, 'missing', 'file'), file]);
  await writeFile(file, '1');
  await hinted();
});

test('a file that is emptied and then written leads to a hint when its last content can be read', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, 'old');
  let read = '';
  await watch([file], async () => {
    read = await readFile(file, 'utf8');
  });
  await truncate(file);
  await delay(200);
  await writeFile(file, 'new');
  await until('it is read', () => read === 'new');
});

test('other files in the folder, and what lies below it, are not looked at', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'file');
  await writeFile(file, '0');
  await mkdir(join(folder, 'big', 'tree'), { recursive: true });
  const { hinted, count } = await watch([file]);
  const before = count();
  await writeFile(join(folder, 'other'), '1');
  await writeFile(join(folder, 'big', 'tree', 'leaf'), '1');
  // Longer than any change takes to become a hint, so that it cannot be one with the next.
  await delay(800);
  await writeFile(file, '1');
  await hinted();
  expect(count()).toBe(before + 1);
});
