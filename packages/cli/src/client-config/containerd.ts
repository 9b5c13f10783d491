import {
  caFile,
  originOf,
  toml,
  type CacheForClients,
  type ClientConfig,
  type ClientFile,
} from './client-config.ts';

const CERTS_D = '/etc/containerd/certs.d';

/** @see containerd, "Registry Configuration": hosts.toml */
export function containerdConfig(cache: CacheForClients): ClientConfig {
  return {
    files: hostsFiles(cache, CERTS_D, CERTS_D),
    commands: [
      `ctr images pull --hosts-dir ${CERTS_D} ${cache.upstreams[0]?.name ?? 'quay.io'}/org/image:tag`,
    ],
    notes: [
      `for Kubernetes, /etc/containerd/config.toml must name the folder, with a restart after it: ` +
        `[plugins."io.containerd.grpc.v1.cri".registry] config_path = "${CERTS_D}" ` +
        `(containerd 2: [plugins."io.containerd.cri.v1.images".registry])`,
      ...loginNote(cache),
    ],
  };
}

/** A cluster in containers, whose nodes run containerd. @see kind, "Local Registry" */
export function kindConfig(cache: CacheForClients): ClientConfig {
  const folder = 'registry-cache-certs.d';
  const patch = `[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "${CERTS_D}"`;
  return {
    files: [
      {
        path: 'kind.yaml',
        content: [
          'kind: Cluster',
          'apiVersion: kind.x-k8s.io/v1alpha4',
          'containerdConfigPatches:',
          '  - |-',
          ...patch.split('\n').map((line) => `    ${line}`),
          'nodes:',
          '  - role: control-plane',
          '    extraMounts:',
          `      - hostPath: ./${folder}`,
          `        containerPath: ${CERTS_D}`,
          '',
        ].join('\n'),
      },
      ...hostsFiles(cache, folder, CERTS_D),
    ],
    commands: ['kind create cluster --config kind.yaml'],
    notes: [`every node must reach ${cache.host} by that name`, ...loginNote(cache)],
  };
}

/** @param folder where the files are written; @param readFrom where containerd finds them */
function hostsFiles(cache: CacheForClients, folder: string, readFrom: string): ClientFile[] {
  const ca = cache.ca === undefined ? '' : `  ca = ${toml(`${readFrom}/registry-cache-ca.crt`)}\n`;
  const hosts = cache.upstreams.map(({ name, url }) => ({
    path: `${folder}/${name}/hosts.toml`,
    content:
      `# Where the cache cannot answer, the registry itself is asked.\nserver = ${toml(url)}\n\n` +
      `[host.${toml(`${originOf(cache)}/v2/${name}`)}]\n  capabilities = ["pull", "resolve"]\n` +
      `  # The path above is complete: nothing is to be put in front of it.\n  override_path = true\n${ca}`,
  }));
  return [...hosts, ...caFile(`${folder}/registry-cache-ca.crt`, cache)];
}

function loginNote(cache: CacheForClients): string[] {
  if (!cache.needsLogin) return [];
  const origin = originOf(cache);
  return [
    `${cache.host} asks for a login, which containerd sends a mirror by a header: below each host of hosts.toml, ` +
      `[host."${origin}/v2/${cache.upstreams[0]?.name ?? 'quay.io'}".header] Authorization = "Basic …", from: printf %s USER:PASSWORD | base64`,
  ];
}
