import type { Accounts } from '../upstream/accounts.ts';

/** The people of an origin. What changes counts for the next password; a token that was issued before stays good until it expires. */
export interface OriginAccounts {
  /** A further account, or a new password for one that exists. */
  addAccount(username: string, password: string): void;
  /** Nobody logs in by this name any more. */
  removeAccount(username: string): void;
  allow(username: string, repository: string): void;
  revoke(username: string, repository: string): void;
  /** From now on anyone may pull it. */
  publish(repository: string): void;
  mayPull(username: string, repository: string): boolean;
}

export interface OriginPeople extends OriginAccounts {
  /** As they are at the moment. */
  readonly logins: () => Required<Accounts>;
}

export function createOriginAccounts(): OriginPeople {
  const passwords = new Map<string, string>();
  const allowed = new Map<string, Set<string>>();
  const published = new Set<string>();
  const repositoriesOf = (username: string): Set<string> => {
    const repositories = allowed.get(username) ?? new Set<string>();
    allowed.set(username, repositories);
    return repositories;
  };
  return {
    logins: () => ({
      accounts: [...passwords].map(([username, password]) => ({
        username,
        password,
        repositories: [...repositoriesOf(username), ...published],
      })),
      anonymousRepositories: [...published],
    }),
    addAccount: (username, password) => void passwords.set(username, password),
    removeAccount: (username) => void passwords.delete(username),
    allow: (username, repository) => void repositoriesOf(username).add(repository),
    revoke: (username, repository) => void repositoriesOf(username).delete(repository),
    publish: (repository) => void published.add(repository),
    mayPull: (username, repository) =>
      published.has(repository) || (passwords.has(username) && repositoriesOf(username).has(repository)),
  };
}
