import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Settings } from '../src/settings.ts';
import { issue, type Pair } from './support/certificates.ts';
import { createWorkspace, type Workspace } from './support/workspace.ts';

// The configurations that operators of a DTR or MSR cache have, byte for byte but for names of hosts and ports.

interface Loaded {
  readonly settings: Settings;
  readonly workspace: Workspace;
  readonly ca: Pair;
}

/** Loads a fixture with its files inside a temporary folder. */
async function loadFixture(name: string): Promise<Loaded> {
  const workspace = await createWorkspace();
  const ca = await issue('origin CA', { isCa: true });
  const cache = await issue('cache', { names: ['cache.example.com'] });
  await workspace.write('run/secrets/dtr.cert.pem', ca.cert);
  await workspace.write('run/secrets/cache.cert.pem', cache.cert);
  await workspace.write('run/secrets/cache.key.pem', cache.key);
  await workspace.write('certs/dtr-ca.pem', ca.cert);
  const fixture = await readFile(new URL(`./fixtures/content-cache/${name}`, import.meta.url), 'utf8');
  const yaml = fixture.replaceAll(
    / (\/(?:run\/secrets|certs|var\/lib)\/\S+)/g,
    (_, path: string) => ` ${workspace.path(path.slice(1))}`,
  );
  return { settings: await workspace.loadYaml(yaml), workspace, ca };
}

test.each([
  ['msr.yml', 'msr.example.com', 'https://msr.example.com'],
  ['dtr.yml', 'dtr.example.com:4443', 'https://dtr.example.com:4443'],
  ['dtr-originhost.yml', 'dtr.example.com', 'https://dtr.example.com'],
])('%s is the cache of one origin that authorizes, and keeps blobs for a day', async (fixture, name, url) => {
  const { settings, workspace, ca } = await loadFixture(fixture);
  expect(settings.upstreams).toEqual([
    {
      name,
      url,
      default: true,
      authorization: 'origin',
      caches: [],
      cas: [ca.cert],
      tagTtlMs: 0,
      tokenHosts: [],
      maxConnections: 64,
      downstreamKey: 'middleware.registry[0].options',
      credentials: [],
    },
  ]);
  expect(settings.cleaner.expiry).toEqual({ blobTtlMs: 86_400_000, from: 'fetched' });
  expect(settings.storage.rootDirectory).toBe(workspace.path('var/lib/registry'));
  expect(settings.authorizationTtlMs).toBe(60_000);
  expect(settings.auth).toBeUndefined();
});

test.each(['msr.yml', 'dtr.yml'])('%s is served with TLS under its name', async (fixture) => {
  const { settings, workspace } = await loadFixture(fixture);
  expect(settings.http).toMatchObject({
    host: '0.0.0.0',
    port: 443,
    externalUrl: 'https://cache.example.com',
    tls: {
      source: `${workspace.path('run/secrets/cache.cert.pem')} and ${workspace.path('run/secrets/cache.key.pem')}`,
    },
  });
  // Everybody knows the sample's secret, so it is none.
  expect(settings.http.secret).toBeUndefined();
  expect(settings.warnings).toEqual([
    expect.stringContaining('http.secret is the placeholder of the samples'),
  ]);
  expect(settings.watchedFiles).toContain(workspace.path('run/secrets/dtr.cert.pem'));
});

test('dtr-originhost.yml is served without TLS', async () => {
  const { settings, workspace } = await loadFixture('dtr-originhost.yml');
  expect(settings.http).toEqual({ host: '', port: 5000, drainTimeoutMs: 30_000 });
  expect(settings.warnings).toEqual([expect.stringContaining('in plain HTTP: set http.tls')]);
  expect(settings.watchedFiles).toContain(workspace.path('certs/dtr-ca.pem'));
});
