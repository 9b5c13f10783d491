import { EXIT_FAILURE } from '@registry-cache/runtime';
import type { Command } from 'commander';
import { formatBashCompletion } from '../completion/bash.ts';
import { findCandidates } from '../completion/candidates.ts';
import { describeCommands, type CommandDescription } from '../completion/describe-commands.ts';
import { formatFishCompletion } from '../completion/fish.ts';
import { formatZshCompletion } from '../completion/zsh.ts';
import { CommandFailure } from '../command-failure.ts';
import type { CacheAddress } from '../control/control-options.ts';
import type { Terminal } from '../terminal/terminal.ts';

type Shell = 'bash' | 'zsh' | 'fish';

const FORMATS: Readonly<Record<Shell, (commands: readonly CommandDescription[]) => string>> = {
  bash: formatBashCompletion,
  zsh: formatZshCompletion,
  fish: formatFishCompletion,
};

/** Prints what makes a shell complete this command line. */
export function completion(shell: Shell, program: Command, terminal: Terminal): void {
  terminal.print(FORMATS[shell](describeCommands(program)).trimEnd());
}

/**
 * Prints what an argument may be, one on a line, or nothing where no cache answers at once: it is asked while somebody types.
 *
 * @returns the exit code
 */
export async function complete(kind: string, address: CacheAddress, terminal: Terminal): Promise<number> {
  try {
    for (const candidate of await findCandidates(kind, address)) terminal.print(candidate);
    return 0;
  } catch (err) {
    if (err instanceof CommandFailure) return EXIT_FAILURE;
    throw err;
  }
}
