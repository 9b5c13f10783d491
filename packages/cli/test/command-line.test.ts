import { execa } from 'execa';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { version } from '../src/version.ts';
import { runCommand } from './support/run-command.ts';
import { runInProcess } from './support/run-in-process.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

describe('the command line', () => {
  test('explains itself with examples', async () => {
    const { exitCode, stdout } = await runCommand(['--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Usage: registry-cache [options] [command]');
    expect(stdout).toMatch(/Examples:\n +registry-cache demo/);
  });

  test('lists the commands by what they are for', async () => {
    const { stdout } = await runInProcess(['--help']);
    const headings = stdout.split('\n').filter((line) => /^\S.*:$/.test(line));
    expect(headings).toEqual([
      'Options:',
      'Serve:',
      'Look at the running cache:',
      'Steer the running cache:',
      'Set up:',
      'Examples:',
    ]);
  });

  test('explains each command with examples', async () => {
    const { stdout } = await runInProcess(['completion', 'bash']);
    const [, names = ''] = /_registry_cache_commands\(\) \{\n {2}echo (.*)\n/.exec(stdout) ?? [];
    const commands = names.split(' ').filter((name) => !['help', 'version', 'images', 'rmi'].includes(name));
    expect(commands).toContain('status');
    for (const command of commands) {
      const help = await runInProcess([command, '--help']);
      expect(help.stdout).toContain(`Usage: registry-cache ${command}`);
      expect(help.stdout, command).toMatch(/\nExamples:\n {2}\S/);
    }
  });

  test.each([['version'], ['--version']])('%s prints the version', async (argument) => {
    const { exitCode, stdout } = await runCommand([argument]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(version());
  });

  test('a misspelt command is not taken for a configuration file', async () => {
    const { exitCode, stderr } = await runCommand(['chekc']);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      'error: chekc is neither a command nor a file: registry-cache --help lists the commands',
    );
  });

  test('an unknown option is an error that points to the help', async () => {
    const { exitCode, stderr } = await runCommand(['check', '--nonsense']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("unknown option '--nonsense'");
    expect(stderr).toContain('--help');
  });

  test('a checkout that was not built says how to build it', async () => {
    const folder = await temporaryFolder();
    const command = join(folder, 'bin/registry-cache.mjs');
    await cp(fileURLToPath(new URL('../bin/registry-cache.js', import.meta.url)), command);
    const { exitCode, stderr } = await execa(process.execPath, [command], { reject: false });
    expect(exitCode).toBe(1);
    expect(stderr).toBe('registry-cache: not built yet: run `npm run build`');
  });

  test('a port that is none is an error', async () => {
    const { exitCode, stderr } = await runInProcess(['demo', '--port', '70000']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('expected a number from 0 to 65535');
  });
});
