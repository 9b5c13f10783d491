import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../support/run-command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const BAD_CONFIG = `version: 0.1
http: {addr: nowhere}
cleaner: {maxsize: plenty, runevery: often}
`;

describe('serving by a wrong configuration', () => {
  test.each([
    ['as serve <file>', ['serve']],
    ['as <file> alone', []],
  ])('%s exits 78 and says every problem on its own line', async (_, command) => {
    const folder = await temporaryFolder();
    const configFile = join(folder, 'config.yml');
    await writeFile(configFile, BAD_CONFIG);

    const { exitCode, stdout, stderr } = await runCommand([...command, configFile], { HOME: folder });

    expect(exitCode).toBe(78);
    expect(stdout).toBe('');
    const [first, ...problems] = stderr.split('\n');
    expect(first).toBe('error: the configuration is wrong');
    expect(problems.map((line) => line.split(': ')[0])).toEqual(
      expect.arrayContaining(['  http.addr', '  cleaner.maxsize', '  cleaner.runevery']),
    );
    expect(problems).toHaveLength(3);
  });

  test('exits 78 when the file is not there', async () => {
    const folder = await temporaryFolder();
    const { exitCode, stderr } = await runCommand([join(folder, 'config.yml')], { HOME: folder });
    expect(exitCode).toBe(78);
    expect(stderr).toContain(join(folder, 'config.yml'));
  });

  test('an option goes before the environment and the file', async () => {
    const folder = await temporaryFolder();
    const { exitCode, stderr } = await runCommand(['serve', '--addr', 'option'], {
      HOME: folder,
      REGISTRY_HTTP_ADDR: 'variable',
    });
    expect(exitCode).toBe(78);
    expect(stderr).toContain('"option"');
    expect(stderr).not.toContain('"variable"');
  });
});
