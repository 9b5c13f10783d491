import { ConfigError, type Settings } from '@registry-cache/config';
import {
  createLog,
  entryPoint,
  EXIT_CONFIG,
  EXIT_FAILURE,
  flushLog,
  type Logger,
  type ProcessName,
} from '@registry-cache/runtime';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { withAccessLines } from './access-lines.ts';
import { applyPlan } from './apply-plan.ts';
import { createCacheIdentity } from './cache-identity.ts';
import { childEnvironment, type Environment } from './child-environment.ts';
import { openDataDirectory } from './data-directory.ts';
import { drain } from './drain.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { openListeningSocket } from './listening-socket.ts';
import { createLogDestination, type LogDestination } from './log-destination.ts';
import { logProblem } from './log-problem.ts';
import { addressOf, planProcesses, type ProcessPlan } from './process-plan.ts';
import { createRecentLines, type RecentLines } from './recent-lines.ts';
import { startReloading } from './reload.ts';
import { openRunDirectory, type RunDirectory } from './run-directory.ts';
import { diffPlans } from './settings-diff.ts';
import { listenForSignals, type Signals, type SignalSource } from './signals.ts';
import { startInOrder } from './start-order.ts';

export interface ServeOptions {
  /** Reads the settings: once at the start, and again whenever they may have changed. */
  readonly load: () => Promise<Settings>;
  /** Of this cache, for its log. */
  readonly version: string;
  /** What this process was started with; children get the part of it that holds no secrets. */
  readonly environment: Environment;
  /** Where all processes' log lines go; standard output unless told. */
  readonly output?: LogDestination;
  readonly signals?: SignalSource;
  /** The file that starts a process. */
  readonly entryPoint?: (name: ProcessName) => string;
  /** How long a process may take to serve after its start. */
  readonly readyTimeoutMs?: number;
}

const READY_TIMEOUT_MS = 30_000;
const FLUSH_TIMEOUT_MS = 5000;
// For a worker to notice, close and flush its log, beyond the bound that it keeps itself.
const REMOVAL_MARGIN_MS = 5000;

/**
 * Serves until SIGTERM or SIGINT, and resolves with the exit code: 0 when everything in flight was finished, `EXIT_CONFIG`
 * when the settings cannot be used, `EXIT_FAILURE` otherwise. What went wrong was logged.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const output = createRecentLines(withAccessLines(options.output ?? createLogDestination(1)));
  const log = createLog({ level: 'info', fields: { process: 'supervisor' }, destination: output });
  // First of all: SIGTERM means nothing to the first process of a container until it asks for it.
  const signals = listenForSignals(options.signals ?? process);
  try {
    const settings = await options.load();
    log.level = settings.log.level;
    const dataDirectory = await openDataDirectory(settings.storage.rootDirectory, log);
    try {
      const runDirectory = await openRunDirectory(settings.runDirectory);
      try {
        return await serveSettings(settings, options, { output, log, signals, runDirectory });
      } finally {
        await runDirectory.close();
      }
    } finally {
      await dataDirectory.close();
    }
  } catch (err) {
    logProblem(log, err, 'registry-cache cannot serve');
    return err instanceof ConfigError ? EXIT_CONFIG : EXIT_FAILURE;
  } finally {
    signals.close();
    await flush(log);
  }
}

interface Surroundings {
  readonly output: RecentLines;
  readonly log: Logger;
  readonly signals: Signals;
  readonly runDirectory: RunDirectory;
}

async function serveSettings(
  settings: Settings,
  options: ServeOptions,
  { output, log, signals, runDirectory }: Surroundings,
): Promise<number> {
  const listeningSocket =
    settings.proxyProcesses === 1 ? undefined : await openListeningSocket(settings.http, signals.stop);
  const fleet = createFleet({
    listeningSocket,
    entryPoint: options.entryPoint ?? entryPoint,
    environment: childEnvironment(options.environment),
    destination: output,
    recentLines: (after) => output.after(after),
    log,
    readyTimeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS,
  });
  const identity = createCacheIdentity(options.version);
  const plan = (wanted: Settings): ProcessPlan => planProcesses(wanted, identity);
  // The command line knocks where the process that answers it sleeps.
  runDirectory.onKnock(() => fleet.wake('admin'));
  let { drainTimeoutMs } = settings.http;
  let clean = false;
  try {
    await startInOrder(fleet, plan(settings), signals.stop);
    if (!signals.stop.aborted) {
      log.info(describe(settings, options.version), 'serving');
      drainTimeoutMs = await followSettings(settings, options.load, { fleet, log, signals, plan });
    }
    log.info({ drainTimeoutMs }, 'stopping');
  } finally {
    // What still comes is refused at once when the last proxy has stopped listening.
    listeningSocket?.close();
    clean = await drain({ fleet, drainTimeoutMs, kill: signals.kill });
  }
  log.info({ clean }, 'stopped');
  return clean ? 0 : EXIT_FAILURE;
}

interface Following {
  readonly fleet: Fleet;
  readonly log: Logger;
  readonly signals: Signals;
  readonly plan: (settings: Settings) => ProcessPlan;
}

/** Applies changes until the cache is told to stop, and resolves with the bound for that. */
async function followSettings(
  settings: Settings,
  load: () => Promise<Settings>,
  { fleet, log, signals, plan }: Following,
): Promise<number> {
  const reloading = startReloading({
    settings,
    load,
    async apply(current, next) {
      log.level = next.log.level;
      await applyPlan(diffPlans(plan(current), plan(next)), {
        fleet,
        log,
        removalGraceMs: next.http.drainTimeoutMs + REMOVAL_MARGIN_MS,
        signal: signals.stop,
      });
    },
    log,
  });
  signals.onReload(() => {
    log.info('SIGHUP: reading the settings');
    void reloading.request();
  });
  if (!signals.stop.aborted) await once(signals.stop, 'abort');
  await reloading.close();
  return reloading.settings().http.drainTimeoutMs;
}

function describe(settings: Settings, version: string): object {
  const { http, upstreams, storage } = settings;
  return {
    version,
    address: addressOf(settings),
    ...(http.tls === undefined ? {} : { certificate: http.tls.source }),
    upstreams: upstreams.map(({ name }) => name),
    dataDirectory: storage.rootDirectory,
  };
}

// A reader that has stopped reading must not keep the process from ending.
async function flush(log: Logger): Promise<void> {
  const waiting = new AbortController();
  const timeout = delay(FLUSH_TIMEOUT_MS, undefined, { signal: waiting.signal }).catch(() => undefined);
  await Promise.race([flushLog(log), timeout]);
  waiting.abort();
}
