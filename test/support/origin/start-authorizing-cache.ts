import type { RunningCache } from '../cache/running-cache.ts';
import { startCache } from '../cache/start-cache.ts';
import { createCertificateAuthority } from '../certificates.ts';
import { createLoginClient, type Login, type LoginClient } from '../client/login-client.ts';
import type { RegistryClient } from '../client/registry-client.ts';
import type { CloseLater } from '../close-at-end.ts';
import { startUpstream, type Upstream } from '../upstream/start-upstream.ts';
import { addPeople, OTHER_ALICE, ROBOT } from './people.ts';
import { startOrigin, type Origin } from './start-origin.ts';

/** A cache of several registries, two of which say themselves who may pull. */
export interface AuthorizingCache {
  readonly cache: RunningCache;
  /** Known as `tokens.example.com`, with a token server. */
  readonly tokens: Origin;
  /** Known as `passwords.example.com`, which takes passwords alone. There alice is `OTHER_ALICE`. */
  readonly passwords: Origin;
  /** Known as `quay.io`, where whoever reaches the cache may pull: it asks as the robot of its pull secret. */
  readonly quay: Upstream;
  /** A client without a login. */
  readonly nobody: RegistryClient;
  /** One that asks the cache for tokens. */
  readonly loginClient: (login?: Login) => LoginClient;
  /** One that sends its password with each request. */
  readonly basicClient: (login: Login) => RegistryClient;
}

/** @param config further top-level keys of config.yml */
export async function startAuthorizingCache(
  closeLater: CloseLater,
  config: Readonly<Record<string, unknown>> = {},
): Promise<AuthorizingCache> {
  const ca = await createCertificateAuthority();
  const tls = await ca.issue();
  const robot = { username: ROBOT.user, password: ROBOT.password };
  const tokens = closeLater(await startOrigin({ tls }));
  const passwords = closeLater(await startOrigin({ tls, authentication: 'basic' }));
  const quay = closeLater(await startUpstream({ tls, authentication: { kind: 'basic', accounts: [robot] } }));
  addPeople(tokens);
  addPeople(passwords);
  passwords.addAccount(OTHER_ALICE.user, OTHER_ALICE.password);
  const cache = closeLater(
    await startCache({
      ca,
      upstreams: {
        'tokens.example.com': { url: tokens.origin, authorization: 'origin' },
        'passwords.example.com': { url: passwords.origin, authorization: 'origin' },
        'quay.io': { url: quay.origin },
      },
      pullSecret: { 'tokens.example.com': robot, 'passwords.example.com': robot, 'quay.io': robot },
      config,
    }),
  );
  return {
    cache,
    tokens,
    passwords,
    quay,
    nobody: cache.client(),
    loginClient: (login) =>
      closeLater(createLoginClient({ origin: cache.origin, ca: ca.certificate }, login)),
    basicClient: ({ user, password }) => cache.client(`${user}:${password}`),
  };
}
