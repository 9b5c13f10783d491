export interface CommandFailureOptions {
  readonly exitCode: number;
  /** Further lines below the message, one each. */
  readonly problems?: readonly string[];
  readonly cause?: unknown;
}

/** Ends a command with a message for its user in place of a stack trace. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;
  readonly problems: readonly string[];

  constructor(message: string, { exitCode, problems = [], cause }: CommandFailureOptions) {
    super(message, { cause });
    this.exitCode = exitCode;
    this.problems = problems;
  }
}
