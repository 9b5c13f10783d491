import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

// The terminal stays when the command has ended; Ctrl-C is for the command alone.
const AND_STAY = 'trap : INT; "$@"; echo $? > "$0"; exec cat';

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
  const folder = await mkdtemp(join(tmpdir(), 'registry-cache-terminal-'));
  const exitCodeFile = join(folder, 'exit-code');
  const environment = [
    'env',
    '-i',
    'TERM=tmux-256color',
    ...variables.map(([name, value]) => `${name}=${value}`),
  ];
  const size = ['-x', String(columns), '-y', String(rows)];
  const inTerminal = [...environment, 'sh', '-c', AND_STAY, exitCodeFile, ...command];
  const beforehand = ['start-server', ';', 'set-option', '-g', 'default-terminal', 'tmux-256color', ';'];
  await tmux(...beforehand, 'new-session', '-d', ...size, ...inTerminal);
  const capture = (...flags: readonly string[]): Promise<string> =>
    tmux('capture-pane', '-p', '-S', '-', ...flags);
  return {
    text: () => capture(),
    colouredText: () => capture('-e'),
    press: async (...keys) => void (await tmux('send-keys', ...keys)),
    async exitCode() {
      const text = await readFile(exitCodeFile, 'utf8').catch(() => '');
      return text.endsWith('\n') ? Number(text) : undefined;
    },
    close: async () => {
      await tmux('kill-server');
      await rm(folder, { recursive: true });
    },
  };
}
