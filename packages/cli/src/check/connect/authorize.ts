import type { Credential } from '@registry-cache/config';
import { basicAuthorization, type RegistryChallenge } from '@registry-cache/oci';
import type { HttpAnswer, Send } from '../../network/http-client.ts';
import { findErrorMessage } from '../../network/error-document.ts';
import { describeUrl } from '../../network/describe-url.ts';
import { judgeRealm, type RealmOptions } from './token-realm.ts';

/** How a request is authorized, or why it cannot be. */
export type Authorized =
  | { readonly kind: 'header'; readonly authorization: string | undefined }
  /** The credential itself was refused. */
  | { readonly kind: 'refused'; readonly message: string }
  /** It was not asked, or gave no usable answer. */
  | { readonly kind: 'failed'; readonly message: string; readonly advice?: string };

export interface AuthorizeOptions extends Omit<RealmOptions, 'isSecret'> {
  readonly send: Send;
  readonly credential: Credential;
  /** `repository:org/image:pull`; undefined to log in only. */
  readonly scope: string | undefined;
}

/** Answers a challenge the way pulls do. Asks the token endpoint where there is one. */
export async function authorize(
  challenge: RegistryChallenge,
  options: AuthorizeOptions,
): Promise<Authorized> {
  const credential = withoutTokenUser(options.credential);
  if (credential.kind === 'registry-token') return header(`Bearer ${credential.token}`);
  if (challenge.kind === 'bearer') return fetchToken(challenge, credential, options);
  if (credential.kind === 'basic') return header(basicAuthorization(credential));
  return credential.kind === 'anonymous'
    ? header(undefined)
    : { kind: 'refused', message: 'it asks for user and password, and an identity token is neither' };
}

/** Everything of a credential that must not be shown, however a peer may quote it. */
export function secretsOf(credential: Credential): string[] {
  switch (credential.kind) {
    case 'basic':
      return [basicAuthorization(credential).slice('Basic '.length), credential.password];
    case 'identity-token':
    case 'registry-token':
      return [encodeURIComponent(credential.token), credential.token];
    case 'anonymous':
      return [];
  }
}

async function fetchToken(
  { realm, service }: RegistryChallenge & { kind: 'bearer' },
  credential: Credential,
  options: AuthorizeOptions,
): Promise<Authorized> {
  const judged = await judgeRealm(realm, { ...options, isSecret: credential.kind !== 'anonymous' });
  if (judged.kind === 'refused') return { ...judged, kind: 'failed' };
  const { url } = judged;
  const answer = await askForToken(url, service, credential, options);
  const said = findErrorMessage(answer, secretsOf(credential));
  const message = `its token endpoint ${describeUrl(url)} answered ${answer.status}${said === undefined ? '' : `: ${said}`}`;
  // OAuth2 says 400 for an identity token that is no longer good.
  const isRefused =
    [401, 403].includes(answer.status) || (answer.status === 400 && credential.kind === 'identity-token');
  if (isRefused) return { kind: 'refused', message };
  if (answer.status !== 200) return { kind: 'failed', message };
  const token = findToken(answer.body);
  return token === undefined
    ? { kind: 'failed', message: `its token endpoint ${describeUrl(url)} answered without a token` }
    : header(`Bearer ${token}`);
}

function askForToken(
  realm: URL,
  service: string | undefined,
  credential: Credential,
  { send, scope }: AuthorizeOptions,
): Promise<HttpAnswer> {
  const parameters = {
    ...(service === undefined ? {} : { service }),
    ...(scope === undefined ? {} : { scope }),
  };
  const url = new URL(realm);
  url.hash = '';
  if (credential.kind === 'identity-token') {
    return send({
      method: 'POST',
      url,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: 'registry-cache',
        refresh_token: credential.token,
        ...parameters,
      }).toString(),
    });
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const authorization = credential.kind === 'basic' ? { authorization: basicAuthorization(credential) } : {};
  return send({ method: 'GET', url, headers: { accept: 'application/json', ...authorization } });
}

function findToken(body: string): string | undefined {
  try {
    const { token, access_token: accessToken } = JSON.parse(body) as Record<string, unknown>;
    const found = [token, accessToken].find(
      (text) => typeof text === 'string' && /^[\x21-\x7e]+$/.test(text),
    );
    return typeof found === 'string' ? found : undefined;
  } catch {
    // No cause: a parser's message quotes what it could not read, which may be most of a token.
    return undefined;
  }
}

// Docker's convention: a password whose user is `<token>` is an identity token.
function withoutTokenUser(credential: Credential): Credential {
  if (credential.kind !== 'basic' || credential.username !== '<token>') return credential;
  return { kind: 'identity-token', token: credential.password };
}

function header(authorization: string | undefined): Authorized {
  return { kind: 'header', authorization };
}
