import { UpstreamError } from './upstream-error.ts';

export interface Token {
  readonly value: string;
  /** When it is no longer used: somewhat before the registry would refuse it. */
  readonly expiresAtMs: number;
}

export interface TokenAnswerContext {
  /** What the bytes are, for messages. */
  readonly subject: string;
  readonly askedAtMs: number;
  /** The answer's `Date`. */
  readonly date: string | readonly string[] | undefined;
}

const DEFAULT_LIFETIME_SECONDS = 60;
const MAX_LIFETIME_SECONDS = 24 * 60 * 60;
const MAX_MARGIN_MS = 10_000;

/**
 * Reads `token` or `access_token`, `expires_in` and `issued_at`.
 *
 * @throws {UpstreamError} `invalid` when there is no token that can be sent in a header.
 */
export function parseToken(bytes: Uint8Array, { subject, askedAtMs, date }: TokenAnswerContext): Token {
  const fields = parseFields(bytes, subject);
  const value = [fields['token'], fields['access_token']].find(
    (text) => typeof text === 'string' && text !== '',
  );
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw new UpstreamError('invalid', `${subject} has neither token nor access_token`);
  }
  const lifetimeMs = lifetimeSeconds(fields['expires_in']) * 1000;
  // A token may expire on its way to the registry, or while a redirect is followed.
  const marginMs = Math.min(MAX_MARGIN_MS, lifetimeMs / 10);
  return { value, expiresAtMs: askedAtMs + lifetimeMs - ageMs(fields['issued_at'], date) - marginMs };
}

function parseFields(bytes: Uint8Array, subject: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // No cause: a parser's message quotes what it could not read, which may be most of a token.
    throw new UpstreamError('invalid', `${subject} is not JSON`);
  }
  if (typeof document !== 'object' || document === null) {
    throw new UpstreamError('invalid', `${subject} is not a JSON object`);
  }
  return { ...document };
}

function lifetimeSeconds(expiresIn: unknown): number {
  if (typeof expiresIn !== 'number' || !(expiresIn > 0)) return DEFAULT_LIFETIME_SECONDS;
  return Math.min(expiresIn, MAX_LIFETIME_SECONDS);
}

// Both times are the endpoint's, so that a clock that is wrong here or there does not count.
function ageMs(issuedAt: unknown, date: string | readonly string[] | undefined): number {
  if (typeof issuedAt !== 'string' || typeof date !== 'string') return 0;
  const age = Date.parse(date) - Date.parse(issuedAt);
  return Number.isFinite(age) ? Math.max(age, 0) : 0;
}
