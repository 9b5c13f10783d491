import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createHistoryFile } from '../src/history-file.ts';
import { createStoreFolder } from './support/store-folder.ts';

test('lines are there in the order in which they were appended', async () => {
  const { rootDirectory } = await createStoreFolder();
  const file = createHistoryFile(rootDirectory, 'minutes');
  expect(await file.read()).toEqual([]);
  await file.append('one');
  await file.append('two');
  expect(await createHistoryFile(rootDirectory, 'minutes').read()).toEqual(['one', 'two']);
  expect(await createHistoryFile(rootDirectory, 'hours').read()).toEqual([]);
});

test('the half of a line that a crash has left does not spoil the next one', async () => {
  const { rootDirectory, layout } = await createStoreFolder();
  const file = createHistoryFile(rootDirectory, 'minutes');
  await file.append('whole');
  await writeFile(join(layout.history, 'minutes.jsonl'), 'whole\nha');
  expect(await file.read()).toEqual(['whole']);
  await file.append('next');
  expect(await file.read()).toEqual(['whole', 'next']);
});

test('a file that is only half a line is empty', async () => {
  const { rootDirectory, layout } = await createStoreFolder();
  const file = createHistoryFile(rootDirectory, 'minutes');
  await file.append('');
  await writeFile(join(layout.history, 'minutes.jsonl'), 'ha');
  expect(await file.read()).toEqual([]);
  expect(await readFile(join(layout.history, 'minutes.jsonl'), 'utf8')).toBe('');
});

test('all lines are replaced at once, and nothing is left over', async () => {
  const { rootDirectory, layout } = await createStoreFolder();
  const file = createHistoryFile(rootDirectory, 'minutes');
  await file.append('old');
  await file.rewrite(['new', 'newer']);
  expect(await file.read()).toEqual(['new', 'newer']);
  expect(await readdir(layout.history)).toEqual(['minutes.jsonl']);
  expect(await readdir(layout.temporary)).toEqual([]);
});
