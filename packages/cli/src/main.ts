import { CommandFailure } from './command-failure.ts';
import { Stopped } from './terminal/stop-signal.ts';
import { createTerminal, type Terminal } from './terminal/terminal.ts';

/**
 * Runs one command and resolves with its exit code: the arguments are those after the program's name. It never rejects;
 * what went wrong was written to standard error.
 */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on('error', ignoreClosedPipe);
  process.stderr.on('error', ignoreClosedPipe);
  try {
    const { runCommandLine } = await import('./command-line.ts');
    return await runCommandLine(args);
  } catch (err) {
    // Whoever stopped it knows why it ends.
    if (err instanceof Stopped) return err.exitCode;
    return explain(err, createTerminal(process.stderr));
  }
}

/** `| head` has read enough: that is no failure, and a command that needs readers finds out for itself. */
function ignoreClosedPipe(err: NodeJS.ErrnoException): void {
  if (err.code !== 'EPIPE') throw err;
}

function explain(err: unknown, terminal: Terminal): number {
  const label = terminal.style('red', 'error:');
  if (err instanceof CommandFailure) {
    terminal.print(`${label} ${[err.message, ...causesOf(err)].join(': ')}`);
    for (const problem of err.problems) terminal.print(`  ${problem}`);
    return err.exitCode;
  }
  // Nobody foresaw this one, so whoever reports it needs the stack.
  terminal.print(`${label} ${err instanceof Error ? err.stack : String(err)}`);
  return 1;
}

function causesOf(error: Error): string[] {
  const { cause } = error;
  if (!(cause instanceof Error)) return [];
  // An AggregateError of a failed connection has no message of its own.
  const message = cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
  return [message, ...causesOf(cause)];
}
