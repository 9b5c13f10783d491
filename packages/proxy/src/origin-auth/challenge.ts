import { RegistryError, type UpstreamName } from '@registry-cache/oci';
import type { IncomingMessage } from 'node:http';

/** What a client needs to know to come back with a token. */
export interface Challenge {
  /** Of the upstream meant, or of whichever the scope names. */
  readonly upstream?: UpstreamName;
  /** As the client writes it. */
  readonly repository?: string;
  /** @see RFC 6750, "Error Codes" */
  readonly error?: 'invalid_token' | 'insufficient_scope';
}

/** How clients reach this cache. */
export interface CacheAddress {
  /** `https://cache.example.com:8443` */
  readonly origin: string;
  /** Its host, with a port where it has one. */
  readonly service: string;
}

const REG_NAME = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const IPV6 = '\\[[0-9A-Fa-f:.]+\\]';
const HOST = new RegExp(`^(?:${REG_NAME}|${IPV6})(?::[0-9]{1,5})?$`);

/**
 * Where this client has to come to, which is where it is now unless the settings know better.
 *
 * @throws {RegistryError} `NAME_INVALID` for a Host that is no `host[:port]`: it goes into a header of the answer
 */
export function cacheAddress(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  externalUrl?: string,
): CacheAddress {
  if (externalUrl !== undefined) {
    const { origin, host } = new URL(externalUrl);
    return { origin, service: host };
  }
  const { host = '' } = headers;
  if (!HOST.test(host)) {
    throw new RegistryError('NAME_INVALID', 'invalid request: expected a Host of host[:port]');
  }
  return { origin: `${'encrypted' in socket ? 'https' : 'http'}://${host}`, service: host };
}

/**
 * A `WWW-Authenticate` that leads to this cache's own token endpoint. Nothing in it needs quoting: it is made of hosts and names
 * that were checked.
 *
 * @see distribution, "Token Authentication Specification"
 */
export function formatChallenge(
  { upstream, repository, error }: Challenge,
  { origin, service }: CacheAddress,
): string {
  const parameters = [
    ['realm', `${origin}/token${upstream === undefined ? '' : `/${upstream}`}`],
    ['service', service],
    ...(repository === undefined ? [] : [['scope', `repository:${repository}:pull`]]),
    ...(error === undefined ? [] : [['error', error]]),
  ];
  return `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(',')}`;
}
