import { basicAuthorization } from '@registry-cache/oci';
import { readBody } from './answer-body.ts';
import { withDeadline } from './deadline.ts';
import { describeUrl } from './describe-url.ts';
import type { HttpClient } from './http-client.ts';
import { sendFollowingRedirects, type RedirectedAnswer } from './redirect.ts';
import type { RepositoryCredential } from './repository-credential.ts';
import { statusError } from './status-error.ts';
import { parseToken, type Token } from './token-answer.ts';
import { UpstreamError } from './upstream-error.ts';

/** What a token is for, and who asks for it. */
export interface TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  /** Undefined for a token that only proves who asks. */
  readonly scope: string | undefined;
  /** Anonymous where undefined. The caller has checked that `realm` may see it. */
  readonly credential: RepositoryCredential | undefined;
}

export interface FetchTokenOptions {
  readonly client: HttpClient;
  readonly now: () => number;
  readonly timeoutMs: number;
  /** Whether the credential is that of a client rather than of the pull secret. */
  readonly isClient?: boolean;
}

const MAX_ANSWER_BYTES = 256 * 1024;

/**
 * Asks a token endpoint: by GET, with the password as Basic where there is one; an identity token by OAuth2's POST.
 *
 * @throws {UpstreamError}
 * @see https://distribution.github.io/distribution/spec/auth/token/ and https://distribution.github.io/distribution/spec/auth/oauth/
 */
export function fetchToken(request: TokenRequest, options: FetchTokenOptions): Promise<Token> {
  const { client, now, timeoutMs } = options;
  const endpoint = describeUrl(request.realm);
  const error = (): UpstreamError =>
    new UpstreamError('timeout', `${endpoint} gave no token within ${timeoutMs / 1000} s`);
  return withDeadline({ timeoutMs, error }, async (signal) => {
    const askedAtMs = now();
    const answer = await ask(client, request, signal);
    if (answer.status !== 200) throw await refusal(answer, request, options);
    const subject = `the token answer of ${endpoint}`;
    const bytes = await readBody(answer.body, { maxBytes: MAX_ANSWER_BYTES, subject });
    return parseToken(bytes, { subject, askedAtMs, date: answer.headers['date'] });
  });
}

async function ask(
  client: HttpClient,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<RedirectedAnswer> {
  const { service, scope, credential } = request;
  const parameters = {
    ...(service === undefined ? {} : { service }),
    ...(scope === undefined ? {} : { scope }),
  };
  const url = new URL(request.realm);
  url.hash = '';
  if (credential?.credential.kind === 'identity-token') {
    const { token } = credential.credential;
    // A redirect is not followed: the body is a credential.
    const answer = await client.send({
      method: 'POST',
      url,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: 'registry-cache',
        refresh_token: token,
        ...parameters,
      }).toString(),
      signal,
    });
    return { ...answer, url, foreign: false };
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const authorization =
    credential?.credential.kind === 'basic'
      ? { authorization: basicAuthorization(credential.credential) }
      : {};
  const headers = { accept: 'application/json', ...authorization };
  return sendFollowingRedirects(client, { method: 'GET', url, headers, signal });
}

async function refusal(
  answer: RedirectedAnswer,
  request: TokenRequest,
  { now, isClient = false }: FetchTokenOptions,
): Promise<UpstreamError> {
  const { credential } = request;
  const error = await statusError(answer, {
    nowMs: now(),
    deniedAdvice: deniedAdvice(request, isClient),
    secrets: secretsOf(credential),
  });
  // OAuth2 says 400 `invalid_grant` for an identity token that is no longer good.
  return answer.status === 400 && credential?.credential.kind === 'identity-token'
    ? new UpstreamError('denied', `${error.message}: the identity token may have been revoked`, {
        status: 400,
      })
    : error;
}

function deniedAdvice({ credential, scope }: TokenRequest, isClient: boolean): string {
  if (isClient)
    return credential === undefined ? 'the client is anonymous' : "it refuses the client's credentials";
  if (credential !== undefined) return 'check the credentials in the pull secret';
  const subject = scope ?? 'a login';
  return `it gives no anonymous token for ${subject}: the repository may need credentials in the pull secret`;
}

function secretsOf(credential: RepositoryCredential | undefined): string[] {
  switch (credential?.credential.kind) {
    case undefined:
      return [];
    case 'basic': {
      const { password } = credential.credential;
      return [password, basicAuthorization(credential.credential).slice('Basic '.length)];
    }
    case 'identity-token':
    case 'registry-token':
      return [credential.credential.token];
  }
}
