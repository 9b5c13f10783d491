import { ConfigError, InvalidValueError, type ConfigProblem } from './config-error.ts';

/** Gathers what is wrong while the rest is still being read, so that one start shows every mistake. */
export class Findings {
  readonly #problems: ConfigProblem[] = [];
  readonly #warnings: string[] = [];

  get problems(): readonly ConfigProblem[] {
    return this.#problems;
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  problem(key: string, message: string): void {
    this.#problems.push({ key, message });
  }

  warning(text: string): void {
    this.#warnings.push(text);
  }

  /** What `read` gives, or undefined once its mistake has been noted; other errors are not configuration and pass. */
  async attempt<T>(key: string, read: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (err) {
      this.#note(key, err);
      return undefined;
    }
  }

  /** As `attempt`, for what reads no file. */
  parse<T>(key: string, parse: () => T): T | undefined {
    try {
      return parse();
    } catch (err) {
      this.#note(key, err);
      return undefined;
    }
  }

  /** @throws {ConfigError} when there was any problem */
  throwProblems(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  #note(key: string, err: unknown): void {
    if (err instanceof ConfigError) this.#problems.push(...err.problems);
    else if (err instanceof InvalidValueError) this.problem(key, err.message);
    else throw err;
  }
}
