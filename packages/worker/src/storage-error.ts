/** Our own disk failed, not the upstream: whoever is being served can still be served, without storing. */
export class StorageError extends Error {
  override readonly name = 'StorageError';

  constructor(operation: string, cause: unknown) {
    super(`cannot ${operation}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }

  /** Whether room is all that is missing. */
  get isDiskFull(): boolean {
    const { cause } = this;
    return cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
  }
}

/** What `work` becomes; a failure of it is one of the disk. */
export async function storing<Result>(operation: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw new StorageError(operation, cause);
  }
}
