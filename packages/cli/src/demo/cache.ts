import { EXIT_FAILURE } from '@registry-cache/runtime';
import { execa } from 'execa';
import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CommandFailure } from '../command-failure.ts';
import { health } from '../commands/health.ts';
import { writeDemoConfig, type DemoConfig } from './config.ts';

export interface DemoCacheOptions extends DemoConfig {
  readonly port: number;
  readonly signal: AbortSignal;
}

export interface DemoCache {
  readonly logFile: string;
  /** Resolves when the cache has stopped, for whatever reason. */
  readonly stopped: Promise<void>;
  lastLogLines(): Promise<string[]>;
  /** Lets pulls in flight finish. */
  close(): Promise<void>;
}

const COMMAND = fileURLToPath(new URL('../../bin/registry-cache.js', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 100;
const LAST_LOG_LINES = 10;

/** Starts the real cache as a process of its own on the loopback interface, with its self-signed certificate. */
export async function startDemoCache(options: DemoCacheOptions): Promise<DemoCache> {
  const addr = `127.0.0.1:${options.port}`;
  const logFile = join(options.folder, 'registry-cache.log');
  const configFile = await writeDemoConfig(options);
  // A file of its own, not a pipe to us: the cache goes on logging while it drains, even when this process is gone.
  const log = (await open(logFile, 'a')).createWriteStream();
  const child = execa(process.execPath, [COMMAND, 'serve', configFile, '--addr', addr], {
    // Nothing of the user's own settings or outbound proxies may reach the demo.
    extendEnv: false,
    env: { HOME: options.folder, PATH: dirname(process.execPath) },
    // A Ctrl-C reaches only the command that was started, which tells the cache once; twice would mean: now.
    detached: true,
    stdin: 'ignore',
    stdout: log,
    stderr: log,
    reject: false,
    // Only the cache knows how long its pulls in flight may take.
    forceKillAfterDelay: false,
  });
  // A detached process would outlive a failure of ours that nobody foresaw.
  const killOnExit = (): void => void child.kill('SIGTERM');
  process.once('exit', killOnExit);
  const stopped = child.then(() => {
    process.off('exit', killOnExit);
    log.close();
  });
  const cache: DemoCache = {
    logFile,
    stopped,
    lastLogLines: async () => (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-LAST_LOG_LINES),
    async close() {
      child.kill('SIGTERM');
      await stopped;
    },
  };
  try {
    await untilReady(cache, addr, options.signal);
    return cache;
  } catch (err) {
    await cache.close();
    throw err;
  }
}

async function untilReady(cache: DemoCache, addr: string, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
  let hasStopped = false;
  void cache.stopped.then(() => (hasStopped = true));
  while (!(await isReady(addr))) {
    if (hasStopped) throw await startFailure('stopped before it was ready', cache);
    if (deadline.aborted) throw await startFailure('was not ready within a minute', cache);
    await setTimeout(POLL_INTERVAL_MS, undefined, { signal });
  }
}

async function isReady(addr: string): Promise<boolean> {
  try {
    await health({ addr });
    return true;
  } catch (err) {
    if (err instanceof CommandFailure) return false;
    throw err;
  }
}

async function startFailure(what: string, cache: DemoCache): Promise<CommandFailure> {
  return new CommandFailure(`the cache ${what}; the last lines of its log:`, {
    exitCode: EXIT_FAILURE,
    problems: await cache.lastLogLines(),
  });
}
