import type { Logger, MessageToChild, MessageToSupervisor } from '@registry-cache/runtime';
import { execa, type Options } from 'execa';
import type { ChildProcess } from 'node:child_process';
import { forwardOutput } from './log-forwarding.ts';
import type { ListeningSocket } from './listening-socket.ts';
import type { LogDestination } from './log-destination.ts';
import type { ChildSettings } from './process-plan.ts';

export interface ChildOptions {
  readonly entryPoint: string;
  readonly settings: ChildSettings;
  /** Handed over with the settings. */
  readonly listeningSocket?: ListeningSocket | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly destination: LogDestination;
  /** About the process. */
  readonly log: Logger;
  /** In the name of the process: for what it wrote that is no log line. */
  readonly outputLog: Logger;
  readonly onMessage: (message: MessageToSupervisor) => void;
}

/** One life of a process. */
export interface Child {
  readonly pid: number | undefined;
  /** Resolves, and never rejects, when the process is gone or could not be started. */
  readonly exited: Promise<ChildExit>;
  /** A child that is dying misses it; its successor starts by the newest settings. */
  send(message: MessageToChild<ChildSettings>): void;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface ChildExit {
  readonly exitCode?: number;
  readonly signal?: string;
  /** Why it could not be started. */
  readonly err?: Error;
  readonly stderrTail: readonly string[];
}

// A child's last words are worth waiting for, unless whoever reads our log has stopped reading.
const LAST_WORDS_MS = 1000;

/** Starts a process; its settings travel over IPC, since argv and environment can be read from outside. */
export function spawnChild(options: ChildOptions): Child {
  const { entryPoint, destination, log, outputLog, onMessage } = options;
  const subprocess = execa(process.execPath, [...NODE_OPTIONS, entryPoint], {
    env: { ...options.environment },
    ...DAEMON,
  });
  start(subprocess, options);
  subprocess.on('message', (message: unknown) => {
    if (isMessageToSupervisor(message)) onMessage(message);
  });
  const { stdout, stderr } = subprocess;
  const output = forwardOutput({ stdout, stderr, destination, log: outputLog });

  const exited = new Promise<Omit<ChildExit, 'stderrTail'>>((resolve) => {
    // execa's own promise also waits for the end of the output, which a reader that has stopped reading never lets come.
    subprocess.once('exit', (exitCode, signal) => resolve(describeExit(exitCode, signal)));
    void subprocess.then((result) => {
      if (result.cause instanceof Error) resolve({ err: result.cause });
    });
  });
  return {
    pid: subprocess.pid,
    exited: exited.then(async (exit) => {
      await withinMs(LAST_WORDS_MS, output.ended);
      return { ...exit, stderrTail: output.stderrTail() };
    }),
    send(message) {
      // Not execa's `sendMessage`, which throws at once where the channel is closed, as it is a moment before its process is gone.
      if (!subprocess.connected) return;
      subprocess.send(message, undefined, undefined, (err) => {
        if (err !== null)
          log.debug({ err, type: message.type }, 'message did not reach a process that is ending');
      });
    },
    kill: (signal) => void subprocess.kill(signal),
  };
}

// Halves the peak memory under load at no cost in throughput.
const NODE_OPTIONS = [
  '--max-semi-space-size=1',
  // Bytes that pass by have V8 mark its small heap again and again, a quarter of a fill's CPU time where threads of its own do it.
  '--single-threaded-gc',
];

// Not execa's own `node` option: it fails where PATH is not set.
const DAEMON = {
  ipc: true,
  // With buffers, execa ends a child at 100 MB of output and keeps each of its messages.
  buffer: false,
  reject: false,
  stdin: 'ignore',
  stdout: 'pipe',
  stderr: 'pipe',
  extendEnv: false,
  // Children notice by themselves that their supervisor is gone, even when it was killed.
  cleanup: false,
  forceKillAfterDelay: false,
} as const satisfies Options;

/** What cannot be sent to a process that could not be started, or is gone again, is told by its exit. */
function start(
  subprocess: Pick<ChildProcess, 'send' | 'connected'>,
  { settings, listeningSocket, log }: ChildOptions,
): void {
  const message: MessageToChild<ChildSettings> = { type: 'start', settings };
  if (!subprocess.connected) return;
  // Not by execa, which sends no sockets.
  subprocess.send(message, listeningSocket?.handle, (err) => {
    if (err !== null) log.debug({ err }, 'settings did not reach a process that is ending');
  });
}

function describeExit(exitCode: number | null, signal: string | null): Omit<ChildExit, 'stderrTail'> {
  return {
    ...(exitCode === null ? {} : { exitCode }),
    ...(signal === null ? {} : { signal }),
  };
}

const MESSAGE_TYPES: readonly MessageToSupervisor['type'][] = [
  'ready',
  'reloaded',
  'report',
  'disk-full',
  'ask',
  'answer',
  'last-words',
  'idle',
  'busy',
  'wake',
  'pong',
];

function isMessageToSupervisor(message: unknown): message is MessageToSupervisor {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  return MESSAGE_TYPES.some((type) => type === message.type);
}

async function withinMs(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), timeout]);
  clearTimeout(timer);
}
