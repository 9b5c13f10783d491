import { parse, parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import type { CacheForClients, ClientConfig } from '../../src/client-config/client-config.ts';
import { CLIENT_CONFIGS, type ClientName } from '../../src/client-config/clients.ts';

const CA = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n';

const cache: CacheForClients = {
  host: 'cachehost:8443',
  isPlain: false,
  ca: CA,
  needsLogin: true,
  upstreams: [
    { name: 'quay.io', url: 'https://quay.io', default: false },
    { name: 'docker.io', url: 'https://registry-1.docker.io', default: false },
  ],
};
const CLIENTS = Object.keys(CLIENT_CONFIGS) as ClientName[];

function contentOf({ files }: ClientConfig, end: string): string {
  const file = files.find(({ path }) => path.endsWith(end));
  if (file === undefined)
    throw new Error(`expected a file ${end} among ${files.map(({ path }) => path).join(', ')}`);
  return file.content;
}

describe.each(CLIENTS)('%s', (client) => {
  const configure = CLIENT_CONFIGS[client];

  test('is given the certificate authority where it needs one', () => {
    const contents = (given: CacheForClients): string[] =>
      configure(given).files.map(({ content }) => content);
    expect(contents(cache)).toContain(CA);
    const { files, commands } = configure({ ...cache, ca: undefined });
    expect(JSON.stringify({ files, commands })).not.toMatch(/\.crt|ca_file|ca =|configmap/);
  });

  test('is told that it must log in, where it must', () => {
    const text = (given: CacheForClients): string => JSON.stringify(configure(given));
    expect(text(cache)).toMatch(/login|PASSWORD|password/);
    expect(text({ ...cache, needsLogin: false })).not.toMatch(/login|PASSWORD|password/);
  });

  test('speaks plain HTTP to a cache that does', () => {
    const text = JSON.stringify(configure({ ...cache, isPlain: true, ca: undefined }));
    expect(text).toMatch(/http:\/\/cachehost:8443|insecure|http = true/);
    expect(text).not.toContain('https://cachehost');
  });

  test('writes no file twice', () => {
    const paths = configure(cache).files.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
  });
});

test('podman and CRI-O have each upstream mirrored', () => {
  for (const client of ['podman', 'crio'] as const) {
    const text = contentOf(CLIENT_CONFIGS[client](cache), 'registries.conf.d/registry-cache.conf');
    expect(text).toBe(
      '[[registry]]\nlocation = "quay.io"\n[[registry.mirror]]\nlocation = "cachehost:8443/quay.io"\n\n' +
        '[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "cachehost:8443/docker.io"\n',
    );
  }
});

test('containerd asks the registry itself where the cache cannot answer', () => {
  const text = contentOf(CLIENT_CONFIGS.containerd(cache), 'certs.d/docker.io/hosts.toml');
  expect(text).toContain('server = "https://registry-1.docker.io"');
  expect(text).toContain('[host."https://cachehost:8443/v2/docker.io"]');
  expect(text).toContain('override_path = true');
});

test('the nodes of kind find their hosts.toml where it is mounted', () => {
  const config = CLIENT_CONFIGS.kind(cache);
  const cluster: unknown = parse(contentOf(config, 'kind.yaml'));
  expect(cluster).toMatchObject({
    kind: 'Cluster',
    containerdConfigPatches: [expect.stringContaining('config_path = "/etc/containerd/certs.d"')],
    nodes: [
      { extraMounts: [{ hostPath: './registry-cache-certs.d', containerPath: '/etc/containerd/certs.d' }] },
    ],
  });
  expect(contentOf(config, 'registry-cache-certs.d/quay.io/hosts.toml')).toContain(
    'ca = "/etc/containerd/certs.d/registry-cache-ca.crt"',
  );
});

test('docker mirrors docker.io, by a path unless it is the default upstream', () => {
  const mirrors = (isDefault: boolean): unknown => {
    const upstreams = cache.upstreams.map((upstream) => ({
      ...upstream,
      default: isDefault && upstream.name === 'docker.io',
    }));
    return JSON.parse(contentOf(CLIENT_CONFIGS.docker({ ...cache, upstreams }), 'daemon.json'));
  };
  expect(mirrors(false)).toEqual({ 'registry-mirrors': ['https://cachehost:8443/docker.io'] });
  expect(mirrors(true)).toEqual({ 'registry-mirrors': ['https://cachehost:8443'] });
});

test('docker has nothing to mirror of a cache without docker.io', () => {
  const { files, commands } = CLIENT_CONFIGS.docker({ ...cache, upstreams: cache.upstreams.slice(0, 1) });
  expect(files.map(({ path }) => path)).toEqual(['/etc/docker/certs.d/cachehost:8443/ca.crt']);
  expect(commands).toEqual(['docker login cachehost:8443', 'docker pull cachehost:8443/quay.io/org/image']);
});

test('OpenShift gets a mirror set for digests and one for tags', () => {
  const documents = parseAllDocuments(contentOf(CLIENT_CONFIGS.openshift(cache), '.yaml')).map(
    (document): unknown => document.toJS(),
  );
  const mirrors = [
    { source: 'quay.io', mirrors: ['cachehost:8443/quay.io'] },
    { source: 'docker.io', mirrors: ['cachehost:8443/docker.io'] },
  ];
  expect(documents).toMatchObject([
    { kind: 'ImageDigestMirrorSet', spec: { imageDigestMirrors: mirrors } },
    { kind: 'ImageTagMirrorSet', spec: { imageTagMirrors: mirrors } },
  ]);
});

test('k3s rewrites names so that the cache knows the registry', () => {
  expect(parse(contentOf(CLIENT_CONFIGS.k3s(cache), 'registries.yaml'))).toEqual({
    mirrors: {
      'quay.io': { endpoint: ['https://cachehost:8443'], rewrite: { '^(.*)$': 'quay.io/$1' } },
      'docker.io': { endpoint: ['https://cachehost:8443'], rewrite: { '^(.*)$': 'docker.io/$1' } },
    },
    configs: {
      'cachehost:8443': {
        auth: { username: 'USER', password: 'PASSWORD' },
        tls: { ca_file: '/etc/rancher/k3s/registry-cache-ca.crt' },
      },
    },
  });
});

test('BuildKit trusts the certificate authority at its own place', () => {
  const text = contentOf(CLIENT_CONFIGS.buildkit(cache), 'buildkitd.toml');
  expect(text).toContain('[registry."quay.io"]\n  mirrors = ["cachehost:8443/quay.io"]');
  expect(text).toContain(
    '[registry."cachehost:8443"]\n  http = false\n  ca = ["/etc/buildkit/registry-cache-ca.crt"]',
  );
});
