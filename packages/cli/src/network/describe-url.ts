import { cleanText } from '@registry-cache/oci';

/** A URL as it may be shown to anyone: without userinfo, query and fragment. */
export function describeUrl(url: URL): string {
  return cleanText(`${url.origin}${url.pathname === '/' ? '' : url.pathname}`);
}
