import type { IncomingMessage } from 'node:http';

/** What a worker is told of a request besides its target. */
export interface RequestOrigin {
  readonly requestId: string;
  /** The client's address without its port. */
  readonly address: string;
  readonly protocol: 'http' | 'https';
  /** Set where clients log in. */
  readonly user?: string;
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
  const headers: Record<string, string> = {
    'x-request-id': origin.requestId,
    'x-forwarded-for': origin.address,
    'x-forwarded-proto': origin.protocol,
    'x-forwarded-host': request.headers.host ?? '',
    ...(origin.user === undefined ? {} : { 'x-registry-cache-user': headerText(origin.user) }),
  };
  for (const name of FORWARDED) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

/** Percent-encodes what a header cannot carry, and the percent sign itself. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]+/gu, (part) => encodeURIComponent(part));
}
