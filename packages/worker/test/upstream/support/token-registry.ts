import {
  sendJson,
  startLoopbackServer,
  type LoopbackServer,
  type ReceivedRequest,
} from './loopback-server.ts';

export interface TokenRegistry extends LoopbackServer {
  /** From now on only tokens that are issued later count. */
  revokeTokens(): void;
}

export interface TokenRegistryOptions {
  /** Besides the token itself. */
  readonly tokenFields?: Record<string, unknown>;
  readonly tokenField?: 'token' | 'access_token';
  /** Where the challenge points to; its own `/token` unless told. */
  readonly realm?: (origin: string) => string;
  /** Whether a token request gets one. */
  readonly accepts?: (request: ReceivedRequest) => boolean;
  /** Runs before a token is sent. */
  readonly beforeToken?: () => Promise<void>;
}

/** A registry of empty manifests that asks for a bearer token of its own endpoint, for each repository. */
export async function startTokenRegistry(options: TokenRegistryOptions = {}): Promise<TokenRegistry> {
  const { tokenField = 'token', realm = (origin) => `${origin}/token`, accepts = () => true } = options;
  let issued = 0;
  const scopes = new Map<string, string>();

  const issue = async (request: ReceivedRequest): Promise<Record<string, unknown>> => {
    await options.beforeToken?.();
    const token = `issued-${++issued}`;
    const scope = request.query.get('scope') ?? new URLSearchParams(request.body).get('scope') ?? '';
    scopes.set(`Bearer ${token}`, scope);
    return { [tokenField]: token, ...options.tokenFields };
  };

  const server = await startLoopbackServer((response, request) => {
    if (request.path === '/token') {
      if (accepts(request)) void issue(request).then((token) => sendJson(response, token));
      else response.writeHead(401).end('no');
      return;
    }
    const name = /^\/v2\/(.+)\/manifests\//.exec(request.path)?.[1] ?? '';
    if (scopes.get(request.headers.authorization ?? '') === `repository:${name}:pull`) {
      sendJson(response, {});
      return;
    }
    const challenge = `Bearer realm="${realm(server.origin)}",service="registry",scope="repository:${name}:pull"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end();
  });
  return { ...server, revokeTokens: () => scopes.clear() };
}
