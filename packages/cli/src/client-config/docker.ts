import { caFile, originOf, type CacheForClients, type ClientConfig } from './client-config.ts';

/** @see dockerd, "daemon.json": registry-mirrors; "Verify repository client with certificates" */
export function dockerConfig(cache: CacheForClients): ClientConfig {
  const { host, isPlain, needsLogin, upstreams } = cache;
  const dockerHub = upstreams.find(({ name }) => name === 'docker.io');
  const settings = {
    // A daemon before version 24 refuses a mirror with a path, which the default upstream does not need.
    ...(dockerHub === undefined
      ? {}
      : { 'registry-mirrors': [dockerHub.default ? originOf(cache) : `${originOf(cache)}/docker.io`] }),
    ...(isPlain ? { 'insecure-registries': [host] } : {}),
  };
  const example = `docker pull ${host}/${upstreams.find(({ name }) => name !== 'docker.io')?.name ?? 'docker.io'}/org/image`;
  const isEmpty = Object.keys(settings).length === 0;
  return {
    files: [
      ...(isEmpty
        ? []
        : [{ path: '/etc/docker/daemon.json', content: `${JSON.stringify(settings, undefined, 2)}\n` }]),
      ...caFile(`/etc/docker/certs.d/${host}/ca.crt`, cache),
    ],
    commands: [
      ...(isEmpty ? [] : ['systemctl restart docker']),
      ...(needsLogin ? [`docker login ${host}`] : []),
      example,
    ],
    notes: [
      'docker mirrors docker.io alone: images of other registries are named with the cache in front, as in the last command',
      'merge daemon.json with the one that is there',
      ...(needsLogin && dockerHub !== undefined
        ? [
            'docker sends a mirror no password: with auth.htpasswd, images of docker.io are named with the cache in front, too',
          ]
        : []),
      ...(dockerHub?.default === false
        ? [
            'a docker before version 24 needs docker.io: { default: true } among the upstreams of the cache, and a mirror without a path',
          ]
        : []),
    ],
  };
}
