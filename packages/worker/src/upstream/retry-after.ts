const MAX_SECONDS = 24 * 60 * 60;

/**
 * Whole seconds until a peer wants to be asked again, at most a day; undefined where the header says nothing usable.
 *
 * @see RFC 9110, "Retry-After": seconds or a date
 */
export function findRetryAfterSeconds(
  header: string | readonly string[] | undefined,
  nowMs: number,
): number | undefined {
  if (typeof header !== 'string') return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - nowMs) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 0), MAX_SECONDS) : undefined;
}
