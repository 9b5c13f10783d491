import { once } from 'node:events';
import type { CertificateAuthority } from '../certificates.ts';
import { createRegistryClient, type RegistryClient } from '../client/registry-client.ts';
import { cacheConfig, type CacheConfig, type UpstreamEntry } from './cache-config.ts';
import type { CacheFolder } from './cache-folder.ts';
import type { LogLines } from './log-lines.ts';
import { listChildren, type ChildName, type ChildProcessEntry } from './process-tree.ts';
import { runCommand, type CommandProcess, type CommandResult } from './run-command.ts';

/** A real cache: the command as users start it, with all of its processes. */
export interface RunningCache {
  readonly origin: string;
  readonly port: number;
  readonly pid: number;
  readonly ca: CertificateAuthority;
  readonly folder: CacheFolder;
  readonly log: LogLines;
  /** A client that the cache closes when it closes; each has its own connections. */
  client(auth?: string): RegistryClient;
  children(): Promise<ChildProcessEntry[]>;
  /** `kill -9` of every process of that name; resolves with the pids. */
  kill(name: ChildName): Promise<number[]>;
  /** Runs another `registry-cache` command with the same configuration, but for `changedEnv`. */
  run(args: readonly string[], changedEnv?: Readonly<Record<string, string>>): Promise<CommandResult>;
  writeUpstreams(upstreams: Readonly<Record<string, UpstreamEntry>>): Promise<void>;
  /** SIGTERM, without waiting. */
  terminate(): void;
  /** Resolves with the exit code; null where a signal ended the process. */
  exited(): Promise<number | null>;
  /** SIGTERM. @throws unless the cache ends with exit code 0 in time */
  stop(): Promise<void>;
  /** Stops it where it still runs, and removes its files. */
  close(): Promise<void>;
}

/** What a running cache is made of. */
export interface CacheParts extends Pick<RunningCache, 'ca' | 'folder' | 'port' | 'log'> {
  readonly config: CacheConfig;
  readonly env: Readonly<Record<string, string>>;
  readonly command: CommandProcess;
}

const STOP_DEADLINE_MS = 20_000;

export function createRunningCache(parts: CacheParts): RunningCache {
  const { config, ca, folder, port, env, command, log } = parts;
  const origin = `https://127.0.0.1:${port}`;
  const pid = command.pid;
  if (pid === undefined) throw new Error('the command could not be started');
  const clients: RegistryClient[] = [];
  const exited = exitOf(command);
  const stop = async (): Promise<void> => {
    command.kill('SIGTERM');
    const exitCode = await Promise.race([exited, deadline()]);
    if (exitCode !== 0) throw new Error(`the cache ended with ${exitCode}, not with 0:\n${log.text()}`);
  };
  return {
    origin,
    port,
    pid,
    ca,
    folder,
    log,
    client: (auth) => {
      const client = createRegistryClient({
        origin,
        ca: ca.certificate,
        ...(auth === undefined ? {} : { auth }),
      });
      clients.push(client);
      return client;
    },
    children: () => listChildren(pid),
    kill: async (name) => {
      const pids = (await listChildren(pid)).filter((child) => child.name === name).map((child) => child.pid);
      for (const child of pids) process.kill(child, 'SIGKILL');
      return pids;
    },
    run: (args, changedEnv) =>
      runCommand([...args, folder.configFile], { ...env, ...changedEnv }, folder.root),
    writeUpstreams: (upstreams) => folder.writeConfig(cacheConfig({ ...config, upstreams }, folder, port)),
    terminate: () => void command.kill('SIGTERM'),
    exited: () => exited,
    stop,
    close: async () => {
      for (const client of clients) await client.close();
      try {
        if (command.exitCode === null && command.signalCode === null) await stop();
      } finally {
        command.kill('SIGKILL');
        await folder.remove();
      }
    },
  };
}

async function exitOf(command: CommandProcess): Promise<number | null> {
  await once(command, 'exit');
  return command.exitCode;
}

function deadline(): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(resolve, STOP_DEADLINE_MS, `nothing after ${STOP_DEADLINE_MS} ms`).unref();
  });
}
