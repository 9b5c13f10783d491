import { mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { putInPlace } from '../src/put-in-place.ts';

test('a file comes into place while another process clears away its empty folders', async () => {
  const root = await mkdtemp(join(tmpdir(), 'put-in-place-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const folder = join(root, 'a', 'b', 'c');
  const stop = new AbortController();
  const clearing = (async () => {
    while (!stop.signal.aborted) {
      for (const empty of [folder, join(root, 'a', 'b'), join(root, 'a')]) await rmdir(empty).catch(() => {});
    }
  })();

  const failures: unknown[] = [];
  for (let count = 0; count < 2000; count++) {
    const temporary = join(root, 'temporary');
    await writeFile(temporary, '');
    await putInPlace(temporary, join(folder, 'data')).then(
      () => rm(join(folder, 'data')),
      (error: unknown) => failures.push(error),
    );
  }
  stop.abort();
  await clearing;

  expect(failures).toEqual([]);
});
