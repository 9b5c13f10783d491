import { ConfigError, type Settings } from '@registry-cache/config';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startReloading, type Reloading } from '../src/reload.ts';
import { createLogFile, type LogFile } from './support/log-file.ts';
import { settingsIn, upstream } from './support/settings.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { until } from './support/until.ts';

vi.setConfig({ testTimeout: 30_000 });

interface Reloads {
  readonly file: string;
  readonly log: LogFile;
  readonly applied: Settings[];
  readonly reloading: Reloading;
}

/** Settings whose only upstream is named by a file; `!` in it is a mistake. */
async function follow(change: (settings: Settings) => Settings = (settings) => settings): Promise<Reloads> {
  const folder = await temporaryFolder();
  const file = join(folder, 'settings', 'file');
  await mkdir(join(folder, 'settings'));
  await writeFile(file, 'one.io');
  const load = async (): Promise<Settings> => {
    const name = await readFile(file, 'utf8');
    if (name === '!') throw new ConfigError([{ key: 'upstreams', message: 'expected a name' }]);
    return change(settingsIn(folder, { upstreams: [upstream(name)], watchedFiles: [file] }));
  };
  const log = createLogFile(folder);
  const applied: Settings[] = [];
  const apply = async (current: Settings, next: Settings): Promise<void> => {
    if (JSON.stringify(current) !== JSON.stringify(next)) applied.push(next);
  };
  const reloading = startReloading({ settings: await load(), load, apply, log: log.log });
  onTestFinished(() => reloading.close());
  return { file, log, applied, reloading };
}

const names = (applied: readonly Settings[]): string[] =>
  applied.map(({ upstreams }) => upstreams[0]?.name ?? '');
const problems = ({ log }: Reloads): unknown[] => log.lines().flatMap(({ problem }) => problem ?? []);

test('a changed file changes the settings', async () => {
  const { file, applied, reloading } = await follow();
  await writeFile(file, 'two.io');
  await until('it is applied', () => applied.length > 0);
  expect(names(applied)).toEqual(['two.io']);
  await until('it is what the cache runs by', () => reloading.settings().upstreams[0]?.name === 'two.io');
});

test('a mistake changes nothing and is logged once, and mending it takes effect', async () => {
  const reloads = await follow();
  const { file, applied } = reloads;
  await writeFile(file, '!');
  await until('it is logged', () => problems(reloads).length > 0);
  expect(applied).toEqual([]);
  expect(reloads.reloading.settings().upstreams[0]?.name).toBe('one.io');
  await writeFile(file, 'two.io');
  await until('it is applied', () => applied.length > 0);
  expect(problems(reloads)).toEqual(['expected a name']);
});

test('a request reads the settings though no file has changed, and repeats what is wrong', async () => {
  const reloads = await follow();
  await writeFile(reloads.file, '!');
  await reloads.reloading.request();
  await reloads.reloading.request();
  await until('it is logged twice', () => problems(reloads).length >= 2);
});

test('what needs a restart is said once, and not applied', async () => {
  let port = 8443;
  const { file, log, applied, reloading } = await follow((settings) => ({
    ...settings,
    http: { ...settings.http, port },
  }));
  port = 9443;
  await writeFile(file, 'two.io');
  await until('it is applied', () => applied.length > 0);
  await reloading.request();
  expect(applied.map(({ http }) => http.port)).toEqual([8443]);
  const warnings = (): unknown[] => log.lines().flatMap(({ warning }) => warning ?? []);
  await until('there is a warning', () => warnings().length > 0);
  expect(warnings()).toEqual(['http.addr has changed: restart registry-cache for it to take effect']);
});

test('files that new settings name are watched as well', async () => {
  let watchedFiles: string[] | undefined;
  let tagTtlMs = 1;
  const { file, applied, reloading } = await follow((settings) => ({
    ...settings,
    upstreams: [upstream('one.io', { tagTtlMs })],
    ...(watchedFiles === undefined ? {} : { watchedFiles }),
  }));
  const other = join(file, '..', 'other');
  watchedFiles = [file, other];
  await reloading.request();
  tagTtlMs = 2;
  await writeFile(other, 'x');
  await until('it is applied', () => applied.some(({ upstreams }) => upstreams[0]?.tagTtlMs === 2));
});
