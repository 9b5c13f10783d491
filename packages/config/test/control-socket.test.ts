import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CONTROL_SOCKET_NAME, findControlSocket, findOtherOwners } from '../src/control-socket.ts';
import type { SettingsSources } from '../src/load-settings.ts';
import { MAX_SOCKET_NAME_BYTES } from '../src/run-directory.ts';
import { createWorkspace, type Workspace } from './support/workspace.ts';

function sourcesOf({ directory, path }: Workspace, more: Partial<SettingsSources> = {}): SettingsSources {
  const wellKnown = {
    data: path('var/lib/registry'),
    pullSecret: path('pull-secret.json'),
    certificate: path('certs/certs.pem'),
    htpasswd: path('auth/htpasswd'),
  };
  return { wellKnown, ...more, env: { HOME: directory, ...more.env } };
}

const CASES: readonly [string, string, Record<string, string>][] = [
  ['without a configuration', '', {}],
  ['by rundir', 'rundir: /run/cache', {}],
  ['by the environment', 'rundir: /run/cache', { REGISTRY_RUNDIR: '/run/other' }],
  ['by the data directory', 'storage: {filesystem: {rootdirectory: /data/one}}', {}],
  ['by the data directory of the environment', '', { REGISTRYDIR: '/data/two' }],
];

test.each(CASES)('it is where the cache has it, %s', async (_, yaml, env) => {
  const workspace = await createWorkspace();
  const configFile = await workspace.write('config.yml', yaml);
  const sources = sourcesOf(workspace, { configFile, env });
  const settings = await workspace.load(sources);
  expect(await findControlSocket(sources)).toBe(join(settings.runDirectory, CONTROL_SOCKET_NAME));
});

test('it is found whatever else is wrong, and no other file is read', async () => {
  const workspace = await createWorkspace();
  const yaml = `
rundir: /run/cache
pullsecret: /missing.json
auth: {htpasswd: {path: /missing}}
cleaner: {maxsize: much}
nonsense: 1
`;
  const configFile = await workspace.write('config.yml', yaml);
  expect(await findControlSocket(sourcesOf(workspace, { configFile }))).toBe('/run/cache/control.sock');
});

test('a mistake elsewhere does not hide the default place either', async () => {
  const workspace = await createWorkspace();
  const right = await findControlSocket(sourcesOf(workspace));
  const configFile = await workspace.write('config.yml', 'cleaner: {maxsize: much}');
  expect(await findControlSocket(sourcesOf(workspace, { configFile }))).toBe(right);
});

test.each([
  ['run directory', 'rundir: []'],
  ['data directory', 'storage: {filesystem: {rootdirectory: 7}}'],
  ['section of the data directory', 'storage: {filesystem: []}'],
  ['file', 'rundir: ['],
])('it is not guessed where the %s is wrong', async (_, yaml) => {
  const workspace = await createWorkspace();
  const configFile = await workspace.write('config.yml', yaml);
  await expect(findControlSocket(sourcesOf(workspace, { configFile }))).rejects.toThrow(
    'the configuration has',
  );
});

test('it is not guessed where config.yml is missing', async () => {
  const workspace = await createWorkspace();
  const sources = sourcesOf(workspace, { configFile: workspace.path('missing.yml') });
  await expect(findControlSocket(sources)).rejects.toThrow('no such file');
});

test('its name fits into every run directory that is allowed', () => {
  expect(Buffer.byteLength(CONTROL_SOCKET_NAME)).toBeLessThanOrEqual(MAX_SOCKET_NAME_BYTES);
});

test('whose cache may be meant instead is known by the run directories beside it', async () => {
  const workspace = await createWorkspace();
  const uid = (await stat(workspace.directory)).uid;
  const own = workspace.path('registry-cache-1000-0123abcd');
  await mkdir(workspace.path('registry-cache-65532-0123abcd'));
  await mkdir(workspace.path('registry-cache-65532-ffffffff'));
  await mkdir(workspace.path('another-65532-0123abcd'));

  expect(await findOtherOwners(join(own, CONTROL_SOCKET_NAME))).toEqual([uid]);
  expect(await findOtherOwners(join(workspace.path('elsewhere'), CONTROL_SOCKET_NAME))).toEqual([]);
  expect(await findOtherOwners(join(workspace.path('missing/registry-cache-1-0123abcd'), 'x'))).toEqual([]);
});
