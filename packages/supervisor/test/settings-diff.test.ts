import type { Settings } from '@registry-cache/config';
import { expect, test } from 'vitest';
import { planProcesses } from '../src/process-plan.ts';
import { diffPlans, keepWhatNeedsRestart } from '../src/settings-diff.ts';
import { settingsIn, upstream, withPassword, SOME_IDENTITY } from './support/settings.ts';

const before = settingsIn('/x', {
  http: {
    host: '',
    port: 8443,
    drainTimeoutMs: 1000,
    tls: { certificate: 'C1', key: 'K1', source: 'certs.pem' },
  },
  auth: { realm: 'r', users: { alice: '$2y$1' } },
});

function changesTo(changes: Partial<Settings>): object {
  const { added, removed, changed } = diffPlans(
    planProcesses(before, SOME_IDENTITY),
    planProcesses({ ...before, ...changes }, SOME_IDENTITY),
  );
  return {
    added: added.map(({ id }) => id),
    removed: removed.map(({ id }) => id),
    changed: changed.map(({ process, keys }) => `${process.id}: ${keys.join(' ')}`),
  };
}

const none = { added: [], removed: [], changed: [] };
const tls = { certificate: 'C2', key: 'K2', source: 'certs.pem' };

const cases: [string, Partial<Settings>, object][] = [
  ['nothing, nobody is told', {}, none],
  [
    'the debug address, the admin process is told, and all are to measure their event loops',
    { debug: { host: '', port: 5001, metricsPath: '/metrics', actions: 'loopback' } },
    {
      ...none,
      changed: [
        'logger: measureEventLoop',
        'worker quay.io: measureEventLoop',
        'worker docker.io: measureEventLoop',
        'proxy: measureEventLoop',
        'cleaner: measureEventLoop',
        'admin: measureEventLoop debug',
      ],
    },
  ],
  ['warnings, nobody is told', { warnings: ['w'], watchedFiles: ['/f'] }, none],
  [
    "an upstream's password, only its worker is told",
    { upstreams: [withPassword('quay.io', 'new'), upstream('docker.io')] },
    { ...none, changed: ['worker quay.io: upstream.credentials'] },
  ],
  [
    'upstreams, the proxy is told as well',
    { upstreams: [upstream('docker.io'), upstream('ghcr.io')] },
    {
      added: ['worker ghcr.io'],
      removed: ['worker quay.io'],
      changed: ['proxy: upstreams', 'admin: upstreams'],
    },
  ],
  [
    'the certificate, only the proxy is told',
    { http: { ...before.http, tls } },
    { ...none, changed: ['proxy: http.tls'] },
  ],
  [
    'a user, only the proxy is told',
    { auth: { realm: 'r', users: { alice: '$2y$2' } } },
    { ...none, changed: ['proxy: auth.users'] },
  ],
  [
    "the cleaner's limit, the cleaner is told, and who shows it",
    { cleaner: { ...before.cleaner, maxSizeBytes: 1 } },
    { ...none, changed: ['cleaner: cleaner.maxSizeBytes', 'admin: cleaner.maxSizeBytes'] },
  ],
];

test.each(cases)('of %s', (_what, changes, expected) => {
  expect(changesTo(changes)).toEqual(expected);
});

test('what changed is told by names, never by values', () => {
  const text = JSON.stringify(changesTo({ auth: { realm: 'r', users: { bob: 's3cret' } } }));
  expect(text).not.toContain('s3cret');
  expect(text).not.toContain('bob');
});

test('where it listens and where its data lie stays until a restart', () => {
  const http = { host: '::1', port: 5000, drainTimeoutMs: 2000 };
  const next = settingsIn('/y', { http, proxyProcesses: 3, upstreams: [] });
  const { settings, needRestart } = keepWhatNeedsRestart(before, next);
  expect(needRestart).toEqual([
    'http.addr',
    'http.processes',
    'http.tls',
    'storage.rootDirectory',
    'runDirectory',
  ]);
  expect(settings).toEqual({
    ...next,
    proxyProcesses: 1,
    http: { ...before.http, drainTimeoutMs: 2000 },
    storage: before.storage,
    runDirectory: before.runDirectory,
  });
});

test('a new certificate needs no restart', () => {
  const next = { ...before, http: { ...before.http, tls } };
  expect(keepWhatNeedsRestart(before, next)).toEqual({ settings: next, needRestart: [] });
});

test('a certificate whose file is gone stays in use', () => {
  const own = { certificate: 'C3', key: 'K3', source: 'self-signed' };
  const gone = { ...before, http: { ...before.http, tls: own } };
  const { settings, needRestart } = keepWhatNeedsRestart(before, gone);
  expect(settings.http.tls).toEqual(before.http.tls);
  expect(needRestart).toEqual(['http.tls.certificate']);
});

test('upstreams whose pull secret is gone stay as they are', () => {
  const withSecret = {
    ...before,
    pullSecret: '/pull-secret.json',
    upstreams: [withPassword('quay.io', 'p')],
  };
  const gone = { ...before, upstreams: [upstream('quay.io'), upstream('docker.io')] };
  const { settings, needRestart } = keepWhatNeedsRestart(withSecret, gone);
  expect(settings.upstreams).toEqual(withSecret.upstreams);
  expect(settings.pullSecret).toBe('/pull-secret.json');
  expect(needRestart).toEqual(['pullsecret']);
  expect(keepWhatNeedsRestart(gone, withSecret)).toEqual({ settings: withSecret, needRestart: [] });
});
