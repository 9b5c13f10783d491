import { fileURLToPath } from 'node:url';
import { run } from './run.ts';

const COMMAND = fileURLToPath(new URL('../../../packages/cli/bin/registry-cache.js', import.meta.url));

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command on a real terminal, which tmux is. */
export interface TmuxTerminal {
  /** What is to be seen, and what has scrolled out above; lines without blanks at their ends. */
  text(): Promise<string>;
  /** The same with its colours. */
  colouredText(): Promise<string>;
  /** `C-c`, `Tab`, or a text. */
  press(...keys: readonly string[]): Promise<void>;
  /** Undefined while it runs. */
  exitCode(): Promise<number | undefined>;
  /** Ends the command, where it still runs. */
  close(): Promise<void>;
}

let count = 0;

/** Runs `registry-cache …` with nothing of the environment but what a terminal has. */
export async function startCommand(args: readonly string[], options: TerminalOptions): Promise<TmuxTerminal> {
  return startTerminal([process.execPath, COMMAND, ...args], options);
}

async function startTerminal(
  command: readonly string[],
  { columns, rows, env = {} }: TerminalOptions,
): Promise<TmuxTerminal> {
  count += 1;
  const server = `registry-cache-test-${process.pid}-${count}`;
  const tmux = async (...args: readonly string[]): Promise<string> =>
    (await run('tmux', ['-L', server, '-f', '/dev/null', ...args])).stdout;
  const variables = Object.entries({ PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', ...env });
  // The command waits until the terminal is told to stay when it has ended.
  await tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), 'cat');
  await tmux('set-option', '-g', 'remain-on-exit', 'on');
  await tmux('set-option', '-g', 'default-terminal', 'tmux-256color');
  await tmux(
    'respawn-pane',
    '-k',
    'env',
    '-i',
    'TERM=tmux-256color',
    ...variables.map(([name, value]) => `${name}=${value}`),
    ...command,
  );
  const capture = (...flags: readonly string[]): Promise<string> =>
    tmux('capture-pane', '-p', '-S', '-', ...flags);
  return {
    text: () => capture(),
    colouredText: () => capture('-e'),
    press: async (...keys) => void (await tmux('send-keys', ...keys)),
    async exitCode() {
      // The terminal is closed shortly before the exit code is known.
      const status = (await tmux('display-message', '-p', '#{pane_dead_status}')).trim();
      return status === '' ? undefined : Number(status);
    },
    close: async () => void (await tmux('kill-server')),
  };
}
