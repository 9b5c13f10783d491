import { discard } from './answer-body.ts';
import type { RegistryClient } from './registry-client.ts';

/**
 * Asks whether the registry accepts the credential, by the request that clients log in with.
 *
 * @throws {UpstreamError} `denied` where it does not
 * @see OCI distribution-spec, "Determining Support"
 */
export async function login(client: RegistryClient, signal: AbortSignal): Promise<void> {
  const answer = await client.ask({ method: 'GET', name: undefined, path: '', signal });
  if (answer.status !== 200) throw await answer.statusError();
  discard(answer.body);
}
