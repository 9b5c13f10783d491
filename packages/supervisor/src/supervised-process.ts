import type { ChildQuestion, Logger, MessageToSupervisor, ProcessDescription } from '@registry-cache/runtime';
import { EventEmitter, once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Backoff } from './backoff.ts';
import type { ChildExit } from './child.ts';
import type { ListeningSocket } from './listening-socket.ts';
import type { LogDestination } from './log-destination.ts';
import type { ChildSettings, PlannedProcess } from './process-plan.ts';
import { createProcessRecord, type ProcessRecord } from './process-record.ts';
import { react, type Reactions } from './reactions.ts';
import { createSleep, type Sleep } from './sleep.ts';
import { startWatchedChild, type WatchedChild } from './watched-child.ts';

export interface SupervisedProcessOptions {
  readonly planned: PlannedProcess;
  readonly entryPoint: string;
  readonly listeningSocket?: ListeningSocket | undefined;
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
  readonly reactions: Reactions;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

// The first failures may be somebody else's who is just leaving, such as a predecessor that still has the port.
const FAILURES_THAT_MAY_PASS = 3;

/**
 * A process that is kept alive: whenever it ends it is started again, by its newest settings, until it is told to stop. One that
 * runs on demand sleeps until it is woken, and again when it has had nothing to do for long.
 */
export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions;
  readonly #stopping = new AbortController();
  readonly #events = new EventEmitter<{ ready: []; applied: []; failing: [] }>();
  readonly #ended: Promise<void>;
  readonly #sleep: Sleep;
  readonly #record: ProcessRecord;
  #settings: ChildSettings;
  #onDemand: boolean;
  #child: WatchedChild | undefined;
  #failures = 0;
  #mayEnd = false;

  constructor(options: SupervisedProcessOptions) {
    this.#options = options;
    const { settings, onDemand } = options.planned;
    this.#settings = settings;
    this.#onDemand = onDemand;
    this.#sleep = createSleep({ isAsleep: onDemand });
    this.#record = createProcessRecord(options.planned, Date.now);
    this.#ended = this.#keepAlive();
  }

  get name(): PlannedProcess['name'] {
    return this.#options.planned.name;
  }

  /** Where it listens. */
  get socketPath(): string | undefined {
    return this.#options.planned.socketPath;
  }

  /** True when it serves or may be woken, false when it keeps failing or `signal` ends the wait; it is kept alive in either case. */
  async started(signal: AbortSignal): Promise<boolean> {
    if (this.#sleep.isAsleep) return true;
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
  async reload({ settings, onDemand }: PlannedProcess, signal: AbortSignal): Promise<boolean> {
    this.#settings = settings;
    this.#onDemand = onDemand;
    this.#options.log.level = settings.logLevel;
    this.#options.outputLog.level = settings.logLevel;
    // They count from its next start.
    if (this.#sleep.isAsleep && onDemand) return true;
    const applied = once(this.#events, 'applied', { signal }).then(
      () => true,
      () => false,
    );
    this.#child?.send({ type: 'reload', settings });
    if (!onDemand) this.wake();
    return applied;
  }

  /** Starts it if it sleeps, or as soon as it does. */
  wake(): void {
    this.#sleep.wake();
  }

  describe(): ProcessDescription {
    return this.#record.describe(this.#sleep.isAsleep);
  }

  /** Undefined where it does not serve at the moment. @throws as `WatchedChild.ask` does */
  async ask(question: ChildQuestion, signal: AbortSignal): Promise<unknown> {
    return this.describe().state === 'serving' ? this.#child?.ask(question, signal) : undefined;
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
    this.#stop();
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
    this.#stop();
    this.#child?.kill('SIGKILL');
  }

  #stop(): void {
    this.#stopping.abort();
    // From now on it ends instead of starting.
    this.#sleep.wake();
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#stopping;
    const { backoff, log, now } = this.#options;
    while (!signal.aborted) {
      if (this.#sleep.isAsleep) {
        await this.#sleep.woken();
        if (signal.aborted) return;
        log.info('process is needed, starting it');
      }
      const startedAt = now();
      const exit = await this.#live();
      const wasTold = this.#sleep.ended(exit?.exitCode);
      this.#record.ended(!wasTold);
      if (wasTold) {
        this.#fellAsleep();
        continue;
      }
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
    const { planned } = this.#options;
    try {
      // Its predecessor is gone, so a socket that is still there is one it could not remove.
      if (planned.socketPath !== undefined) await rm(planned.socketPath, { force: true });
    } catch (err) {
      return { stderrTail: [], err: new Error(`cannot remove ${planned.socketPath}`, { cause: err }) };
    }
    if (this.#stopping.signal.aborted) return undefined;
    this.#child = this.#start();
    this.#record.started(this.#child.pid);
    const exit = await this.#child.exited;
    this.#child = undefined;
    return exit;
  }

  #start(): WatchedChild {
    const settings = this.#settings;
    return startWatchedChild({
      ...this.#options,
      settings,
      onMessage: (message) => this.#onMessage(message, settings),
    });
  }

  #onMessage(message: MessageToSupervisor, settings: ChildSettings): void {
    switch (message.type) {
      case 'ready':
        return this.#onReady(settings);
      case 'reloaded':
        return void this.#events.emit('applied');
      case 'idle':
        return this.#fallAsleep();
      case 'busy':
        return this.#sleep.stayAwake();
      default:
        return react(message, this.#options.reactions, this.#child);
    }
  }

  #onReady(settings: ChildSettings): void {
    this.#failures = 0;
    this.#record.ready();
    this.#options.log.debug({ pid: this.#child?.pid }, 'process ready');
    this.#events.emit('ready');
    // Started by the settings of a reload that its predecessor did not live to confirm.
    if (settings === this.#settings) this.#events.emit('applied');
  }

  #fallAsleep(): void {
    if (this.#child === undefined || !this.#onDemand || this.#stopping.signal.aborted) return;
    this.#sleep.fallAsleep();
    this.#child.sleep();
  }

  #fellAsleep(): void {
    this.#failures = 0;
    if (!this.#sleep.isAsleep) return;
    this.#options.log.info('process has had nothing to do, and sleeps until it is needed');
    this.#events.emit('applied');
  }
}
