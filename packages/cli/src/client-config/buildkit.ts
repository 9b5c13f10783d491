import { caFile, toml, type CacheForClients, type ClientConfig } from './client-config.ts';

const CA_PATH = '/etc/buildkit/registry-cache-ca.crt';

/** @see BuildKit, "buildkitd.toml" */
export function buildkitConfig(cache: CacheForClients): ClientConfig {
  const { host, isPlain, ca, needsLogin, upstreams } = cache;
  const mirrors = upstreams.map(
    ({ name }) => `[registry.${toml(name)}]\n  mirrors = [${toml(`${host}/${name}`)}]\n`,
  );
  const itself = [
    // BuildKit takes what runs on its own machine for plain HTTP unless it is told.
    `  http = ${isPlain}\n`,
    ...(ca === undefined ? [] : [`  ca = [${toml(CA_PATH)}]\n`]),
  ];
  return {
    files: [
      {
        path: '/etc/buildkit/buildkitd.toml',
        content: [...mirrors, `[registry.${toml(host)}]\n${itself.join('')}`].join('\n'),
      },
      ...caFile(CA_PATH, cache),
    ],
    commands: [
      ...(needsLogin ? [`docker login ${host}`] : []),
      'docker buildx create --use --name registry-cache --config /etc/buildkit/buildkitd.toml',
    ],
    notes: [
      'buildx copies the certificate authority into the builder that it creates; buildkitd without buildx reads both files at its start',
    ],
  };
}
