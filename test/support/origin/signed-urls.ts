import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { ServerRequest } from '../upstream/answer.ts';

/** What the query of a signed URL says of a request. */
export type SignatureCheck =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'accepted'; readonly user: string };

/** Queries that stand for a user at one path, and for so long. */
export interface UrlSigner {
  /** `?user=…&expires=…&signature=…` */
  sign(path: string, user: string, ttlSeconds: number): string;
  check(request: ServerRequest): SignatureCheck;
}

export function createUrlSigner(): UrlSigner {
  const secret = randomUUID();
  const signatureOf = (...parts: readonly string[]): Buffer =>
    createHmac('sha256', secret).update(JSON.stringify(parts)).digest();
  return {
    sign(path, user, ttlSeconds) {
      const expires = String(Date.now() + ttlSeconds * 1000);
      const signature = signatureOf(path, user, expires).toString('hex');
      return `?${new URLSearchParams({ user, expires, signature }).toString()}`;
    },

    check({ path, query }) {
      const signature = query.get('signature');
      if (signature === null) return { kind: 'unsigned' };
      const [user, expires] = [query.get('user') ?? '', query.get('expires') ?? ''];
      const expected = signatureOf(path, user, expires);
      const given = Buffer.from(signature, 'hex');
      if (given.length !== expected.length || !timingSafeEqual(given, expected))
        return { kind: 'refused', reason: 'the signature does not match' };
      if (Number(expires) <= Date.now()) return { kind: 'refused', reason: 'the signature has expired' };
      return { kind: 'accepted', user };
    },
  };
}
