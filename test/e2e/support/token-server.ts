import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/** A registry's token endpoint, as distribution's "Token Authentication Specification" has it. */
export interface TokenServer {
  readonly realm: string;
  readonly issuer: string;
  /** The JSON Web Key Set by which a registry checks the tokens. */
  readonly keySet: unknown;
  /** Each `Authorization` that was none of an account. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

export interface TokenServerOptions {
  readonly host: string;
  readonly accounts: readonly Account[];
  /** Plain HTTP unless given. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string };
}

export interface Account {
  readonly username: string;
  readonly password: string;
  /** What it may pull; everything, and push it too, where it is left out. */
  readonly mayPull?: readonly string[];
}

const ISSUER = 'e2e-token-server';
const KEY_ID = 'e2e';

/** Grants each account what it may have of what it asks for, and nothing to anybody else. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const refused: string[] = [];

  const onRequest: RequestListener = (request, response) => {
    const account = options.accounts.find((each) => basicOf(each) === request.headers.authorization);
    if (account === undefined) {
      if (request.headers.authorization !== undefined) refused.push(request.headers.authorization);
      response.writeHead(401).end();
      return;
    }
    const query = new URL(request.url ?? '/', 'http://token-server').searchParams;
    const access = query
      .getAll('scope')
      .flatMap((scope) => scope.split(' '))
      .map(parseScope)
      .filter(({ name }) => account.mayPull?.includes(name) ?? true);
    const token = signToken(privateKey, query.get('service') ?? '', access);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ token, expires_in: LIFETIME_SECONDS }));
  };
  const { tls } = options;
  const server =
    tls === undefined
      ? createServer(onRequest)
      : createTlsServer(
          { cert: await readFile(tls.certificateFile), key: await readFile(tls.keyFile) },
          onRequest,
        );
  server.listen(0, options.host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');

  return {
    realm: `${tls === undefined ? 'http' : 'https'}://${options.host}:${String(address.port)}/token`,
    issuer: ISSUER,
    refused,
    keySet: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'ES256', use: 'sig' }] },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function basicOf({ username, password }: Account): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

const LIFETIME_SECONDS = 300;

function signToken(privateKey: KeyObject, service: string, access: readonly Access[]): string {
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: 'JWT', alg: 'ES256', kid: KEY_ID };
  const claims = {
    iss: ISSUER,
    sub: 'e2e',
    aud: service,
    iat: now,
    nbf: now - 10,
    exp: now + LIFETIME_SECONDS,
    jti: randomUUID(),
    access,
  };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

function parseScope(scope: string): Access {
  const [type = '', name = '', actions = ''] = scope.split(':');
  return { type, name, actions: actions.split(',') };
}
