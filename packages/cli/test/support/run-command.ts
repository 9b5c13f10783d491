import { execa } from 'execa';
import { fileURLToPath } from 'node:url';

export interface CommandResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export const COMMAND: string = fileURLToPath(new URL('../../bin/registry-cache.js', import.meta.url));

/** Runs the real command as users do. It sees no variable but `PATH` and those of `env`. */
export async function runCommand(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [COMMAND, ...args], {
    extendEnv: false,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    reject: false,
  });
  return { exitCode, stdout, stderr };
}
