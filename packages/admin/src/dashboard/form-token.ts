import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Visitor } from '../http/route.ts';

/** Proof that a form was made by this process, for the user who sends it: no page of another site can know it. */
export interface FormTokens {
  create(visitor: Visitor): string;
  isOf(visitor: Visitor, token: string | null): boolean;
}

const SECRET_BYTES = 32;

/** A new secret for each process: a form that was open over a restart says so when it is sent. */
export function createFormTokens(): FormTokens {
  const secret = randomBytes(SECRET_BYTES);
  const create = ({ user }: Visitor): string =>
    createHmac('sha256', secret)
      .update(user === undefined ? 'anybody' : `user ${user}`)
      .digest('base64url');
  return {
    create,
    isOf(visitor, token) {
      const expected = Buffer.from(create(visitor));
      const got = Buffer.from(token ?? '');
      return got.length === expected.length && timingSafeEqual(got, expected);
    },
  };
}
