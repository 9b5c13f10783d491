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
}

export function createTokenServer(options: Accounts & TokenServerOptions): TokenServer {
  const ttlSeconds = options.tokenTtlSeconds ?? 300;
  const issued = new Map<
    string,
    { readonly repositories: readonly string[]; readonly expiresAtMs: number }
  >();

  const issue = (grant: Grant, scopes: readonly string[]): Answer => {
    const token = randomUUID();
    const repositories = scopes.flatMap(findPullScope).filter(grant);
    issued.set(token, { repositories, expiresAtMs: Date.now() + ttlSeconds * 1000 });
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
      const grant = request.method === 'POST' ? grantOfForm(options, form) : grantOfRequest(options, request);
      if (grant === undefined) return errorAnswer(401, 'UNAUTHORIZED', 'invalid username, password or token');
      const scopes = [...request.query.getAll('scope'), ...form.getAll('scope')];
      return issue(
        grant,
        scopes.flatMap((scope) => scope.split(' ')),
      );
    },

    findGrant(authorization) {
      const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
      const account = options.accounts.find(({ registryToken }) => registryToken === token);
      if (token !== undefined && account !== undefined) return grantOfAccount(account);
      const found = issued.get(token ?? '');
      if (found === undefined || found.expiresAtMs <= Date.now()) return undefined;
      return (repository) => found.repositories.includes(repository);
    },
  };
}

/** @see RFC 6749, "Refreshing an Access Token" */
function grantOfForm(accounts: Accounts, form: URLSearchParams): Grant | undefined {
  return grantOf(accounts.accounts.find((account) => fits(account, form)));
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

function grantOfRequest(accounts: Accounts, request: ServerRequest): Grant | undefined {
  const authorization = header(request, 'authorization');
  if (authorization === undefined) return anonymousGrant(accounts);
  return grantOf(findByPassword(accounts, authorization));
}

function grantOf(account: Account | undefined): Grant | undefined {
  return account === undefined ? undefined : grantOfAccount(account);
}

function findPullScope(scope: string): string[] {
  const repository = /^repository:([^:]+):[^:]*\bpull\b/.exec(scope)?.[1];
  return repository === undefined ? [] : [repository];
}
