import type { UpstreamSettings } from '@registry-cache/config';
import {
  basicAuthorization,
  findRegistryChallenge,
  isTrustedRealm,
  type RegistryChallenge,
  type RepositoryName,
} from '@registry-cache/oci';
import { orAborted } from './deadline.ts';
import { parseRealm } from './realm-rule.ts';
import { findRepositoryCredential, type RepositoryCredential } from './repository-credential.ts';
import type { TokenRequest } from './token.ts';
import type { TokenCache } from './token-cache.ts';
import { UpstreamError } from './upstream-error.ts';

/** Knows what to send as `Authorization` to one upstream, and learns from its challenges. */
export interface Authorization {
  /** What to send first: what the upstream's last challenge asked for, or nothing while there was none. */
  first(name: RepositoryName | undefined, signal: AbortSignal): Promise<SentAuthorization | undefined>;
  /** What to send after a 401 to `sent`; undefined where nothing else is left to try. */
  afterChallenge(refused: RefusedRequest, signal: AbortSignal): Promise<SentAuthorization | undefined>;
}

export interface SentAuthorization {
  readonly header: string;
  /** Where the header is a token of the cache. */
  readonly token?: { readonly request: TokenRequest; readonly value: string; readonly remembered: boolean };
}

export interface RefusedRequest {
  readonly name: RepositoryName | undefined;
  /** `WWW-Authenticate` of the 401. */
  readonly challenges: string | readonly string[] | undefined;
  readonly sent: SentAuthorization | undefined;
}

/**
 * The last challenge of a registry, for all repositories and whoever asks: it has one token endpoint, and a 401 for each of
 * them costs a round trip.
 */
export interface ChallengeMemory {
  learnt: RegistryChallenge | undefined;
}

export interface AuthorizationOptions {
  readonly upstream: UpstreamSettings;
  readonly tokens: TokenCache;
  readonly memory: ChallengeMemory;
}

export function createAuthorization({ upstream, tokens, memory }: AuthorizationOptions): Authorization {
  // Doubted by this asker alone: anybody can have a token refused, by a password that is wrong.
  let doubted: RegistryChallenge | undefined;

  const answer = async (
    name: RepositoryName | undefined,
    signal: AbortSignal,
  ): Promise<SentAuthorization | undefined> => {
    const credential = findRepositoryCredential(upstream.credentials, name);
    if (credential?.credential.kind === 'registry-token') {
      return { header: `Bearer ${credential.credential.token}` };
    }
    const { learnt } = memory;
    if (learnt === undefined || learnt === doubted) return undefined;
    if (learnt.kind === 'basic') {
      return credential?.credential.kind === 'basic'
        ? { header: basicAuthorization(credential.credential) }
        : undefined;
    }
    try {
      const request = await tokenRequest(learnt, { name, credential, upstream });
      const granted = await orAborted(tokens.get(request), signal);
      return { header: `Bearer ${granted.value}`, token: { request, ...granted } };
    } catch (error) {
      // The registry may have moved its token endpoint: the next request asks the registry again.
      if (error instanceof UpstreamError) doubted = learnt;
      throw error;
    }
  };

  return {
    first: answer,
    async afterChallenge({ name, challenges, sent }, signal) {
      const challenge = findRegistryChallenge(challenges);
      if (challenge === undefined) return undefined;
      const known = isSame(challenge, memory.learnt);
      memory.learnt = challenge;
      // A token that was made for this very request is refused for good.
      if (known && sent?.token?.remembered === false) return undefined;
      if (sent?.token !== undefined) tokens.drop(sent.token.request, sent.token.value);
      const next = await answer(name, signal);
      return next?.header === sent?.header ? undefined : next;
    },
  };
}

function isSame(one: RegistryChallenge, other: RegistryChallenge | undefined): boolean {
  if (one.kind === 'basic' || other?.kind !== 'bearer') return one.kind === other?.kind;
  return one.realm === other.realm && one.service === other.service;
}

interface Asking {
  readonly name: RepositoryName | undefined;
  readonly credential: RepositoryCredential | undefined;
  readonly upstream: UpstreamSettings;
}

async function tokenRequest(
  challenge: RegistryChallenge & { readonly kind: 'bearer' },
  { name, credential, upstream }: Asking,
): Promise<TokenRequest> {
  const registry = new URL(upstream.url);
  const realm = parseRealm(challenge.realm, registry);
  if (credential !== undefined && !(await isTrustedRealm(realm, registry, upstream.tokenHosts))) {
    const { repositoryPrefix } = credential;
    const key = repositoryPrefix === '' ? upstream.name : `${upstream.name}/${repositoryPrefix}`;
    throw new UpstreamError(
      'denied',
      `${registry.host} wants the credentials of ${key} sent to ${realm.host}, which is not of its domain: ` +
        `if ${realm.host} is its token endpoint, add it to upstreams.${upstream.name}.tokenhosts`,
    );
  }
  return {
    realm,
    service: challenge.service,
    scope: name === undefined ? undefined : `repository:${name}:pull`,
    credential,
  };
}
