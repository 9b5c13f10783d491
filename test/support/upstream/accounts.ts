/** Who may pull what from an upstream. */
export interface Accounts {
  readonly accounts: readonly Account[];
  /** Repositories that anyone may pull; none unless told. */
  readonly anonymousRepositories?: readonly string[];
}

export interface Account {
  readonly username: string;
  readonly password: string;
  /** An OAuth2 refresh token that stands for the account. */
  readonly identityToken?: string;
  /** A bearer token that the registry takes as it is. */
  readonly registryToken?: string;
  /** All of them unless told. */
  readonly repositories?: readonly string[];
}

/** What someone who was recognised, or nobody, may pull. */
export type Grant = (repository: string) => boolean;

export function grantOfAccount({ repositories }: Account): Grant {
  return (repository) => repositories?.includes(repository) ?? true;
}

export function anonymousGrant({ anonymousRepositories = [] }: Accounts): Grant {
  return (repository) => anonymousRepositories.includes(repository);
}

export function findByPassword(
  { accounts }: Accounts,
  authorization: string | undefined,
): Account | undefined {
  return accounts.find(
    ({ username, password }) => authorization === `Basic ${base64(`${username}:${password}`)}`,
  );
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
