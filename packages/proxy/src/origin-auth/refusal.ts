import { RegistryError } from '@registry-cache/oci';
import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../decision.ts';
import { cacheAddress, formatChallenge, type Challenge } from './challenge.ts';

/** What one request is answered where its credential does not do. */
export interface Refusals {
  /** The `WWW-Authenticate` for it. */
  challenge(error?: Challenge['error']): string;
  unauthorized(message: string, error?: Challenge['error']): Refusal;
}

/** @throws {RegistryError} `NAME_INVALID` for a Host that no challenge can name */
export function refusalsOf(
  request: IncomingMessage,
  externalUrl: string | undefined,
  meant: Omit<Challenge, 'error'>,
): Refusals {
  const address = cacheAddress(request, externalUrl);
  const challenge: Refusals['challenge'] = (error) =>
    formatChallenge(error === undefined ? meant : { ...meant, error }, address);
  return {
    challenge,
    unauthorized: (message, error) => ({
      kind: 'refused',
      error: new RegistryError('UNAUTHORIZED', message),
      challenge: challenge(error),
    }),
  };
}

/** A decision, where what is wrong with a credential is one as well. */
export async function refusing<Decided>(
  refusals: Refusals,
  decide: () => Promise<Decided>,
): Promise<Decided | Refusal> {
  try {
    return await decide();
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'UNAUTHORIZED') throw error;
    return { kind: 'refused', error, challenge: refusals.challenge() };
  }
}
