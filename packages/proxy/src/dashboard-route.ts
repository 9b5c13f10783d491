import type { ProxySettings } from '@registry-cache/config';
import { RegistryError } from '@registry-cache/oci';
import { randomUUID } from 'node:crypto';
import {
  request as askSocket,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Auth } from './auth/htpasswd-auth.ts';
import { ClientLeftError } from './exchange.ts';
import { peerAddress } from './peer-address.ts';
import { parseRequestTarget } from './request-target.ts';
import { originHeaders } from './worker-link/request-headers.ts';

export interface DashboardRoute {
  /** Of the admin process. */
  readonly settings: NonNullable<ProxySettings['dashboard']>;
  readonly auth: Auth;
}

const PATH = /^\/dashboard(?:[/?]|$)/;
const MAX_FORM_BYTES = 64 * 1024;
const ANSWER_TIMEOUT_MS = 30_000;

// What pages and forms depend on; credentials, hop-by-hop headers and whatever else a client sends have no way in.
const FORWARDED = [
  'accept',
  'content-type',
  'hx-request',
  'hx-target',
  'origin',
  'sec-fetch-site',
  'user-agent',
] as const;

/** Other services of this host may have cookies in the same browser: none of this process's business, nor of the other's. */
const OUR_COOKIE = /^registry-cache-[a-z]+=/;

const ANSWERED: ReadonlySet<string> = new Set([
  'allow',
  'cache-control',
  'content-length',
  'content-security-policy',
  'content-type',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'location',
  'referrer-policy',
  'set-cookie',
  'x-frame-options',
]);

export function isDashboardTarget(target: string): boolean {
  return PATH.test(target);
}

/**
 * Has the admin process answer, in the name of a user who has logged in. It is the one place where a client may send a body: a form whose
 * length is known, which is read to its end before anything is asked, so that nothing of it can be taken for a request.
 *
 * @throws {RegistryError} what `authenticate` and `parseRequestTarget` throw, and for anything that is neither a page nor a form
 */
export async function answerByDashboard(
  request: IncomingMessage,
  response: ServerResponse,
  { settings, auth }: DashboardRoute,
): Promise<void> {
  const isForm = request.method === 'POST';
  // Until its body is read: what is not read could be taken for the next request.
  if (isForm || hasBody(request)) response.setHeader('connection', 'close');
  refuseUnlessPageOrForm(request);
  const { path, query } = parseRequestTarget(request.url ?? '');
  const user = await auth.authenticate(request.headers.authorization, peerAddress(request.socket));
  const body = isForm ? await readForm(request) : undefined;
  response.removeHeader('connection');
  response.removeHeader('docker-distribution-api-version');
  const answer = await ask(response, {
    socketPath: settings.socketPath,
    method: request.method ?? '',
    path: query === '' ? path : `${path}?${query}`,
    headers: headersFor(request, user, settings.admins.includes(user)),
    body,
  });
  // Pages are small, and one that breaks off is not sent.
  const page = await buffer(answer).catch((cause: Error) => {
    throw unanswered(cause);
  });
  response.writeHead(answer.statusCode ?? 502, answerHeaders(answer));
  // Node leaves the body out of the answer to a HEAD.
  response.end(page);
}

function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers;
  return length !== '0' || encoding !== undefined;
}

function refuseUnlessPageOrForm(request: IncomingMessage): void {
  const { method = '', headers } = request;
  if (method === 'GET' || method === 'HEAD') {
    if (hasBody(request)) throw new RegistryError('NAME_INVALID', 'invalid request: expected no body');
    return;
  }
  if (method !== 'POST') {
    throw new RegistryError('UNSUPPORTED', `${method} is not supported: expected GET, HEAD or POST`);
  }
  const { 'content-length': length, 'content-type': type, 'transfer-encoding': encoding, expect } = headers;
  const isForm = type?.split(';', 1)[0]?.trim().toLowerCase() === 'application/x-www-form-urlencoded';
  const hasLength = length !== undefined && encoding === undefined && expect === undefined;
  if (!isForm || !hasLength || Number(length) > MAX_FORM_BYTES) {
    throw new RegistryError(
      'NAME_INVALID',
      `invalid request: expected a form of at most ${MAX_FORM_BYTES} bytes`,
    );
  }
}

/** Node ends it after `content-length` bytes, and within the listener's time for a request. */
function readForm(request: IncomingMessage): Promise<Buffer> {
  return buffer(request).catch((cause: unknown) => {
    throw new ClientLeftError({ cause });
  });
}

function headersFor(request: IncomingMessage, user: string, isAdmin: boolean): Record<string, string> {
  const headers = originHeaders(request, {
    requestId: randomUUID(),
    address: peerAddress(request.socket),
    protocol: 'encrypted' in request.socket ? 'https' : 'http',
    user,
  });
  if (isAdmin) headers['x-registry-cache-admin'] = '1';
  for (const name of FORWARDED) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const cookies = (request.headers.cookie ?? '').split(/;\s*/).filter((cookie) => OUR_COOKIE.test(cookie));
  if (cookies.length > 0) headers['cookie'] = cookies.join('; ');
  return headers;
}

interface Question {
  readonly socketPath: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** Resolves with the head of the answer. */
function ask(response: ServerResponse, { body, headers, ...target }: Question): Promise<IncomingMessage> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  const length = body === undefined ? {} : { 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const question = askSocket({
      ...target,
      headers: { ...headers, ...length },
      agent: false,
      signal: left.signal,
      timeout: ANSWER_TIMEOUT_MS,
    });
    question.on('response', resolve);
    question.on('timeout', () => question.destroy(new Error('the admin process does not answer')));
    question.on('error', (cause) =>
      reject(left.signal.aborted ? new ClientLeftError({ cause }) : unanswered(cause)),
    );
    question.end(body);
  });
}

function unanswered(cause: Error): RegistryError {
  return new RegistryError('UNAVAILABLE', 'the dashboard does not answer at the moment: try again', {
    cause,
    retryAfterSeconds: 5,
  });
}

function answerHeaders({ headers }: IncomingMessage): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => ANSWERED.has(name)));
}
