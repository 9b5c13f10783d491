import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from '../command-failure.ts';
import { createTerminal } from '../terminal/terminal.ts';

/**
 * Does the same for each of the names. One that fails is said on standard error and stops none of the others.
 *
 * @returns the exit code
 */
export async function eachNamed(
  names: readonly string[],
  run: (name: string) => Promise<void>,
): Promise<number> {
  let exitCode = 0;
  for (const name of names) {
    try {
      await run(name);
    } catch (err) {
      if (!(err instanceof CommandFailure)) throw err;
      const terminal = createTerminal(process.stderr);
      terminal.print(`${terminal.style('red', 'error:')} ${err.message}`);
      exitCode = EXIT_FAILURE;
    }
  }
  return exitCode;
}
