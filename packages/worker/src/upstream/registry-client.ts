import type { UpstreamSettings } from '@registry-cache/config';
import { quoteText, type RepositoryName } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import { discard } from './answer-body.ts';
import type { Asker } from './asker.ts';
import type { Authorization, SentAuthorization } from './authorization.ts';
import { describeUrl } from './describe-url.ts';
import type { HttpClient } from './http-client.ts';
import { sendFollowingRedirects, type RedirectedAnswer } from './redirect.ts';
import { findRepositoryCredential } from './repository-credential.ts';
import { statusError } from './status-error.ts';
import { UpstreamError } from './upstream-error.ts';

/** Authenticated requests about the repositories of one upstream. */
export interface RegistryClient {
  /** Sends a request, authenticating and following redirects as needed. Any status may come back but an answerable 401. */
  ask(request: RegistryClientRequest): Promise<RegistryAnswer>;
}

export interface RegistryClientRequest {
  readonly method: 'GET' | 'HEAD';
  /** Undefined for a question about the registry itself. */
  readonly name: RepositoryName | undefined;
  /** What comes after `/v2/<name>/`, without a query. */
  readonly path: string;
  readonly query?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface RegistryAnswer extends RedirectedAnswer {
  /** The error that an unexpected status stands for. Reads the body or lets go of it. */
  statusError(): Promise<UpstreamError>;
}

export interface RegistryClientOptions {
  readonly upstream: UpstreamSettings;
  readonly http: HttpClient;
  readonly authorization: Authorization;
  /** Whose credential `authorization` has; the cache's own unless told. */
  readonly asker?: Asker | undefined;
  readonly log: Logger;
  readonly now: () => number;
}

export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { http, authorization, asker, log, now } = options;

  const send = async (
    request: RegistryClientRequest,
    sent: SentAuthorization | undefined,
  ): Promise<RegistryAnswer> => {
    const { method, name, signal } = request;
    const startedAtMs = now();
    const answer = await sendFollowingRedirects(http, {
      method,
      url: urlOf(request, options),
      headers: {
        ...request.headers,
        ...(asker === undefined ? {} : { via: asker.via }),
        ...(request.accept === undefined ? {} : { accept: request.accept }),
        ...(sent === undefined ? {} : { authorization: sent.header }),
      },
      signal,
    });
    const { status, url } = answer;
    log.debug(
      {
        method,
        url: describeUrl(url),
        status,
        durationMs: now() - startedAtMs,
        // Docker Hub says how many pulls are left.
        rateLimitRemaining: answer.headers['ratelimit-remaining'],
      },
      'upstream answered',
    );
    return {
      ...answer,
      statusError: () =>
        statusError(answer, {
          nowMs: now(),
          deniedAdvice: deniedAdvice(options, name, answer),
          isSigned: asker?.blobQuery !== undefined,
          secrets: secretsIn(sent),
        }),
    };
  };

  return {
    async ask(request) {
      const { name, signal } = request;
      const sent = await authorization.first(name, signal);
      const answer = await send(request, sent);
      // A 401 of another origin is no challenge of this registry, and gets no credential of it.
      if (answer.status !== 401 || answer.foreign) return withoutEncoding(answer);
      const challenges = answer.headers['www-authenticate'];
      const next = await authorization.afterChallenge({ name, challenges, sent }, signal);
      if (next === undefined) return answer;
      discard(answer.body);
      return withoutEncoding(await send(request, next));
    },
  };
}

function urlOf(
  { name, path, query }: RegistryClientRequest,
  { upstream, asker }: RegistryClientOptions,
): URL {
  const url = new URL(name === undefined ? '/v2/' : `/v2/${name}/${path}`, upstream.url);
  const signed = path.startsWith('blobs/') ? asker?.blobQuery : undefined;
  url.search = query ?? signed ?? '';
  return url;
}

function secretsIn(sent: SentAuthorization | undefined): string[] {
  const [, scheme = '', value = ''] = /^(\w+) (.*)$/.exec(sent?.header ?? '') ?? [];
  if (scheme !== 'Basic') return [value];
  const login = Buffer.from(value, 'base64').toString('utf8');
  return [value, login.slice(login.indexOf(':') + 1)];
}

function withoutEncoding(answer: RegistryAnswer): RegistryAnswer {
  const encoding = answer.headers['content-encoding'] ?? '';
  if ((answer.status !== 200 && answer.status !== 206) || encoding === '' || encoding === 'identity')
    return answer;
  answer.body.destroy();
  throw new UpstreamError(
    'invalid',
    `${describeUrl(answer.url)} answered with content-encoding ${quoteText(String(encoding))}: expected identity, as it was asked`,
  );
}

function deniedAdvice(
  { upstream, asker }: RegistryClientOptions,
  name: RepositoryName | undefined,
  { foreign }: RedirectedAnswer,
): string {
  if (asker !== undefined) {
    if (name !== undefined) return `${upstream.name} does not let this client pull it`;
    return asker.credential.kind === 'anonymous'
      ? 'the client is anonymous'
      : "it refuses the client's credentials";
  }
  if (foreign) return `${upstream.name} redirected there, and no credential went along`;
  return findRepositoryCredential(upstream.credentials, name) === undefined
    ? `the pull secret has no credentials of ${upstream.name} for ${name ?? 'all of it'}`
    : `the credentials of ${upstream.name} for ${name ?? 'all of it'} in the pull secret are refused, or may not pull it`;
}
