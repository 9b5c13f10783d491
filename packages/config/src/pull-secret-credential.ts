import { InvalidValueError } from './config-error.ts';
import { isMap } from './config-tree.ts';
import type { Credential } from './settings.ts';

/**
 * The credential of one entry of `auths`. A token counts before `auth`, which then holds a user name of no meaning, and `auth`
 * before `username` and `password`, which say the same.
 *
 * @throws {InvalidValueError} whose message holds nothing of the entry's values
 */
export function parsePullSecretCredential(entry: unknown): Credential {
  if (!isMap(entry)) throw new InvalidValueError('expected {"auth": …}, or {} for anonymous access');
  const registryToken = findText(entry, 'registrytoken');
  if (registryToken !== undefined) return { kind: 'registry-token', token: registryToken };
  const identityToken = findText(entry, 'identitytoken');
  if (identityToken !== undefined) return { kind: 'identity-token', token: identityToken };
  const auth = findText(entry, 'auth');
  if (auth !== undefined) return parseAuth(auth);
  return parseUserAndPassword(findText(entry, 'username'), findText(entry, 'password'));
}

function parseUserAndPassword(username: string | undefined, password: string | undefined): Credential {
  if (username === undefined && password === undefined) return { kind: 'anonymous' };
  if (username === undefined) throw new InvalidValueError('expected "username" beside "password"');
  if (password === undefined) throw new InvalidValueError('expected "password" beside "username"');
  return basic(username, password);
}

function parseAuth(auth: string): Credential {
  const userAndPassword = decodeBase64(auth.replaceAll(/\s/g, ''));
  // A user name has no colon, a password may have many.
  const colon = userAndPassword?.indexOf(':') ?? -1;
  if (userAndPassword === undefined || colon < 1) {
    throw new InvalidValueError('expected "auth" to be the base64 of user:password in UTF-8');
  }
  return basic(userAndPassword.slice(0, colon), userAndPassword.slice(colon + 1));
}

function basic(username: string, password: string): Credential {
  // Basic authentication cannot carry control characters, and `echo user:password | base64` puts one at the end.
  if (/\p{Cc}/u.test(username + password)) {
    throw new InvalidValueError(
      'user or password holds a line break or another control character: encode it with `printf %s user:password | base64`',
    );
  }
  return { kind: 'basic', username, password };
}

/** Node's decoder takes anything; this one only base64, plain or URL-safe, of valid UTF-8. */
function decodeBase64(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'base64'));
  } catch (err) {
    if (err instanceof TypeError) return undefined;
    throw err;
  }
}

function findText(entry: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = entry[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new InvalidValueError(`expected "${name}" to be a text`);
  return value;
}
