/** A URL as it may be shown to anyone: without userinfo, query and fragment, where signed URLs carry their secret. */
export function describeUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
