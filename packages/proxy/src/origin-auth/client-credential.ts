import type { ProxyUpstream } from '@registry-cache/config';
import { RegistryError, type UpstreamName } from '@registry-cache/oci';
import type { IncomingMessage } from 'node:http';
import { findBasicCredentials } from '../auth/basic-credentials.ts';

/** What a client shows of itself, unchecked. */
export type ClientCredential =
  | { readonly kind: 'none' }
  | { readonly kind: 'login'; readonly login: Login }
  /** A token of this cache, or of somebody else. */
  | { readonly kind: 'bearer'; readonly token: string };

export interface Login extends LoginThere {
  /** Whose login it is, where the client says so: the password goes to no other. */
  readonly upstream?: UpstreamName;
}

/** As an upstream is sent it. */
export interface LoginThere {
  /** For the log: its beginning where it is long. */
  readonly user: string;
  /** `Basic …` */
  readonly authorization: string;
}

// A token for it, and the worker's own headers, must fit into the 16 KiB of a request's head.
const MAX_CHARACTERS = 8 * 1024;
// Beside the login itself, and each character may take nine there.
const MAX_USER_CHARACTERS = 256;

/**
 * Reads the `Authorization` of a request. A user name `UPSTREAM/user`, where the first part is exactly an upstream's name, is the
 * login `user` of that upstream alone: docker keeps one login for a host, however many upstreams are behind it.
 *
 * @throws {RegistryError} `UNAUTHORIZED` for what is neither Basic nor Bearer, `NAME_INVALID` for more than one
 * @see RFC 7617 and RFC 6750
 */
export function parseClientCredential(
  request: Pick<IncomingMessage, 'headersDistinct'>,
  upstreams: readonly ProxyUpstream[],
): ClientCredential {
  const [authorization, ...others] = request.headersDistinct['authorization'] ?? [];
  if (authorization === undefined) return { kind: 'none' };
  // Whoever sends two may mean either.
  if (others.length > 0) {
    throw new RegistryError('NAME_INVALID', 'invalid request: expected one Authorization');
  }
  const [, token] = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization) ?? [];
  if (token !== undefined) return { kind: 'bearer', token };
  const login = findLogin(authorization, upstreams);
  if (login === undefined) {
    throw new RegistryError('UNAUTHORIZED', 'unsupported authorization: expected Basic or Bearer');
  }
  return { kind: 'login', login };
}

/**
 * The login for an upstream: none where it is another's, and none where the upstream lets this cache say who may pull.
 * Its client is anonymous there.
 */
export function findLoginFor(login: Login | undefined, upstream: ProxyUpstream): LoginThere | undefined {
  if (login === undefined || upstream.authorization !== 'origin') return undefined;
  if (login.upstream !== undefined && login.upstream !== upstream.name) return undefined;
  return { user: login.user, authorization: login.authorization };
}

/** @throws {RegistryError} `UNAUTHORIZED` */
export function refuseTooLong(authorization: string): void {
  if (authorization.length <= MAX_CHARACTERS) return;
  throw new RegistryError(
    'UNAUTHORIZED',
    `authorization of ${authorization.length} characters is too long: expected at most ${MAX_CHARACTERS}`,
  );
}

function findLogin(authorization: string, upstreams: readonly ProxyUpstream[]): Login | undefined {
  const [, encoded] = /^basic +([^ ]+)/i.exec(authorization) ?? [];
  if (encoded === undefined || findBasicCredentials(authorization) === undefined) return undefined;
  refuseTooLong(authorization);
  // By its bytes, since a password is not always UTF-8.
  const bytes = Buffer.from(encoded, 'base64');
  const named = upstreams.find(({ name }) => isLoginOf(name, bytes))?.name;
  const own = `Basic ${bytes.subarray(named === undefined ? 0 : named.length + 1).toString('base64')}`;
  return {
    ...(named === undefined ? {} : { upstream: named }),
    user: beginningOf(findBasicCredentials(own)?.user ?? ''),
    authorization: own,
  };
}

/** The first colon ends a user name, but for the one in front of an upstream's port: what is behind that is no password. */
function isLoginOf(upstream: UpstreamName, bytes: Buffer): boolean {
  const prefix = `${upstream}/`;
  return bytes.toString('latin1').startsWith(prefix) && bytes.includes(':', prefix.length);
}

/** Without the half of a character. */
function beginningOf(user: string): string {
  return user.slice(0, MAX_USER_CHARACTERS).replace(/[\ud800-\udbff]$/, '');
}
