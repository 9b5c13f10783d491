import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** A registry's token endpoint, as distribution's "Token Authentication Specification" has it. */
export interface TokenServer {
  readonly realm: string;
  readonly issuer: string;
  /** The JSON Web Key Set by which a registry checks the tokens. */
  readonly keySet: unknown;
  close(): Promise<void>;
}

export interface TokenServerOptions {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

const ISSUER = 'e2e-token-server';
const KEY_ID = 'e2e';

/** Grants whatever its one user asks for, and nothing to anybody else. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const expected = `Basic ${Buffer.from(`${options.username}:${options.password}`).toString('base64')}`;

  const server = createServer((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401).end();
      return;
    }
    const query = new URL(request.url ?? '/', 'http://token-server').searchParams;
    const token = signToken(privateKey, query.get('service') ?? '', query.getAll('scope'));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ token, expires_in: LIFETIME_SECONDS }));
  });
  server.listen(0, options.host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');

  return {
    realm: `http://${options.host}:${String(address.port)}/token`,
    issuer: ISSUER,
    keySet: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'ES256', use: 'sig' }] },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const LIFETIME_SECONDS = 300;

function signToken(privateKey: KeyObject, service: string, scopes: readonly string[]): string {
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
    access: scopes.flatMap((scope) => scope.split(' ')).map(parseScope),
  };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

function parseScope(scope: string): { type: string; name: string; actions: string[] } {
  const [type = '', name = '', actions = ''] = scope.split(':');
  return { type, name, actions: actions.split(',') };
}
