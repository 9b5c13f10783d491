import { parseRegistryPath } from '@registry-cache/oci';
import { anonymousGrant, findByPassword, grantOfAccount, type Accounts, type Grant } from './accounts.ts';
import { errorAnswer, header, type Answer, type ServerRequest } from './answer.ts';
import { createTokenServer, type TokenServerOptions } from './token-server.ts';

/** How an upstream recognises its clients. */
export type UpstreamAuthentication =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'basic' } & Accounts)
  /** A challenge sends clients to a token server on the registry's own origin. */
  | ({ readonly kind: 'bearer' } & Accounts & TokenServerOptions);

export interface Authenticator {
  /** The answer to a request that ends here: a refusal, or a token. Undefined lets it through. */
  answer(request: ServerRequest, origin: string): Answer | undefined;
  /** Whose valid password or token the request carries; undefined for nobody's. */
  findUser(request: ServerRequest): string | undefined;
}

export function createAuthenticator(authentication: UpstreamAuthentication): Authenticator {
  switch (authentication.kind) {
    case 'none':
      return { answer: () => undefined, findUser: () => undefined };
    case 'basic':
      return basicAuthenticator(authentication);
    case 'bearer':
      return bearerAuthenticator(authentication);
  }
}

function basicAuthenticator(accounts: Accounts): Authenticator {
  return {
    answer(request) {
      const account = findByPassword(accounts, header(request, 'authorization'));
      const grant = account === undefined ? anonymousGrant(accounts) : grantOfAccount(account);
      if (allows(grant, request, account !== undefined)) return undefined;
      if (account !== undefined)
        return errorAnswer(403, 'DENIED', 'requested access to the resource is denied');
      return unauthorized('Basic realm="upstream"');
    },
    findUser: (request) => findByPassword(accounts, header(request, 'authorization'))?.username,
  };
}

function bearerAuthenticator(options: Accounts & TokenServerOptions): Authenticator {
  const tokens = createTokenServer(options);
  return {
    answer(request, origin) {
      if (request.path === '/token') return tokens.answer(request);
      const grant = tokens.findGrant(header(request, 'authorization'));
      if (grant !== undefined && allows(grant, request, true)) return undefined;
      const challenge = `Bearer realm="${origin}/token",service="upstream"`;
      const repository = findRepository(request);
      if (repository === undefined) return unauthorized(challenge);
      const scope = `,scope="repository:${repository}:pull"`;
      return unauthorized(`${challenge}${scope}${grant === undefined ? '' : ',error="insufficient_scope"'}`);
    },
    findUser: (request) => tokens.findUser(header(request, 'authorization')),
  };
}

/** `/v2/` itself is for whoever was recognised. */
function allows(grant: Grant, request: ServerRequest, recognised: boolean): boolean {
  const repository = findRepository(request);
  return repository === undefined ? recognised : grant(repository);
}

function findRepository({ path }: ServerRequest): string | undefined {
  const endpoint = parseRegistryPath(path);
  return endpoint.kind === 'base' ? undefined : endpoint.name;
}

function unauthorized(challenge: string): Answer {
  return errorAnswer(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge });
}
