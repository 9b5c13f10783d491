const MAX_QUOTED_CHARACTERS = 200;

/** Text that a peer sent, fit for one line of a terminal: capped, without control characters and without `secrets`. */
export function quote(text: string, secrets: readonly string[] = []): string {
  return JSON.stringify(clean(text, secrets));
}

/** The same without quotation marks, for names that stand for themselves. */
export function clean(text: string, secrets: readonly string[] = []): string {
  const kept = secrets
    .filter((secret) => secret !== '')
    .reduce((scrubbed, secret) => scrubbed.replaceAll(secret, '***'), text)
    // Line and paragraph separators and directional marks rearrange a terminal's line as control characters do.
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return kept.length > MAX_QUOTED_CHARACTERS ? `${kept.slice(0, MAX_QUOTED_CHARACTERS)}…` : kept;
}

/** A URL as it may be shown to anyone: without userinfo, query and fragment. */
export function describeUrl(url: URL): string {
  return clean(`${url.origin}${url.pathname === '/' ? '' : url.pathname}`);
}
