import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfigFile } from '../src/config-file.ts';
import type { ConfigMap } from '../src/config-tree.ts';
import { rejectionOf } from './support/problems.ts';

let directory: string;
let path: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'config-file-'));
  path = join(directory, 'config.yml');
});

afterAll(() => rm(directory, { recursive: true }));

async function read(text: string): Promise<ConfigMap> {
  await writeFile(path, text);
  return readConfigFile(path);
}

test.each(['', '# nothing but a comment\n', '---\n', 'null\n', '\uFEFF'])(
  '%j is an empty map',
  async (text) => {
    expect(await read(text)).toEqual({});
  },
);

test.each([
  ['a duplicate key', 'http: {}\nlog: {}\nhttp: {}\n', '3:1'],
  ['a tab', 'http:\n\taddr: x\n', '2:1'],
  ['an unknown tag, which is only a warning to YAML', 'http: !secret x\n', '1:7'],
  ['two documents', 'log: {}\n---\nlog: {}\n', '2:1'],
])('%s is reported with its place', async (_, text, place) => {
  const { problems } = await rejectionOf(read(text));
  expect(problems).toContainEqual({ key: `${path}:${place}`, message: expect.any(String) });
});

test('every mistake of the syntax is reported, without the lines around it', async () => {
  const error = await rejectionOf(read('http: {secret: hunter2\nlog: {}\nlog: {secret: hunter2\n'));
  expect(error.problems.length).toBeGreaterThan(1);
  expect(error.message).not.toContain('hunter2');
});

test.each(['- a\n', 'text\n', '7\n'])('%j is no map of settings', async (text) => {
  expect((await rejectionOf(read(text))).message).toContain('expected a map');
});

test('aliases that multiply are refused', async () => {
  const levels = Array.from({ length: 8 }, (_, level) =>
    level === 0 ? 'a0: &a0 [x, x]' : `a${level}: &a${level} [*a${level - 1}, *a${level - 1}, *a${level - 1}]`,
  );
  expect((await rejectionOf(read(levels.join('\n')))).message).toContain('aliases');
});

test('anchors and merge keys work', async () => {
  expect(await read('a: &a {url: x}\nb: {<<: *a, tagttl: 1m}\n')).toEqual({
    a: { url: 'x' },
    b: { url: 'x', tagttl: '1m' },
  });
});

test('a file of more than 256 KiB is refused unread', async () => {
  await expect(read(`# ${'x'.repeat(256 * 1024)}`)).rejects.toThrow('larger than 256 KiB');
});
