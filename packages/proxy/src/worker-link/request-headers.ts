import type { IncomingMessage } from 'node:http';

/** What a worker is told of a request besides its target. */
export interface RequestOrigin {
  readonly requestId: string;
  /** The client's address without its port. */
  readonly address: string;
  readonly protocol: 'http' | 'https';
  /** Set where clients log in. */
  readonly user?: string;
  /** The client's own login, for an upstream that says itself who may pull; a worker of any other never sees one. */
  readonly authorization?: string;
  /** The caches that the request has passed, for the same upstreams. */
  readonly via?: string;
}

// All that a pull depends on. What is not named here has no way in: hop-by-hop headers, credentials, and a client's own
// copies of the headers that only this proxy may send.
const FORWARDED = [
  'accept',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'user-agent',
] as const;

/** The headers of a client's request as its worker gets them. */
export function workerRequestHeaders(
  request: IncomingMessage,
  origin: RequestOrigin,
): Record<string, string> {
  const headers = originHeaders(request, origin);
  for (const name of FORWARDED) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

/** Who asks, for a question that is this proxy's own. */
export function originHeaders(
  request: IncomingMessage,
  { requestId, address, protocol, user, authorization, via }: RequestOrigin,
): Record<string, string> {
  return {
    'x-request-id': requestId,
    'x-forwarded-for': address,
    'x-forwarded-proto': protocol,
    'x-forwarded-host': request.headers.host ?? '',
    ...(user === undefined ? {} : { 'x-registry-cache-user': headerText(user) }),
    ...(authorization === undefined ? {} : { authorization }),
    ...(via === undefined ? {} : { via }),
  };
}

/** Percent-encodes what a header cannot carry, and the percent sign itself. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]+/gu, (part) => encodeURIComponent(part));
}
