import { describeUrl } from './describe-url.ts';
import { UpstreamError } from './upstream-error.ts';

/**
 * The token endpoint that a registry's challenge names.
 *
 * @throws {UpstreamError} `invalid` when it is no URL of a token endpoint, `denied` when it would take a request that is
 * encrypted on its way to the registry to a place where it is not.
 */
export function parseRealm(realm: string, registry: URL): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    // What cannot be parsed is not shown: there is no telling where in it a secret is.
    const shown = url === undefined ? 'by a malformed URL' : describeUrl(url);
    throw new UpstreamError(
      'invalid',
      `${registry.host} names the token endpoint ${shown}: expected an absolute URL of http or https without userinfo`,
    );
  }
  if (registry.protocol === 'https:' && url.protocol === 'http:') {
    throw new UpstreamError(
      'denied',
      `${registry.host} names the token endpoint ${describeUrl(url)} without TLS: a token is asked for over https only`,
    );
  }
  return url;
}
