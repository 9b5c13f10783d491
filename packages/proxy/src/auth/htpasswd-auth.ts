import type { HtpasswdSettings } from '@registry-cache/config';
import { RegistryError } from '@registry-cache/oci';
import type { Logger } from '@registry-cache/runtime';
import { findBasicCredentials, type BasicCredentials } from './basic-credentials.ts';
import { createFailedLogins, tooManyFailedLogins } from './failed-logins.ts';
import { createLoginMemory, type Verdict } from './login-memory.ts';
import { createTurns } from './turns.ts';

/** Says who a client is. */
export interface Auth {
  /** Sent as `WWW-Authenticate` with every `UNAUTHORIZED`. */
  readonly challenge: string;
  /**
   * The user's name.
   *
   * @param address the client's, without its port
   * @throws {RegistryError} `UNAUTHORIZED`, or `TOOMANYREQUESTS` when too many logins of that network have failed
   */
  authenticate(authorization: string | undefined, address: string): Promise<string>;
}

export interface HtpasswdAuthOptions {
  readonly log: Logger;
  /** Compares a password with a bcrypt hash. */
  readonly verify?: (password: string, hash: string) => Promise<boolean>;
  /** Milliseconds of any clock that does not go back. */
  readonly now?: () => number;
}

// bcrypt runs in the thread pool that also reads blobs: guessing passwords must leave threads for pulls.
const MAX_CONCURRENT_CHECKS = 2;

/** Loaded with the first login: a cache that nobody logs in at does without its memory. */
async function verifyBcrypt(password: string, hash: string): Promise<boolean> {
  const { verify } = await import('@node-rs/bcrypt');
  return verify(password, hash);
}

// Of no password that anyone knows: what an unknown user is compared with where there are no users at all.
const NOBODY = '$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde';

/**
 * Basic authentication against bcrypt hashes. A login that was right is remembered until ten minutes after its last use, so that
 * a pull of fifty requests costs one comparison; an unknown user costs as much time as a wrong password.
 *
 * A network whose logins fail again and again gets no further comparison for a while. Logins that are remembered as right go on
 * meanwhile: a whole site may have the one address of its router.
 */
export function createHtpasswdAuth(settings: HtpasswdSettings, options: HtpasswdAuthOptions): Auth {
  const { verify = verifyBcrypt } = options;
  const users = new Map(Object.entries(settings.users));
  const someHash = [...users.values()][0] ?? NOBODY;
  const memory = createLoginMemory(options.now);
  const failedLogins = createFailedLogins(options);
  const turns = createTurns(MAX_CONCURRENT_CHECKS);

  const compare = ({ user, password }: BasicCredentials, address: string): Promise<Verdict> =>
    turns.take(async () => {
      // Of guesses that came at once, those behind the last one allowed find out when it is their turn.
      if (failedLogins.waitMs(address) > 0) return 'not-compared';
      const hash = users.get(user);
      const matches = await verify(password, hash ?? someHash);
      if (hash !== undefined && matches) return 'right';
      failedLogins.count(address);
      return 'wrong';
    });

  const judge = async (credentials: BasicCredentials, address: string): Promise<Verdict> => {
    const remembered = memory.recall(credentials);
    if (remembered !== undefined) return remembered;
    for (;;) {
      const waitMs = failedLogins.waitMs(address);
      if (waitMs > 0) throw tooManyFailedLogins(waitMs);
      const verdict = await memory.learn(credentials, () => compare(credentials, address));
      // Where an equal login of another address was joined, it may be that one which has to wait.
      if (verdict !== 'not-compared') return verdict;
    }
  };

  return {
    challenge: `Basic realm="${quotable(settings.realm)}"`,
    authenticate: async (authorization, address) => {
      if (authorization === undefined) throw new RegistryError('UNAUTHORIZED');
      const credentials = findBasicCredentials(authorization);
      if (credentials === undefined) {
        throw new RegistryError('UNAUTHORIZED', 'unsupported authorization: expected Basic user:password');
      }
      if ((await judge(credentials, address)) === 'right') return credentials.user;
      throw new RegistryError('UNAUTHORIZED', 'wrong user name or password');
    },
  };
}

/** A quoted-string may hold neither quotes nor control characters, and a header nothing beyond ASCII. */
function quotable(realm: string): string {
  return realm.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&');
}
