import { ConfigError } from '@registry-cache/config';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { startCache } from './support/running-cache.ts';
import { upstream, withPassword } from './support/settings.ts';
import { until } from './support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

// For tests that only look at a start.
const started = await startCache({
  settings: {
    warnings: ['mind the gap'],
    upstreams: [withPassword('quay.io', 's3cret'), upstream('docker.io')],
  },
  environment: { TZ: 'UTC', PULL_SECRET: 's3cret' },
  atEnd: afterAll,
});
await started.serving();

test('processes start when those they need are ready', () => {
  const events = started.events();
  expect(events.toSorted()).toEqual(
    ['admin', 'cleaner', 'logger', 'proxy', 'worker docker.io', 'worker quay.io'].map(
      (name) => `${name} started`,
    ),
  );
  expect([events[0], events[3]]).toEqual(['logger started', 'proxy started']);
});

test('the log says what is served', async () => {
  const lines = await until('the warning is there', () => {
    const all = started.log.lines();
    return all.some(({ warning }) => warning === 'mind the gap') && all;
  });
  expect(lines).toContainEqual(
    expect.objectContaining({
      process: 'supervisor',
      level: 'info',
      version: '1.2.3',
      address: 'http://127.0.0.1:8443',
      upstreams: ['quay.io', 'docker.io'],
      dataDirectory: join(started.folder, 'data'),
    }),
  );
});

test('neither arguments nor environment of a process hold a secret', () => {
  expect(started.latest('worker quay.io').settings).toMatchObject({
    upstream: { credentials: [{ credential: { password: 's3cret' } }] },
  });
  for (const { env, argv } of started.children.entries()) {
    expect(JSON.stringify([env, argv])).not.toContain('s3cret');
    expect(env).toMatchObject({ TZ: 'UTC' });
  }
  expect(started.log.text()).not.toContain('s3cret');
});

test('SIGTERM drains the proxy first, with nobody left who pulls by himself, and the logger last', async () => {
  const cache = await startCache();
  await cache.serving();
  cache.children.hold('proxy');
  cache.signal('SIGTERM');
  await until('the admin process has ended', () => cache.events().includes('admin stopped'));
  await until('the proxy drains', () => cache.events().includes('proxy stopping'));
  const stopping = cache.events().filter((event) => event.endsWith('stopping'));
  expect(stopping.toSorted()).toEqual(['admin stopping', 'proxy stopping']);
  cache.children.release('proxy');
  expect(await cache.exitCode).toBe(0);
  const stopped = cache.events().filter((event) => event.endsWith('stopped'));
  expect([...stopped.slice(0, 3), stopped.at(-1)]).toEqual([
    'admin stopped',
    'proxy stopped',
    'cleaner stopped',
    'logger stopped',
  ]);
  expect(stopped.length).toBe(6);
  expect(existsSync(join(cache.folder, 'run'))).toBe(false);
  expect(cache.log.lines().at(-1)).toMatchObject({ msg: 'stopped', clean: true });
});

test('processes that were told to end together with the supervisor are not started again', async () => {
  const cache = await startCache({ settings: { upstreams: [upstream('quay.io')] } });
  await cache.serving();
  cache.children.hold('proxy');
  cache.signal('SIGTERM');
  await until('the proxy drains', () => cache.events().includes('proxy stopping'));
  process.kill(cache.latest('worker quay.io').pid, 'SIGTERM');
  await until('the worker has ended', () => cache.events().includes('worker quay.io stopped'));
  cache.children.release('proxy');
  expect(await cache.exitCode).toBe(0);
  expect(cache.events().filter((event) => event === 'worker quay.io started')).toHaveLength(1);
  expect(cache.log.lines().filter(({ level }) => level === 'error')).toEqual([]);
});

test('a second signal ends everything at once', async () => {
  const cache = await startCache({ settings: { upstreams: [upstream('quay.io')] } });
  await cache.serving();
  cache.children.hold('proxy');
  cache.signal('SIGINT');
  await until('the proxy drains', () => cache.events().includes('proxy stopping'));
  cache.signal('SIGINT');
  expect(await cache.exitCode).toBe(1);
  for (const { pid } of cache.children.entries()) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('SIGTERM during the start stops what has started', async () => {
  const cache = await startCache({
    prepare: (children) => children.replace('proxy', `process.on('message', () => {});`),
  });
  await until('workers run', () => cache.events().length === 3);
  cache.signal('SIGTERM');
  await cache.exitCode;
  expect(cache.events().filter((event) => event.endsWith('stopped')).length).toBe(3);
});

test('every process that is killed comes back', async () => {
  const cache = await startCache({ settings: { upstreams: [upstream('quay.io')] } });
  await cache.serving();
  for (const name of ['logger', 'worker quay.io', 'proxy', 'cleaner', 'admin']) {
    const { pid } = cache.latest(name);
    process.kill(pid, 'SIGKILL');
    await until(`${name} is back`, () => cache.latest(name).pid !== pid);
    expect(cache.latest(name).event).toBe('started');
  }
});

test('a new upstream gets a worker, and then the proxy learns of it', async () => {
  const cache = await startCache();
  await cache.serving();
  const before = cache.events().length;
  cache.change({ upstreams: [upstream('quay.io'), upstream('docker.io'), upstream('ghcr.io')] });
  cache.signal('SIGHUP');
  await until('the proxy knows', () => cache.events().includes('proxy reloaded'));
  expect(cache.events().slice(before)).toEqual([
    'worker ghcr.io started',
    'admin reloaded',
    'proxy reloaded',
  ]);
  expect(JSON.stringify(cache.latest('proxy').settings['upstreams'])).toContain('ghcr.io');
});

test('a removed upstream finishes what it is at once the proxy knows, and changes go on meanwhile', async () => {
  const cache = await startCache();
  await cache.serving();
  const before = cache.events().length;
  cache.children.hold('worker quay.io');
  cache.change({ upstreams: [upstream('docker.io')] });
  cache.signal('SIGHUP');
  await until('it drains', () => cache.events().includes('worker quay.io stopping'));
  cache.change({ upstreams: [withPassword('docker.io', 'new')] });
  cache.signal('SIGHUP');
  await until('the next change is there', () => cache.events().includes('worker docker.io reloaded'));
  cache.children.release('worker quay.io');
  await until('it has ended', () => cache.events().includes('worker quay.io stopped'));
  expect(cache.events().slice(before)).toEqual([
    'admin reloaded',
    'proxy reloaded',
    'worker quay.io stopping',
    'worker docker.io reloaded',
    'worker quay.io stopped',
  ]);
  cache.signal('SIGTERM');
  expect(await cache.exitCode).toBe(0);
});

test('a new password in a watched file reaches its worker, and nobody else is told anything', async () => {
  let watchedFile = '';
  const cache = await startCache({
    prepare: (_children, folder) => {
      watchedFile = join(folder, 'pull-secret.json');
      writeFileSync(watchedFile, 'old');
    },
  });
  await cache.serving();
  cache.change({ watchedFiles: [watchedFile] });
  cache.signal('SIGHUP');
  const before = cache.events().length;
  cache.change({ upstreams: [withPassword('quay.io', 's3cret'), upstream('docker.io')] });
  writeFileSync(watchedFile, 'new');
  await until('it is told', () => cache.events().includes('worker quay.io reloaded'));
  const changed = await until('it is logged', () =>
    cache.log.lines().find(({ msg }) => msg === 'settings reloaded'),
  );
  expect(changed).toMatchObject({ changed: 'worker quay.io', keys: ['upstream.credentials'] });
  expect(cache.events().slice(before)).toEqual(['worker quay.io reloaded']);
  expect(cache.log.text()).not.toContain('s3cret');
});

test('a worker that does not start holds up nobody else', async () => {
  const cache = await startCache({
    prepare: (children) => children.replace('worker', `process.exit(1);`),
  });
  await cache.serving();
  expect(cache.events().toSorted()).toEqual(
    ['admin', 'cleaner', 'logger', 'proxy'].map((name) => `${name} started`),
  );
});

test('an admin process that nobody has asked for sleeps until somebody knocks', async () => {
  const cache = await startCache({ settings: { workers: { idleTimeoutMs: 60_000 } } });
  await cache.serving();
  expect(cache.events().toSorted()).toEqual(['cleaner started', 'logger started', 'proxy started']);
  connect(join(cache.folder, 'run/supervisor.sock')).on('error', () => {});
  await until('it has started', () => cache.events().includes('admin started'));
  expect(cache.latest('admin').settings).toMatchObject({ idleTimeoutMs: 60_000 });
});

test.each([
  ['a debug address', { debug: { host: '', port: 5001, actions: 'loopback' } }],
  ['a dashboard', { dashboard: { admins: [] } }],
] as const)('an admin process with %s runs from the beginning', async (_what, settings) => {
  const cache = await startCache({ settings: { ...settings, workers: { idleTimeoutMs: 60_000 } } });
  await cache.serving();
  expect(cache.events()).toContain('admin started');
  expect(cache.latest('admin').settings).toMatchObject({ idleTimeoutMs: 0 });
});

test('an admin process that does not start keeps nobody from pulling', async () => {
  const cache = await startCache({
    settings: { upstreams: [upstream('quay.io')] },
    prepare: (children) => children.replace('admin', `process.exit(1);`),
  });
  await cache.serving();
  expect(cache.events()).toContain('proxy started');
});

test('a proxy that does not start ends the cache', async () => {
  const cache = await startCache({
    prepare: (children) => children.replace('proxy', `throw new Error('the port is in use');`),
  });
  expect(await cache.exitCode).toBe(1);
  expect(cache.log.text()).toContain('the port is in use');
  expect(cache.log.text()).toContain('the proxy does not start');
  expect(cache.events().filter((event) => event.endsWith('stopped')).length).toBe(3);
});

test('settings with mistakes end the start with all of them', async () => {
  const problems = [
    { key: 'cleaner.maxsize', message: 'expected a size' },
    { key: 'http.addr', message: 'expected an address' },
  ];
  const cache = await startCache({ load: () => Promise.reject(new ConfigError(problems)) });
  expect(await cache.exitCode).toBe(78);
  expect(cache.log.lines().map(({ key, problem }) => `${String(key)}: ${String(problem)}`)).toEqual([
    'cleaner.maxsize: expected a size',
    'http.addr: expected an address',
  ]);
});

test('a second cache on the same run directory is refused, and the first one stays', async () => {
  const first = await startCache({ settings: { upstreams: [upstream('quay.io')] } });
  await first.serving();
  const second = await startCache({ settings: { runDirectory: join(first.folder, 'run') } });
  expect(await second.exitCode).toBe(1);
  expect(second.log.text()).toContain('another registry-cache uses run directory');
  expect(second.events()).toEqual([]);
  first.signal('SIGTERM');
  expect(await first.exitCode).toBe(0);
});

test('a second cache on the same data directory serves too, as in a rolling update', async () => {
  const first = await startCache({ settings: { upstreams: [upstream('quay.io')] } });
  await first.serving();
  const storage = { rootDirectory: join(first.folder, 'data') };
  const second = await startCache({ settings: { storage, upstreams: [upstream('quay.io')] } });
  await second.serving();
  expect(second.log.text()).toContain('another registry-cache serves this data directory');
  first.signal('SIGTERM');
  expect(await first.exitCode).toBe(0);
});
