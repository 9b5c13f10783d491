import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fingerprintFiles } from '../src/file-fingerprint.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

test('the fingerprint changes with what files hold, and only then', async () => {
  const file = join(await temporaryFolder(), 'file');
  const value = async (): Promise<string> => (await fingerprintFiles([file])).value;
  const missing = await value();
  await writeFile(file, 'one');
  const one = await value();
  await writeFile(file, 'two');
  const two = await value();
  expect(new Set([missing, one, two]).size).toBe(3);
  await writeFile(file, 'one');
  expect(await value()).toBe(one);
  await rm(file);
  expect(await value()).toBe(missing);
});

test.runIf(process.platform === 'linux')('a file that only a mount still shows is cut off', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, 'old');
  const opened = await open(file);
  // As in a mount of a single file, the path leads to a file that is in no folder any more.
  const mounted = `/proc/self/fd/${opened.fd}`;
  expect((await fingerprintFiles([mounted])).cutOff).toEqual([]);
  await rm(file);
  expect((await fingerprintFiles([mounted])).cutOff).toEqual([mounted]);
  await opened.close();
});
