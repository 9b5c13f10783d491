import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { image, status } from '../../packages/cli/test/support/control-answers.ts';
import { startFakeControl } from '../../packages/cli/test/support/fake-control.ts';
import { COMMAND, runCommand } from '../../packages/cli/test/support/run-command.ts';
import { temporaryFolder } from '../../packages/cli/test/support/temporary-folder.ts';
import { attempt, run } from './support/run.ts';

let script = '';

beforeAll(async () => {
  script = (await runCommand(['completion', 'bash'])).stdout;
});

// What bash does when Tab is pressed: the words are those that it splits the line into, and what is replied takes the place of the last.
const PRESS_TAB = `
source "$SCRIPT"
COMP_LINE=$1 COMP_POINT=\${#1}
_registry_cache
printf '%s\\n' "\${COMPREPLY[@]}"
`;

/** What is offered for a line, by a real bash that has sourced the script; the cache's socket is where the environment says. */
async function complete(line: string, rundir = '/nowhere'): Promise<string[]> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'bin'));
  await symlink(COMMAND, join(folder, 'bin/registry-cache'));
  await writeFile(join(folder, 'script'), script);
  await writeFile(join(folder, 'a-file.txt'), '');
  const { stdout } = await run('bash', ['--norc', '-c', PRESS_TAB, 'bash', line], {
    cwd: folder,
    env: {
      PATH: [join(folder, 'bin'), join(process.execPath, '..'), process.env['PATH'] ?? ''].join(delimiter),
      HOME: folder,
      SCRIPT: join(folder, 'script'),
      REGISTRY_RUNDIR: rundir,
      REGISTRYDIR: folder,
    },
  });
  return stdout.split('\n').filter((each) => each !== '');
}

async function cacheWithImages(): Promise<string> {
  const { socketPath } = await startFakeControl({
    'GET /api/v1/images': { json: { images: [image('quay.io/org/app:1.0'), image('quay.io/org/app:1.1')] } },
    'GET /api/v1/status': { json: status() },
    'GET /api/v1/pins': {
      json: {
        pins: [
          { pattern: 'quay.io/a/**', from: 'command' },
          { pattern: 'quay.io/b/**', from: 'configuration' },
        ],
      },
    },
  });
  return join(socketPath, '..');
}

describe('bash', () => {
  test('completes commands, and files that the cache may serve by', async () => {
    expect(await complete('registry-cache sta')).toEqual(['status']);
    expect(await complete('registry-cache a-f')).toEqual(['a-file.txt']);
    expect(await complete('registry-cache pin')).toEqual(['pin', 'pins']);
  });

  test('completes options, and what they may be', async () => {
    expect(await complete('registry-cache ls --s')).toEqual(['--sort', '--socket']);
    expect(await complete('registry-cache ls --sort ')).toEqual(['name', 'pulled', 'size']);
    expect(await complete('registry-cache ls --sort=p')).toEqual(['pulled']);
    expect(await complete('registry-cache completion ')).toEqual(['bash', 'zsh', 'fish']);
    expect(await complete('registry-cache warm -f a')).toEqual(['a-file.txt']);
  });

  test('completes cached images behind the colon that it takes for the end of a word', async () => {
    const rundir = await cacheWithImages();
    expect(await complete('registry-cache inspect quay', rundir)).toEqual([
      'quay.io/org/app:1.0',
      'quay.io/org/app:1.1',
    ]);
    expect(await complete('registry-cache inspect quay.io/org/app:', rundir)).toEqual(['1.0', '1.1']);
    expect(await complete('registry-cache rm x quay.io/org/app:1.1', rundir)).toEqual(['1.1']);
  });

  test('completes upstreams and repositories to list, and pins that can be taken away', async () => {
    const rundir = await cacheWithImages();
    expect(await complete('registry-cache ls quay', rundir)).toEqual(['quay.io', 'quay.io/org/app']);
    expect(await complete('registry-cache unpin ', rundir)).toEqual(['quay.io/a/**']);
  });

  test('asks the cache that the line names', async () => {
    const rundir = await cacheWithImages();
    expect(
      await complete(`registry-cache inspect --socket ${rundir}/control.sock quay.io/org/app:1.0`),
    ).toEqual(['1.0']);
  });

  test('offers nothing, and says nothing, where no cache runs', async () => {
    expect(await complete('registry-cache inspect ')).toEqual([]);
  });
});

test.each([
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
])('%s understands its script', async (shell, args) => {
  const file = join(await temporaryFolder(), 'script');
  await writeFile(file, (await runCommand(['completion', shell])).stdout);
  expect(await attempt(shell, [...args, file])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
});
