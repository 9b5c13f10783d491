import type { CacheForClients, ClientConfig } from './client-config.ts';
import { buildkitConfig } from './buildkit.ts';
import { containerdConfig, kindConfig } from './containerd.ts';
import { crioConfig, podmanConfig } from './containers-registries.ts';
import { dockerConfig } from './docker.ts';
import { k3sConfig } from './k3s.ts';
import { openshiftConfig } from './openshift.ts';

export type ClientName =
  'podman' | 'containerd' | 'docker' | 'crio' | 'openshift' | 'k3s' | 'buildkit' | 'kind';

/** How each client is pointed at a cache. */
export const CLIENT_CONFIGS: Readonly<Record<ClientName, (cache: CacheForClients) => ClientConfig>> = {
  podman: podmanConfig,
  containerd: containerdConfig,
  docker: dockerConfig,
  crio: crioConfig,
  openshift: openshiftConfig,
  k3s: k3sConfig,
  buildkit: buildkitConfig,
  kind: kindConfig,
};
