import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../../packages/cli/bin/registry-cache.js', import.meta.url));

export type CommandProcess = ChildProcessByStdio<null, Readable, Readable>;

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `registry-cache …` with nothing of the environment but what a process needs, and `env`. */
export function spawnCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  home: string,
): CommandProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs a command to its end. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  home: string,
): Promise<CommandResult> {
  const command = spawnCommand(args, env, home);
  const [stdout, stderr] = await Promise.all([
    text(command.stdout),
    text(command.stderr),
    once(command, 'exit'),
  ]);
  return { exitCode: command.exitCode, stdout, stderr };
}
