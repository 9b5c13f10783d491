import type { UpstreamSettings } from '@registry-cache/config';
import type { Diagnosis } from './diagnosis.ts';

/**
 * What has to trust this cache, and what clients have to trust: none of it can be seen from here, only that it takes somebody's
 * doing. That this cache does not trust an upstream is seen, and is the advice of that step.
 */
export function trustAdvice(
  diagnoses: readonly Diagnosis[],
  upstreams: readonly UpstreamSettings[],
): string[] {
  const cache = diagnoses.find(({ kind, trust }) => kind === 'cache' && trust?.anchor === 'none');
  const origins = upstreams.filter(({ authorization }) => authorization === 'origin').map(({ name }) => name);
  const ofOrigins = diagnoses.filter(
    ({ kind, upstream }) => kind === 'upstream' && origins.some((name) => name === upstream),
  );
  const privateOrigins = ofOrigins.filter(({ trust }) => trust !== undefined && trust.anchor !== 'public');
  return [
    ...(cache === undefined ? [] : ofOrigins.map((origin) => adviseOnOrigin(origin, cache))),
    ...adviseOnClients(cache, privateOrigins),
  ];
}

function adviseOnOrigin({ url }: Diagnosis, { trust }: Diagnosis): string {
  const host = hostOf(url);
  return `${host} does not trust this cache by itself: add the certificate of ${trust?.authority ?? ''} to those that ${host} trusts`;
}

function adviseOnClients(cache: Diagnosis | undefined, origins: readonly Diagnosis[]): string[] {
  const untrusted = [...(cache === undefined ? [] : [cache]), ...origins];
  if (untrusted.length === 0) return [];
  const names = untrusted.map(({ kind, url }) => (kind === 'cache' ? 'this cache' : hostOf(url)));
  const installed = untrusted.map(
    ({ trust, url }) =>
      `the certificate of ${trust?.authority ?? ''} as /etc/containers/certs.d/${hostOf(url)}/ca.crt`,
  );
  const verb = names.length === 1 ? `do not trust ${names.join()}` : `trust neither ${names.join(' nor ')}`;
  return [
    `clients ${verb} by themselves: install ${installed.join(' and ')} there (docker: /etc/docker/certs.d)`,
  ];
}

function hostOf(url: string): string {
  return new URL(url).host;
}
