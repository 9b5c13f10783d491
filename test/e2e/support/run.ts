import { spawn } from 'node:child_process';

export interface RunOptions {
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** This process's working directory unless told. */
  readonly cwd?: string;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. @throws where it fails, with everything it printed */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await attempt(command, args, options);
  if (result.exitCode !== 0) {
    const printed = [result.stdout, result.stderr].join('\n');
    throw new Error(`${command} ${args.join(' ')}: exit code ${String(result.exitCode)}\n${printed}`);
  }
  return result;
}

/** Runs a command that is expected to fail, or may. */
export function attempt(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const { cwd } = options;
    const child = spawn(command, args, { cwd, env: { ...process.env, ...options.env } });
    // A command that reads nothing may be gone before its input is.
    child.stdin.on('error', () => {});
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode: exitCode ?? -1, stdout, stderr }));
    child.stdin.end(options.input ?? '');
  });
}
