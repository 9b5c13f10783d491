import { randomUUID } from 'node:crypto';
import {
  anonymousGrant,
  findByPassword,
  grantOfAccount,
  type Account,
  type Accounts,
  type Grant,
} from './accounts.ts';
import { errorAnswer, header, jsonAnswer, type Answer, type ServerRequest } from './answer.ts';

export interface TokenServerOptions {
  /** 300 unless told. A token that has expired is refused. */
  readonly tokenTtlSeconds?: number;
}

/** Issues tokens for the scopes that were asked for and granted. @see distribution, "Token Authentication Specification" */
export interface TokenServer {
  answer(request: ServerRequest): Answer;
  /** What a request with this `Authorization` may pull; undefined where it has no valid token. */
  findGrant(authorization: string | undefined): Grant | undefined;
  /** Whose valid token it is; undefined for nobody's. */
  findUser(authorization: string | undefined): string | undefined;
}

interface IssuedToken {
  readonly user: string | undefined;
  readonly repositories: readonly string[];
  readonly expiresAtMs: number;
}

/** Who asks for a token: an account, or nobody, who may have one for what anyone may pull. */
interface Asker {
  readonly user: string | undefined;
  readonly grant: Grant;
}

export function createTokenServer(options: Accounts & TokenServerOptions): TokenServer {
  const ttlSeconds = options.tokenTtlSeconds ?? 300;
  const issued = new Map<string, IssuedToken>();
  const findIssued = (authorization: string | undefined): IssuedToken | undefined => {
    const token = issued.get(tokenIn(authorization) ?? '');
    return token === undefined || token.expiresAtMs <= Date.now() ? undefined : token;
  };
  const findRegistryAccount = (authorization: string | undefined): Account | undefined => {
    const token = tokenIn(authorization);
    if (token === undefined) return undefined;
    return options.accounts.find(({ registryToken }) => registryToken === token);
  };

  const issue = ({ user, grant }: Asker, scopes: readonly string[]): Answer => {
    const token = randomUUID();
    const repositories = scopes.flatMap(findPullScope).filter(grant);
    issued.set(token, { user, repositories, expiresAtMs: Date.now() + ttlSeconds * 1000 });
    return jsonAnswer(200, {
      token,
      access_token: token,
      expires_in: ttlSeconds,
      issued_at: new Date().toISOString(),
    });
  };
  return {
    answer(request) {
      const form = new URLSearchParams(request.body);
      const asker = request.method === 'POST' ? findByForm(options, form) : findByHeader(options, request);
      if (asker === undefined) return errorAnswer(401, 'UNAUTHORIZED', 'invalid username, password or token');
      const scopes = [...request.query.getAll('scope'), ...form.getAll('scope')];
      return issue(
        asker,
        scopes.flatMap((scope) => scope.split(' ')),
      );
    },

    findGrant(authorization) {
      const account = findRegistryAccount(authorization);
      if (account !== undefined) return grantOfAccount(account);
      const token = findIssued(authorization);
      return token && ((repository) => token.repositories.includes(repository));
    },

    findUser: (authorization) =>
      findRegistryAccount(authorization)?.username ?? findIssued(authorization)?.user,
  };
}

function tokenIn(authorization: string | undefined): string | undefined {
  return /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
}

/** @see RFC 6749, "Refreshing an Access Token" */
function findByForm(accounts: Accounts, form: URLSearchParams): Asker | undefined {
  return askerOf(accounts.accounts.find((account) => fits(account, form)));
}

function fits({ username, password, identityToken }: Account, form: URLSearchParams): boolean {
  switch (form.get('grant_type')) {
    case 'refresh_token':
      return identityToken !== undefined && form.get('refresh_token') === identityToken;
    case 'password':
      return form.get('username') === username && form.get('password') === password;
    default:
      return false;
  }
}

function findByHeader(accounts: Accounts, request: ServerRequest): Asker | undefined {
  const authorization = header(request, 'authorization');
  if (authorization === undefined) return { user: undefined, grant: anonymousGrant(accounts) };
  return askerOf(findByPassword(accounts, authorization));
}

function askerOf(account: Account | undefined): Asker | undefined {
  return account && { user: account.username, grant: grantOfAccount(account) };
}

function findPullScope(scope: string): string[] {
  const repository = /^repository:([^:]+):[^:]*\bpull\b/.exec(scope)?.[1];
  return repository === undefined ? [] : [repository];
}
