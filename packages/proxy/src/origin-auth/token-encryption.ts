import { decodeProtectedHeader } from 'jose/decode/protected_header';
import { JOSEError, JWTClaimValidationFailed, JWTExpired } from 'jose/errors';
import { jwtDecrypt, type JWTDecryptOptions } from 'jose/jwt/decrypt';
import { EncryptJWT } from 'jose/jwt/encrypt';

/** Nothing but what was encrypted, with the times of the token. */
export type TokenPayload = Readonly<Record<string, unknown>> & { readonly exp?: number };

export interface TokenTimes {
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
}

// What tells our tokens, also those that we cannot read any more, from those of others: they go no further than here.
const ISSUER = 'registry-cache/pull-token/1';
const TYPE = 'registry-cache-token';
const HEADER = { alg: 'dir', enc: 'A256GCM', typ: TYPE };
const CHECKS: JWTDecryptOptions = {
  issuer: ISSUER,
  audience: ISSUER,
  keyManagementAlgorithms: [HEADER.alg],
  contentEncryptionAlgorithms: [HEADER.enc],
  requiredClaims: ['exp'],
};

/** A token that only a holder of the key can read or make. */
export function encryptToken(
  payload: Record<string, unknown>,
  key: Uint8Array,
  { issuedAtSeconds, expiresAtSeconds }: TokenTimes,
): Promise<string> {
  return new EncryptJWT(payload)
    .setProtectedHeader(HEADER)
    .setIssuer(ISSUER)
    .setAudience(ISSUER)
    .setIssuedAt(issuedAtSeconds)
    .setExpirationTime(expiresAtSeconds)
    .encrypt(key);
}

/** Undefined for what was not made here; `expired` also for what was changed, or made with another key. */
export async function decryptToken(
  token: string,
  key: Uint8Array,
  nowMs: number,
): Promise<TokenPayload | 'expired' | undefined> {
  try {
    const { payload } = await jwtDecrypt(token, key, { ...CHECKS, currentDate: new Date(nowMs) });
    return payload;
  } catch (err) {
    // Neither error may go any further: both hold all that was sealed.
    if (err instanceof JWTExpired || err instanceof JWTClaimValidationFailed) return 'expired';
    if (err instanceof JOSEError) return isOurs(token) ? 'expired' : undefined;
    throw err;
  }
}

/** As far as it says itself. */
function isOurs(token: string): boolean {
  try {
    return decodeProtectedHeader(token).typ === TYPE;
  } catch {
    return false;
  }
}
