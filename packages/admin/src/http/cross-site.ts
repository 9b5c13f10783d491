import type { IncomingHttpHeaders } from 'node:http';

/**
 * Why a request that changes something is refused as one that a page of another site has had a browser send; undefined where it is
 * none. Browsers say by `Sec-Fetch-Site` who is behind a request, where the connection is to be trusted, and by `Origin` in any
 * case; neither can be set by a page. What sends neither is no browser, and nobody can have it ask in their name.
 *
 * @see Fetch Metadata Request Headers; RFC 6454
 */
export function findCrossSiteProblem(headers: IncomingHttpHeaders): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin') return undefined;
  if (site !== undefined && site !== 'none') return `a page of another site has sent this (${String(site)})`;
  const { origin } = headers;
  if (origin === undefined) return undefined;
  return originHost(origin) === requestedHost(headers)
    ? undefined
    : 'a page of another site has sent this: origin and host differ';
}

/** Host and port of an origin, undefined for `null` and whatever else is none. */
export function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** What the client has asked for; the proxy says so where it forwards. */
function requestedHost(headers: IncomingHttpHeaders): string | undefined {
  const forwarded = headers['x-forwarded-host'];
  const host = typeof forwarded === 'string' ? forwarded : headers.host;
  // An origin leaves out the port of its scheme.
  return host?.toLowerCase().replace(/:(?:80|443)$/, '');
}
