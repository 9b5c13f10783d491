import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf } from '@registry-cache/oci';
import { layoutOf } from '@registry-cache/store';
import { expect, test } from 'vitest';
import { runCommand } from '../support/run-command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LIMITS = { CLEANER_MAXSIZE: '2K', CLEANER_THRESHOLD_PERCENTAGE: '0' };

async function dataWithBlobs(count: number): Promise<string> {
  const folder = await temporaryFolder();
  for (let i = 0; i < count; i += 1) {
    const bytes = Buffer.alloc(1024, i);
    const hex = digestOf(bytes).slice('sha256:'.length);
    const path = join(layoutOf(folder).blobs, 'sha256', hex.slice(0, 2), hex, 'data');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  return folder;
}

async function blobsIn(folder: string): Promise<number> {
  const names = await readdir(layoutOf(folder).blobs, { recursive: true });
  return names.filter((name) => name.endsWith('/data')).length;
}

test('clean --dry-run says what would be evicted, and evicts nothing', async () => {
  const folder = await dataWithBlobs(5);
  const { exitCode, stdout } = await runCommand(['clean', '--dry-run', '--data', folder], {
    HOME: folder,
    ...LIMITS,
  });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^used +5\.0 KiB in 5 blobs$/m);
  expect(stdout).toMatch(/^to evict +3 blobs of 3\.0 KiB, last used /m);
  expect(await blobsIn(folder)).toBe(5);
});

test('clean runs one pass, and reports it to programs', async () => {
  const folder = await dataWithBlobs(5);
  const { exitCode, stdout } = await runCommand(['clean', '--output', 'json', '--data', folder], {
    HOME: folder,
    ...LIMITS,
  });
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ dryRun: false, usedBytesBefore: 5120, usedBytesAfter: 2048 });
  expect(await blobsIn(folder)).toBe(2);
});
