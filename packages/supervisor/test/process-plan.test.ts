import type { Settings } from '@registry-cache/config';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planProcesses, processesOf } from '../src/process-plan.ts';
import { settingsIn, upstream, withPassword, SOME_IDENTITY } from './support/settings.ts';

test('there is a worker for each upstream, and one of each other process', () => {
  const ids = processesOf(planProcesses(settingsIn('/x'), SOME_IDENTITY)).map(({ id }) => id);
  expect(ids).toEqual(['logger', 'worker quay.io', 'worker docker.io', 'proxy', 'cleaner', 'admin']);
});

test('a credential reaches the worker of its upstream and nobody else', () => {
  const settings = settingsIn('/x', {
    upstreams: [withPassword('quay.io', 's3cret'), upstream('docker.io')],
  });
  const plan = planProcesses(settings, SOME_IDENTITY);
  const knowing = processesOf(plan).filter((process) => JSON.stringify(process.settings).includes('s3cret'));
  expect(knowing.map(({ id }) => id)).toEqual(['worker quay.io']);
});

test('no worker has credentials of an upstream that authorizes the clients itself', () => {
  const origin = { ...withPassword('quay.io', 's3cret'), authorization: 'origin' } as const;
  const plan = planProcesses(settingsIn('/x', { upstreams: [origin] }), SOME_IDENTITY);
  expect(JSON.stringify(processesOf(plan))).not.toContain('s3cret');
});

test('what tokens are sealed with reaches the proxy alone, the configured secret before our own', () => {
  const knowing = (secret: string, settings: Partial<Settings['http']>): string[] => {
    const { http, ...others } = settingsIn('/x');
    const plan = planProcesses({ ...others, http: { ...http, ...settings } }, SOME_IDENTITY);
    return processesOf(plan)
      .filter((process) => JSON.stringify(process.settings).includes(secret))
      .map(({ id }) => id);
  };
  expect(knowing(SOME_IDENTITY.tokenSecret, {})).toEqual(['proxy']);
  expect(knowing(SOME_IDENTITY.tokenSecret, { secret: 'shared' })).toEqual([]);
});

test('the proxy is told the sockets that workers and logger listen on', () => {
  const settings = settingsIn('/x', { upstreams: [upstream('quay.io:5000')] });
  const { proxies, workers, logger } = planProcesses(settings, SOME_IDENTITY);
  const socketPath = join(settings.runDirectory, 'worker-quay.io_5000.sock');
  expect(workers.map((worker) => worker.socketPath)).toEqual([socketPath]);
  expect(proxies[0].settings).toMatchObject({
    upstreams: [{ name: 'quay.io:5000', default: false, socketPath }],
    loggerSocketPath: logger.socketPath,
  });
  expect(logger.settings).toMatchObject({ socketPath: logger.socketPath });
});

test('proxies that share the port have the same settings and secrets, and a number each', () => {
  const { proxies } = planProcesses(settingsIn('/x', { proxyProcesses: 3 }), SOME_IDENTITY);
  expect(proxies.map(({ id }) => id)).toEqual(['proxy', 'proxy 2', 'proxy 3']);
  const [{ settings: first }] = proxies;
  for (const [index, { settings }] of proxies.entries()) {
    expect(settings).toEqual({ ...first, number: index + 1 });
  }
});

test('events of evictions and failed fills are made only where some endpoint wants them', () => {
  const endpoint = (ignoredActions: readonly string[]): Settings['notifications'][number] => ({
    name: 'audit',
    url: 'http://127.0.0.1:1',
    headers: {},
    timeoutMs: 1000,
    threshold: 3,
    backoffMs: 1000,
    ignoredMediaTypes: [],
    ignoredActions,
  });
  const told = (notifications: Settings['notifications']): string[] =>
    processesOf(planProcesses(settingsIn('/x', { notifications }), SOME_IDENTITY))
      .filter(({ settings }) => 'eventsSocketPath' in settings)
      .map(({ id }) => id);
  expect(told([])).toEqual([]);
  expect(told([endpoint(['evict'])])).toEqual(['worker quay.io', 'worker docker.io']);
  expect(told([endpoint(['evict']), endpoint(['fill-failed'])])).toEqual([
    'worker quay.io',
    'worker docker.io',
    'cleaner',
  ]);
});

test('the secrets of notifications and traces reach only those who use them', () => {
  const settings = settingsIn('/x', {
    notifications: [
      {
        name: 'audit',
        url: 'http://127.0.0.1:1',
        timeoutMs: 1000,
        threshold: 3,
        backoffMs: 1000,
        ignoredMediaTypes: [],
        ignoredActions: [],
        headers: { authorization: ['Bearer n0tify'] },
      },
    ],
    telemetry: { OTEL_EXPORTER_OTLP_HEADERS: 'api-key=tr4ce' },
  });
  const knowing = (secret: string): string[] =>
    processesOf(planProcesses(settings, SOME_IDENTITY))
      .filter((process) => JSON.stringify(process.settings).includes(secret))
      .map(({ id }) => id);
  expect(knowing('n0tify')).toEqual(['logger']);
  expect(knowing('tr4ce')).toEqual(['worker quay.io', 'worker docker.io', 'proxy']);
});
