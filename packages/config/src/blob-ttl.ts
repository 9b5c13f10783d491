import { InvalidValueError, quote } from './config-error.ts';
import { MAX_DURATION_MS, parseDuration } from './duration.ts';
import type { ExpirySettings } from './settings.ts';
import { text } from './value-parsers.ts';

export const EXPIRY_STARTS: readonly ExpirySettings['from'][] = ['fetched', 'pulled'];

/**
 * How long blobs are kept. It is compared with ages and never waited for, so it may be longer than a timer.
 *
 * @throws {InvalidValueError}
 */
export function parseBlobTtl(input: unknown): number {
  const ms = parseDuration(typeof input === 'number' ? String(input) : text(input), MAX_DURATION_MS);
  if (ms === 0) {
    throw new InvalidValueError(`expected more than nothing, got ${quote(input)}: without it blobs are kept`);
  }
  return ms;
}
