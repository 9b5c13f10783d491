import type { Logger, MessageToSupervisor } from '@registry-cache/runtime';
import { EventEmitter, once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Backoff } from './backoff.ts';
import { spawnChild, type Child, type ChildExit } from './child.ts';
import { startHeartbeat, type Heartbeat } from './heartbeat.ts';
import type { LogDestination } from './log-destination.ts';
import type { ChildSettings, PlannedProcess } from './process-plan.ts';

export interface SupervisedProcessOptions {
  readonly planned: PlannedProcess;
  readonly entryPoint: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly destination: LogDestination;
  /** About the process. */
  readonly log: Logger;
  /** In the name of the process. */
  readonly outputLog: Logger;
  readonly backoff: Backoff;
  /** A life that is not ready by then is ended. */
  readonly readyTimeoutMs: number;
  /** How often a life that is ready is asked whether it still lives. */
  readonly heartbeatMs: number;
  /** It could not write to the data directory for want of room. */
  readonly onDiskFull: () => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

// The first failures may be somebody else's who is just leaving, such as a predecessor that still has the port.
const FAILURES_THAT_MAY_PASS = 3;

/**
 * A process that is kept alive: whenever it ends it is started again, by its newest settings, until it is told to stop.
 */
export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions;
  readonly #stopping = new AbortController();
  readonly #events = new EventEmitter<{ ready: []; applied: []; failing: [] }>();
  readonly #ended: Promise<void>;
  #settings: ChildSettings;
  #child: Child | undefined;
  #readyTimer: NodeJS.Timeout | undefined;
  #heartbeat: Heartbeat | undefined;
  #failures = 0;
  #mayEnd = false;

  constructor(options: SupervisedProcessOptions) {
    this.#options = options;
    this.#settings = options.planned.settings;
    this.#ended = this.#keepAlive();
  }

  /** True when it serves, false when it keeps failing or `signal` ends the wait; it is kept alive in either case. */
  async started(signal: AbortSignal): Promise<boolean> {
    const waiting = new AbortController();
    const either = { signal: AbortSignal.any([signal, waiting.signal]) };
    try {
      return await Promise.race([
        once(this.#events, 'ready', either).then(() => true),
        once(this.#events, 'failing', either).then(() => false),
      ]);
    } catch {
      return false;
    } finally {
      waiting.abort();
    }
  }

  /** Hands over new settings. True when they are in effect, false when that could not be seen before `signal`. */
  async reload(settings: ChildSettings, signal: AbortSignal): Promise<boolean> {
    this.#settings = settings;
    this.#options.log.level = settings.logLevel;
    this.#options.outputLog.level = settings.logLevel;
    const applied = once(this.#events, 'applied', { signal }).then(
      () => true,
      () => false,
    );
    this.#child?.send({ type: 'reload', settings });
    return applied;
  }

  /** Asks it to free disk space. */
  makeRoom(): void {
    this.#child?.send({ type: 'make-room' });
  }

  /** From now on it is not started again when it ends. */
  allowToEnd(): void {
    this.#mayEnd = true;
  }

  /**
   * Asks it to finish what is in flight and to end, and kills it after `graceMs`. Resolves when it is gone: true when it
   * ended by itself.
   */
  async stop(graceMs: number): Promise<boolean> {
    this.#stopping.abort();
    let inTime = true;
    this.#child?.kill('SIGTERM');
    const timer = setTimeout(() => {
      inTime = false;
      this.#options.log.warn({ graceMs }, 'process did not end in time, killing it');
      this.kill();
    }, graceMs);
    await this.#ended;
    clearTimeout(timer);
    return inTime;
  }

  /** Ends it at once and for good. */
  kill(): void {
    this.#stopping.abort();
    this.#child?.kill('SIGKILL');
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#stopping;
    const { backoff, log, now } = this.#options;
    while (!signal.aborted) {
      const startedAt = now();
      const exit = await this.#live();
      if (signal.aborted || this.#mayEnd) {
        if (exit?.exitCode) log.warn(exit, 'process failed while it was ending');
        return;
      }
      const delayMs = backoff.nextDelayMs(now() - startedAt);
      log.error({ ...exit, restartInMs: delayMs }, 'process ended, starting it again');
      this.#failures += 1;
      if (this.#failures >= FAILURES_THAT_MAY_PASS) this.#events.emit('failing');
      await delay(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #live(): Promise<ChildExit | undefined> {
    const { planned, readyTimeoutMs, log } = this.#options;
    try {
      // Its predecessor is gone, so a socket that is still there is one it could not remove.
      if (planned.socketPath !== undefined) await rm(planned.socketPath, { force: true });
    } catch (err) {
      return { stderrTail: [], err: new Error(`cannot remove ${planned.socketPath}`, { cause: err }) };
    }
    if (this.#stopping.signal.aborted) return undefined;
    const child = this.#spawn();
    this.#child = child;
    this.#readyTimer = setTimeout(() => {
      log.error({ readyTimeoutMs }, 'process is not ready in time, killing it');
      child.kill('SIGKILL');
    }, readyTimeoutMs);
    const exit = await child.exited;
    clearTimeout(this.#readyTimer);
    this.#heartbeat?.close();
    this.#child = undefined;
    return exit;
  }

  #spawn(): Child {
    const { entryPoint, environment, destination, log, outputLog } = this.#options;
    const settings = this.#settings;
    return spawnChild({
      entryPoint,
      settings,
      environment,
      destination,
      log,
      outputLog,
      onMessage: (message) => this.#onMessage(message, settings),
    });
  }

  #onMessage(message: MessageToSupervisor, settings: ChildSettings): void {
    switch (message.type) {
      case 'ready':
        return this.#onReady(settings);
      case 'reloaded':
        return void this.#events.emit('applied');
      case 'disk-full':
        return this.#options.onDiskFull();
      case 'pong':
        return this.#heartbeat?.answered();
      case 'report':
        // Only processes that are run for one job have one.
        return;
    }
  }

  #onReady(settings: ChildSettings): void {
    clearTimeout(this.#readyTimer);
    this.#heartbeat?.close();
    this.#heartbeat = this.#startHeartbeat();
    this.#failures = 0;
    this.#options.log.debug({ pid: this.#child?.pid }, 'process ready');
    this.#events.emit('ready');
    // Started by the settings of a reload that its predecessor did not live to confirm.
    if (settings === this.#settings) this.#events.emit('applied');
  }

  #startHeartbeat(): Heartbeat {
    const { heartbeatMs, log } = this.#options;
    const child = this.#child;
    return startHeartbeat({
      everyMs: heartbeatMs,
      ping: () => child?.send({ type: 'ping' }),
      onSilence: () => {
        log.error({ pid: child?.pid }, 'process lives and does not answer, killing it');
        // Whoever hangs or is stopped does not take SIGTERM either.
        child?.kill('SIGKILL');
      },
    });
  }
}
