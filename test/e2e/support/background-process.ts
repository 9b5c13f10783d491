import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';

export interface BackgroundProcess {
  readonly pid: number;
  /** Everything it has printed. */
  output(): Promise<string>;
  /** Asks it to end by SIGTERM and resolves with its exit code; -1 where a signal ended it. */
  stop(): Promise<number>;
}

export interface BackgroundProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly outputPath: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Resolves true once the process serves; asked again and again until then. */
  readonly isReady: () => Promise<boolean>;
}

/** Starts a process and waits until it serves. @throws with what it printed, where it ends or does not serve in time */
export async function startInBackground(options: BackgroundProcessOptions): Promise<BackgroundProcess> {
  const output = await open(options.outputPath, 'a');
  const child = spawn(options.command, options.args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', output.fd, output.fd],
  });
  await once(child, 'spawn');
  await output.close();
  // A test that fails half way must not leave registries behind.
  const endWithUs = (): boolean => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code) => {
      process.off('exit', endWithUs);
      resolve(code ?? -1);
    });
  });

  const read = (): Promise<string> => readFile(options.outputPath, 'utf8');
  const running: BackgroundProcess = {
    pid: child.pid ?? -1,
    output: read,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
  try {
    await waitFor(`${options.command} to serve`, options.isReady, () => child.exitCode === null);
  } catch (cause) {
    await running.stop();
    throw new Error(await read(), { cause });
  }
  return running;
}

const PATIENCE_MS = 60_000;
const POLL_MS = 100;

/** Asks `condition` until it holds. @throws after a minute, or as soon as `isPossible` does not hold any more */
export async function waitFor(
  what: string,
  condition: () => Promise<boolean>,
  isPossible: () => boolean = () => true,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (!isPossible() || Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
