import { InvalidValueError } from '@registry-cache/config';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from './command-failure.ts';

/** An option's value as the configuration's values are read. @throws {CommandFailure} that names the option */
export function parseFlag<Value>(option: string, text: string, parse: (text: string) => Value): Value {
  try {
    return parse(text);
  } catch (err) {
    if (!(err instanceof InvalidValueError)) throw err;
    throw new CommandFailure(`${option}: ${err.message}`, { exitCode: EXIT_FAILURE });
  }
}
