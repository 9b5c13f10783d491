import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

interface NamedTest {
  readonly title: string;
  readonly file: string;
}

describe.each(['docs/failure-behaviour.md', 'SECURITY.md'])('%s', async (page) => {
  const markdown = await readFile(join(ROOT, page), 'utf8');
  const named = [...markdown.matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts)\)/g)].map(
    ([, title = '', path = '']): NamedTest => ({ title, file: join(ROOT, dirname(page), path) }),
  );

  test('names tests', () => {
    expect(named.length).toBeGreaterThan(10);
  });

  test.each(named)('names a test that exists: $title', async ({ title, file }) => {
    expect(await readFile(file, 'utf8')).toContain(title);
  });
});

test('docs/failure-behaviour.md quotes messages that the sources have', async () => {
  const sources = await readSources();
  const rows = (await readFile(join(ROOT, 'docs/failure-behaviour.md'), 'utf8')).split('\n');
  const messages = rows.flatMap((row) => {
    const [, , , logged = '', , shownBy] = row.split('|');
    if (shownBy === undefined) return [];
    return [...logged.matchAll(/`([^`]{6,})`/g)].map(([, message = '']) => message);
  });
  expect(messages.length).toBeGreaterThan(30);
  expect(messages.filter((message) => !sources.includes(message))).toEqual([]);
});

test('SECURITY.md names sources that exist', async () => {
  const markdown = await readFile(join(ROOT, 'SECURITY.md'), 'utf8');
  const paths = [...markdown.matchAll(/`([a-z]+\/src\/[^`]*)`/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(20);
  for (const path of paths) await expect(stat(join(ROOT, 'packages', path))).resolves.toBeDefined();
});

/** Every source as one text. */
async function readSources(): Promise<string> {
  const packages = join(ROOT, 'packages');
  const paths = (await readdir(packages, { recursive: true })).filter((path) =>
    /^[^/]+\/src\/.*\.ts$/.test(path),
  );
  const texts = await Promise.all(paths.map((path) => readFile(join(packages, path), 'utf8')));
  return texts.join('\n');
}
