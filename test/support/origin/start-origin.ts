import { parseRegistryPath, RegistryError } from '@registry-cache/oci';
import type { KeyPair } from '../certificates.ts';
import { errorAnswer, header, type Answer, type ServerRequest } from '../upstream/answer.ts';
import { createAuthenticator, type Authenticator } from '../upstream/authentication.ts';
import type { RecordedRequest, RequestMatch } from '../upstream/recorded-request.ts';
import { answerRegistry } from '../upstream/registry-answers.ts';
import { createRepositories, type Repositories } from '../upstream/repositories.ts';
import { startTestServer, type TestServer } from '../upstream/test-server.ts';
import { createContentCaches, type ContentCaches } from './content-caches.ts';
import { createOriginAccounts, type OriginAccounts } from './origin-accounts.ts';
import { createUrlSigner, type UrlSigner } from './signed-urls.ts';

export interface OriginOptions {
  /** Plain HTTP where left out. */
  readonly tls?: KeyPair;
  /** A loopback address; 127.0.0.1 unless told. */
  readonly host?: string;
  /** `bearer` unless told: tokens of the origin's own `/token`, for one repository each. */
  readonly authentication?: 'basic' | 'bearer';
  /** 300 unless told. */
  readonly tokenTtlSeconds?: number;
}

/** How a request said who asks. */
export type CredentialKind = 'none' | 'basic' | 'bearer' | 'signature';

export interface OriginRequest extends RecordedRequest {
  readonly credential: CredentialKind;
  /** Whose valid credential it was; undefined for nobody's. */
  readonly user: string | undefined;
  readonly via: string | undefined;
}

/**
 * A registry as DTR and MSR are: people with accounts, who may pull what they are allowed to, and who may have their blobs from a
 * content cache near them. Manifests it always serves itself. The API for registering caches is told in `content-caches.ts`.
 */
export interface Origin extends TestServer, Repositories, OriginAccounts, ContentCaches {
  /** Every request so far that matches, with who asked. */
  asked(match?: RequestMatch): OriginRequest[];
  /** Whether redirects to caches carry a query that stands for the user. They do, for 60 s, unless told. */
  signRedirects(ttlSeconds: number | 'never'): void;
  /** The signed query with which `user` may have what is at `path`. */
  sign(path: string, user: string, ttlSeconds: number): string;
}

/** The account that may register caches. */
export const ADMINISTRATOR = { username: 'admin', password: 'of everything' } as const;

export async function startOrigin(options: OriginOptions = {}): Promise<Origin> {
  const repositories = createRepositories();
  const people = createOriginAccounts();
  people.addAccount(ADMINISTRATOR.username, ADMINISTRATOR.password);
  const caches = createContentCaches(people, [ADMINISTRATOR.username]);
  const signer = createUrlSigner();
  const authenticator = createAuthenticator({
    kind: options.authentication ?? 'bearer',
    tokenTtlSeconds: options.tokenTtlSeconds ?? 300,
    get accounts() {
      return people.logins().accounts;
    },
    get anonymousRepositories() {
      return people.logins().anonymousRepositories;
    },
  });
  let redirectTtlSeconds: number | 'never' = 60;
  const sign = (path: string, user: string): string =>
    redirectTtlSeconds === 'never' ? '' : signer.sign(path, user, redirectTtlSeconds);
  const parts = { sign, repositories, people, caches, signer, authenticator };
  const askers = new WeakMap<ServerRequest, Asker>();

  const server = await startTestServer(options, (request) => {
    const asker = findAsker(request, parts);
    askers.set(request, asker);
    try {
      return caches.answer(request) ?? answerClient(request, asker, server.origin, parts);
    } catch (err) {
      if (err instanceof RegistryError) return errorAnswer(404, err.code, err.message);
      throw err;
    }
  });
  return {
    ...server,
    ...repositories,
    ...people,
    ...caches,
    signRedirects: (ttlSeconds) => void (redirectTtlSeconds = ttlSeconds),
    sign: (path, user, ttlSeconds) => signer.sign(path, user, ttlSeconds),
    asked: (match = {}) =>
      server.requestsTo(match).map((request) => ({
        ...request,
        ...(askers.get(request) ?? { credential: 'none', user: undefined }),
        via: header(request, 'via'),
      })),
  };
}

type Asker = Pick<OriginRequest, 'user' | 'credential'>;

interface OriginParts {
  /** The query of a redirect. */
  readonly sign: (path: string, user: string) => string;
  readonly repositories: Repositories;
  readonly people: OriginAccounts;
  readonly caches: ContentCaches;
  readonly signer: UrlSigner;
  readonly authenticator: Authenticator;
}

function findAsker(request: ServerRequest, { signer, authenticator }: OriginParts): Asker {
  const signature = signer.check(request);
  if (signature.kind === 'accepted') return { credential: 'signature', user: signature.user };
  if (signature.kind === 'refused') return { credential: 'signature', user: undefined };
  const scheme = /^(basic|bearer) /i.exec(header(request, 'authorization') ?? '')?.[1]?.toLowerCase();
  const credential = scheme === 'basic' || scheme === 'bearer' ? scheme : 'none';
  return { credential, user: authenticator.findUser(request) };
}

function answerClient(request: ServerRequest, asker: Asker, origin: string, parts: OriginParts): Answer {
  const { repositories, signer, authenticator } = parts;
  const signature = signer.check(request);
  if (signature.kind === 'unsigned') {
    return (
      authenticator.answer(request, origin) ??
      redirected(answerRegistry(repositories, request), request, asker, parts)
    );
  }
  if (signature.kind === 'refused') return errorAnswer(403, 'DENIED', signature.reason);
  const endpoint = parseRegistryPath(request.path);
  if (endpoint.kind !== 'blob' || !parts.people.mayPull(signature.user, endpoint.name))
    return errorAnswer(403, 'DENIED', 'requested access to the resource is denied');
  return answerRegistry(repositories, request);
}

/** A redirect to the cache that the user chose, in the place of a blob; a cache gets the blob. */
function redirected(
  answer: Answer,
  request: ServerRequest,
  { user }: Asker,
  { caches, sign }: OriginParts,
): Answer {
  const isBlob = parseRegistryPath(request.path).kind === 'blob' && answer.status < 300;
  const cache = user === undefined ? undefined : caches.findChosen(user);
  const fromCache = /\bregistry-cache-/.test(header(request, 'via') ?? '');
  if (!isBlob || user === undefined || cache === undefined || fromCache) return answer;
  const location = cache.host + request.path + sign(request.path, user);
  return { status: 307, headers: { location, 'content-length': '0' }, body: [] };
}
