import { execa } from 'execa';
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { COMMAND, runCommand } from '../support/run-command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function outcomesOf(pull: string): string[] {
  return [...pull.matchAll(/^ +(?:manifest|config|layer) \S+ +(\S+)/gm)].flatMap(
    ([, outcome]) => outcome ?? [],
  );
}

describe('the demo', { timeout: 60_000 }, () => {
  test('pulls from the upstream first, from the cache then, and leaves nothing behind', async () => {
    const folder = await temporaryFolder();

    const { exitCode, stdout, stderr } = await runCommand(['demo', '--once', '--port', '0'], {
      TMPDIR: folder,
    });

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [, first = '', second = ''] = stdout.split(
      /^(?:first|second) pull of registry\.demo\/hello:latest.*\n/m,
    );
    expect(outcomesOf(first)).toEqual(['miss', 'miss', 'miss', 'miss', 'miss']);
    expect(first).toMatch(/the upstream saw \d+ requests and sent 12\.0 MiB/);
    expect(outcomesOf(second)).toEqual(['hit', 'hit', 'hit', 'hit', 'hit']);
    expect(second).toContain('the upstream saw nothing of it');
    expect(await readdir(folder)).toEqual([]);
  });

  test.each(['SIGINT', 'SIGHUP'] as const)(
    'stays for the pulls of its user until %s, and leaves nothing behind',
    async (signal) => {
      const folder = await temporaryFolder();
      const demo = execa(process.execPath, [COMMAND, 'demo', '--port', '0'], {
        env: { TMPDIR: folder },
        reject: false,
      });

      const said: string[] = [];
      for await (const line of demo) {
        said.push(line);
        if (line.includes('stay until Ctrl-C')) {
          expect(await readdir(folder)).toHaveLength(1);
          demo.kill(signal);
        }
      }

      expect((await demo).exitCode).toBe(0);
      expect(said.join('\n')).toMatch(
        /podman pull --tls-verify=false localhost:\d+\/registry\.demo\/hello:latest/,
      );
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test('ends, and leaves nothing behind, when nobody reads what it says', async () => {
    const folder = await temporaryFolder();
    const demo = execa(process.execPath, [COMMAND, 'demo', '--port', '0'], {
      env: { TMPDIR: folder },
      reject: false,
    });
    demo.stdout.once('data', () => demo.stdout.destroy());

    const { exitCode, stderr } = await demo;

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(await readdir(folder)).toEqual([]);
  });
});
