/** One mistake: where it is, and what was expected there. Never holds a secret's value. */
export interface ConfigProblem {
  /** A key of config.yml, a variable of the environment, or a file and a place in it. */
  readonly key: string;
  readonly message: string;
}

/** Everything that is wrong with the configuration; the message has one line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ key, message }) => `  ${key}: ${message}`);
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super([`the configuration has ${count}:`, ...lines].join('\n'));
    this.problems = problems;
  }
}

/** A single value that cannot be used; its message says what was expected, and is fit to be a problem's. */
export class InvalidValueError extends Error {
  override readonly name = 'InvalidValueError';
}

const MAX_QUOTED_LENGTH = 60;

/** A value that is not secret, as messages show it. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
}
