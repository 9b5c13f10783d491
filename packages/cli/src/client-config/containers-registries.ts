import { caFile, toml, type CacheForClients, type ClientConfig, type ClientFile } from './client-config.ts';

/** podman, skopeo and buildah. @see containers-registries.conf(5), containers-certs.d(5) */
export function podmanConfig(cache: CacheForClients): ClientConfig {
  return {
    files: registriesConf(cache),
    commands: [
      ...(cache.needsLogin ? [`podman login ${cache.host}`] : []),
      `podman pull ${exampleImage(cache)}`,
    ],
    notes: [
      'without root, the same files go below ~/.config/containers/ instead of /etc/containers/',
      'skopeo and buildah read the same files',
    ],
  };
}

/** CRI-O reads what podman does. @see crio.conf(5) */
export function crioConfig(cache: CacheForClients): ClientConfig {
  return {
    files: registriesConf(cache),
    commands: [
      'systemctl reload crio',
      ...(cache.needsLogin ? [`podman login --authfile /var/lib/kubelet/config.json ${cache.host}`] : []),
      `crictl pull ${exampleImage(cache)}`,
    ],
    notes: ['the files belong on every node'],
  };
}

function registriesConf(cache: CacheForClients): ClientFile[] {
  const { host, isPlain, upstreams } = cache;
  const insecure = isPlain ? 'insecure = true\n' : '';
  const mirrors = upstreams.map(
    ({ name }) =>
      `[[registry]]\nlocation = ${toml(name)}\n[[registry.mirror]]\nlocation = ${toml(`${host}/${name}`)}\n${insecure}`,
  );
  // For images that are named with the cache in front.
  const itself = isPlain ? [`[[registry]]\nlocation = ${toml(host)}\ninsecure = true\n`] : [];
  return [
    {
      path: '/etc/containers/registries.conf.d/registry-cache.conf',
      content: [...mirrors, ...itself].join('\n'),
    },
    ...caFile(`/etc/containers/certs.d/${host}/ca.crt`, cache),
  ];
}

/** An image that is named as before: the mirror does the rest. */
function exampleImage({ upstreams }: CacheForClients): string {
  return `${upstreams[0]?.name ?? 'quay.io'}/org/image`;
}
