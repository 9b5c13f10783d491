import type { LoadContext } from './load-context.ts';
import type { UpstreamSettings } from './settings.ts';

/** What goes together badly with upstreams that say themselves which client may pull. */
export function checkOriginAuthorization(
  upstreams: readonly UpstreamSettings[],
  { layered, findings }: LoadContext,
): void {
  const origins = upstreams.filter(({ authorization }) => authorization === 'origin');
  if (origins.length > 0 && layered.document.auth?.htpasswd !== undefined) {
    const names = origins.map(({ name }) => name).join(', ');
    findings.problem(
      layered.label('auth.htpasswd'),
      `expected no logins of this cache besides those of upstreams with authorization: origin (${names}): a request's one ` +
        'Authorization header has room for one credential',
    );
  }
  for (const origin of origins) {
    if (origin.credentials.some(({ credential }) => credential.kind !== 'anonymous')) {
      findings.warning(
        `the credentials of the pull secret for ${origin.name} are not used for pulls: it is asked with each client's own`,
      );
    }
    const namesakes = upstreams.filter(
      ({ authorization, url }) => authorization === 'cache' && url === origin.url,
    );
    for (const { name } of namesakes) {
      findings.warning(
        `${name} and ${origin.name} are one registry, but as ${name} everybody may pull what this cache may`,
      );
    }
  }
}

/** For a cache without TLS, unless something in front of it has it. */
export function warnOfPlainLogins(
  upstreams: readonly UpstreamSettings[],
  { layered, findings }: LoadContext,
): void {
  const isOrigin = upstreams.some(({ authorization }) => authorization === 'origin');
  const isBehindTls = layered.document.http?.host?.startsWith('https:') === true;
  if (!isOrigin || isBehindTls) return;
  findings.warning(
    'clients send the passwords of their accounts to this cache in plain HTTP: set http.tls, or http.host with the https:// URL of what ends TLS in front of it',
  );
}
