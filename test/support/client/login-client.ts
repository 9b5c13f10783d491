import type { IncomingMessage } from 'node:http';
import {
  createRegistryClient,
  receive,
  type Received,
  type RegistryClient,
  type RegistryClientOptions,
} from './registry-client.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** What a registry says to a client without a credential. @see RFC 6750, "The WWW-Authenticate Response Header Field" */
export interface BearerChallenge {
  readonly realm: string;
  readonly service: string;
  readonly scope?: string;
}

/** A client that gets tokens as container engines do: where a challenge sends it, one for each repository. */
export interface LoginClient extends RegistryClient {
  /** What the token endpoint answers to this login. */
  requestToken(challenge: BearerChallenge): Promise<Received>;
}

/** @param login nobody's where left out: tokens are asked for all the same */
export function createLoginClient(options: Omit<RegistryClientOptions, 'auth'>, login?: Login): LoginClient {
  const client = createRegistryClient(options);
  const tokens = new Map<string, string>();

  const requestToken: LoginClient['requestToken'] = async ({ realm, service, scope }) => {
    // Nobody's password may go where the test does not expect it.
    if (new URL(realm).origin !== options.origin) throw new Error(`the realm is elsewhere: ${realm}`);
    const query = new URLSearchParams({ service, ...(scope === undefined ? {} : { scope }) });
    if (login !== undefined) query.set('account', login.user);
    const headers = login === undefined ? {} : { authorization: basicAuthorization(login) };
    return client.get(`${new URL(realm).pathname}?${query.toString()}`, { headers });
  };
  const authorizationFor = async (answer: IncomingMessage): Promise<string | undefined> => {
    const challenge = findBearerChallenge(answer.headers['www-authenticate']);
    if (challenge === undefined) return undefined;
    const issued = await requestToken(challenge);
    return issued.status === 200 ? `Bearer ${tokenOf(issued)}` : undefined;
  };

  const open: RegistryClient['open'] = async (method, path, requestOptions = {}) => {
    const repository = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(path)?.[1] ?? '';
    const withToken = (token: string | undefined): Promise<IncomingMessage> => {
      const authorization = token === undefined ? {} : { authorization: token };
      const headers = { ...authorization, ...requestOptions.headers };
      return client.open(method, path, { ...requestOptions, headers });
    };
    const first = await withToken(tokens.get(repository));
    if (first.statusCode !== 401) return first;
    const token = await authorizationFor(first);
    if (token === undefined) return first;
    tokens.set(repository, token);
    first.resume();
    return withToken(token);
  };
  return {
    open,
    requestToken,
    get: async (path, requestOptions) => receive(path, await open('GET', path, requestOptions)),
    head: async (path, requestOptions) => receive(path, await open('HEAD', path, requestOptions)),
    close: () => client.close(),
  };
}

/** @throws where this is answered without a challenge */
export async function getChallenge(client: RegistryClient, path: string): Promise<BearerChallenge> {
  const challenge = findBearerChallenge((await client.get(path)).headers['www-authenticate']);
  if (challenge === undefined) throw new Error(`${path} is answered without a challenge`);
  return challenge;
}

export function findBearerChallenge(header: string | undefined): BearerChallenge | undefined {
  if (header === undefined || !/^bearer /i.test(header)) return undefined;
  const parameters = new Map(
    [...header.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
  const [realm, service, scope] = ['realm', 'service', 'scope'].map((name) => parameters.get(name));
  if (realm === undefined || service === undefined) return undefined;
  return { realm, service, ...(scope === undefined ? {} : { scope }) };
}

/** @throws unless the answer is a token */
export function tokenOf({ status, bytes }: Received): string {
  const document: unknown = status === 200 ? JSON.parse(Buffer.from(bytes).toString()) : {};
  const token = typeof document === 'object' && document !== null && 'token' in document && document.token;
  if (typeof token !== 'string') throw new Error(`expected a token, got status ${status}`);
  return token;
}

export function basicAuthorization({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}
