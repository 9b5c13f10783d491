import { stringify } from 'yaml';
import { caFile, type CacheForClients, type ClientConfig } from './client-config.ts';

/** OpenShift 4.13 and later. @see OpenShift, "ImageDigestMirrorSet", "ImageTagMirrorSet" */
export function openshiftConfig(cache: CacheForClients): ClientConfig {
  const { host, ca, needsLogin, isPlain, upstreams } = cache;
  const mirrors = upstreams.map(({ name }) => ({ source: name, mirrors: [`${host}/${name}`] }));
  const mirrorSet = (kind: string, key: string): string =>
    stringify({
      apiVersion: 'config.openshift.io/v1',
      kind,
      metadata: { name: 'registry-cache' },
      spec: { [key]: mirrors },
    });
  // A key of a ConfigMap has no colon.
  const caKey = host.replace(':', '..');
  const trust = [
    `oc create configmap registry-cache-ca --from-file=${caKey}=registry-cache-ca.crt --namespace openshift-config`,
    `oc patch image.config.openshift.io/cluster --type merge --patch '{"spec":{"additionalTrustedCA":{"name":"registry-cache-ca"}}}'`,
  ];
  const insecure = `oc patch image.config.openshift.io/cluster --type merge --patch '{"spec":{"registrySources":{"insecureRegistries":["${host}"]}}}'`;
  return {
    files: [
      {
        path: 'registry-cache-mirrors.yaml',
        content: [
          mirrorSet('ImageDigestMirrorSet', 'imageDigestMirrors'),
          mirrorSet('ImageTagMirrorSet', 'imageTagMirrors'),
        ].join('---\n'),
      },
      ...caFile('registry-cache-ca.crt', cache),
    ],
    commands: [
      ...(ca === undefined ? [] : trust),
      ...(isPlain ? [insecure] : []),
      'oc apply --filename registry-cache-mirrors.yaml',
    ],
    notes: [
      'the nodes are drained and restarted one after another when mirrors change',
      ...(needsLogin
        ? [`the cluster's pull secret (openshift-config/pull-secret) needs a login for ${host}`]
        : []),
    ],
  };
}
