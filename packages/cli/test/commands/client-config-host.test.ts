import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommandResult } from '../support/run-command.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function configFor(host: string): Promise<CommandResult> {
  const folder = await temporaryFolder();
  const configFile = join(folder, 'config.yml');
  await writeFile(
    configFile,
    `storage: { filesystem: { rootdirectory: ${folder}/data } }\nhttp: { addr: ':5000' }\nupstreams: { quay.io: {} }\n`,
  );
  return runInProcess(['client-config', 'podman', '--host', host, '--config', configFile], { HOME: folder });
}

test.each(['cachehost', 'cachehost:8443', '192.0.2.1:8443', '[2001:db8::1]:8443'])(
  'clients may reach the cache as %s',
  async (host) => {
    const { exitCode, stdout } = await configFor(host);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`location = "${host}/quay.io"`);
  },
);

test.each([
  'cachehost;reboot',
  'cachehost\n[[registry]]',
  '$(reboot)',
  '`reboot`',
  'cache"host',
  'cachehost:99999',
  'a/b',
  '',
])('%j would become part of commands and files, and is no host', async (host) => {
  const { exitCode, stdout, stderr } = await configFor(host);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain('--host: expected a host and a port');
});
