import { RegistryError } from '@registry-cache/oci';

const MAX_CACHES = 8;
const PSEUDONYMS = 'registry-cache-';

/**
 * Refuses a request that has come back, or that has passed so many caches that it must be going round.
 *
 * @param via as the client sent it
 * @param own how this cache names itself
 * @throws {RegistryError} `LOOP_DETECTED`
 * @see RFC 9110, "Via"
 */
export function refuseLoop(via: string | undefined, own: string): void {
  if (via === undefined) return;
  const names = via.split(',').map((entry) => entry.trim().split(/\s+/)[1] ?? '');
  if (names.includes(own)) throw looping('the request has come back to this cache');
  const caches = names.filter((name) => name.startsWith(PSEUDONYMS)).length;
  if (caches > MAX_CACHES) throw looping(`the request has passed ${caches} caches, more than ${MAX_CACHES}`);
}

function looping(what: string): RegistryError {
  return new RegistryError(
    'LOOP_DETECTED',
    `${what}: look for an upstream, or an entry of its caches, that leads back here`,
  );
}
