import { stringify } from 'yaml';
import { caFile, originOf, type CacheForClients, type ClientConfig } from './client-config.ts';

const CA_PATH = '/etc/rancher/k3s/registry-cache-ca.crt';

/** @see K3s, "Private Registry Configuration" */
export function k3sConfig(cache: CacheForClients): ClientConfig {
  const { host, ca, needsLogin, upstreams } = cache;
  const mirrors = Object.fromEntries(
    upstreams.map(({ name }) => [name, { endpoint: [originOf(cache)], rewrite: { '^(.*)$': `${name}/$1` } }]),
  );
  const settings = {
    ...(needsLogin ? { auth: { username: 'USER', password: 'PASSWORD' } } : {}),
    ...(ca === undefined ? {} : { tls: { ca_file: CA_PATH } }),
  };
  const configs = Object.keys(settings).length === 0 ? {} : { configs: { [host]: settings } };
  return {
    files: [
      { path: '/etc/rancher/k3s/registries.yaml', content: stringify({ mirrors, ...configs }) },
      ...caFile(CA_PATH, cache),
    ],
    commands: ['systemctl restart k3s'],
    notes: [
      'the files belong on every node; on agents the service is k3s-agent',
      'RKE2 reads /etc/rancher/rke2/registries.yaml, of the same form',
    ],
  };
}
