const MAX_QUOTED_CHARACTERS = 200;

/** Text that a peer sent, fit for one line of a log or a terminal: capped, without control characters and without `secrets`. */
export function quoteText(text: string, secrets: readonly string[] = []): string {
  return JSON.stringify(cleanText(text, secrets));
}

/** The same without quotation marks, for names that stand for themselves. */
export function cleanText(text: string, secrets: readonly string[] = []): string {
  const kept = secrets
    .filter((secret) => secret !== '')
    .reduce((scrubbed, secret) => scrubbed.replaceAll(secret, '***'), text)
    // Line and paragraph separators and directional marks rearrange a terminal's line as control characters do.
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return kept.length > MAX_QUOTED_CHARACTERS ? `${kept.slice(0, MAX_QUOTED_CHARACTERS)}…` : kept;
}
