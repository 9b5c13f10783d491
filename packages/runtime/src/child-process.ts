import { EXIT_FAILURE } from './exit-codes.ts';
import { createLog, flushLog, type LogLevel, type Logger } from './log.ts';
import type { Observation, ObservationDetail } from './observation/observation.ts';
import { createObserver, type Observer } from './observation/observer.ts';
import { createTally, type Tally } from './observation/tally.ts';
import { createPendingAnswers } from './pending-answers.ts';
import type {
  ChildQuestion,
  MessageToChild,
  MessageToSupervisor,
  SupervisorQuestion,
} from './process-messages.ts';

/** A process's work between its start and its end. */
export interface RunningProcess<Settings> {
  /** Goes over to new settings without dropping what is in flight. */
  reload?(settings: Settings): Promise<void> | void;
  /** Frees disk space now, where the process has any that it can free. */
  makeRoom?(): Promise<void> | void;
  /**
   * Releases everything and resolves to true, where there is nothing to do: the process is started again when there is. From the
   * moment in which it makes sure of that, it takes no new work.
   */
  fallAsleep?(): Promise<boolean>;
  /** What there is to tell of it besides what was counted. */
  observe?(): ObservationDetail;
  /** Asks anew for what it would answer from memory: the store was changed by hand. */
  forget?(): void;
  /** Cleans the store now, and resolves with a report. */
  clean?(dryRun: boolean): Promise<unknown>;
  /** Takes no new work, finishes what is in flight within its own bound, and releases everything. */
  close(): Promise<void>;
}

export interface ProcessContext {
  readonly log: Logger;
  /** What the supervisor listens on for this process and others, for a server's `listen`. */
  readonly listeningSocket: object | undefined;
  /** Sends the result of a process that was started for one job; resolves when it has been handed over. */
  report(report: unknown): Promise<void>;
  /**
   * Says that the disk had no room for something, so that room is made early. May be called for each failure: the supervisor
   * acts on the first of many.
   */
  reportDiskFull(): void;
  /** Says that this process has had nothing to do for long: it may be told to fall asleep. */
  reportIdle(): void;
  /** Has the process started that should listen at a socket, and does not. May be called for each request. */
  wake(socketPath: string): void;
  /** What this process does is counted here. */
  readonly tally: Tally;
  /**
   * Asks the supervisor.
   *
   * @throws {QuestionError} when there is no answer; the signal's reason when it takes too long
   */
  ask(question: SupervisorQuestion, signal: AbortSignal): Promise<unknown>;
}

export type StartProcess<Settings> = (
  settings: Settings,
  context: ProcessContext,
) => Promise<RunningProcess<Settings> | undefined>;

/** Every process's settings say how it logs. */
export interface ProcessSettings {
  readonly logLevel: LogLevel;
  /** Whether somebody wants to know how late its event loop is. */
  readonly measureEventLoop?: boolean;
}

/**
 * Runs a supervised process: waits for its settings over IPC, starts it, says `ready`, passes on reloads, and closes it on
 * SIGTERM. Where `start` returns undefined the job is done and the process exits 0. Without a supervisor there is nobody to
 * restart, reload or stop the process, so it closes as soon as the IPC channel does.
 *
 * @param fields identify the process on each of its log lines, as a function of its settings
 */
export function runChildProcess<Settings extends ProcessSettings>(
  fields: (settings: Settings) => Record<string, string>,
  start: StartProcess<Settings>,
): void {
  let child: Promise<Child<Settings>> | undefined;
  let isEnding = false;
  const stop = async (): Promise<void> => {
    if (isEnding || child === undefined) return exit(undefined, 0);
    isEnding = true;
    const ending = await child;
    await ending.running?.close();
    await sayLastWords(ending);
    await exit(ending.log, 0);
  };

  // A terminal's Ctrl-C reaches the whole process group; only the supervisor decides what it means.
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  process.once('SIGTERM', () => void stop());
  process.once('disconnect', () => void stop());
  process.on('message', (message: MessageToChild<Settings>, socket: object | undefined) => {
    const serving = isEnding ? undefined : child;
    switch (message.type) {
      case 'start':
        child = startChild(message.settings, fields, (settings, context) =>
          start(settings, { ...context, listeningSocket: socket }),
        );
        break;
      case 'reload':
        void serving?.then((started) => reloadChild(started, message.settings));
        break;
      case 'sleep':
        void serving?.then(fallAsleep);
        break;
      case 'make-room':
        void serving?.then(makeRoom);
        break;
      case 'ask':
        // Also by one that ends, which may take as long as its last pull: nobody should have to wait for it.
        void child?.then((started) => answer(started, message.number, message.question));
        break;
      case 'answer':
        answers.answered(message);
        break;
      case 'ping':
        void send({ type: 'pong' });
        break;
    }
  });
}

/** To what this process has asked its supervisor. */
const answers = createPendingAnswers();

interface Child<Settings> {
  readonly log: Logger;
  readonly observer: Observer;
  readonly running: RunningProcess<Settings> | undefined;
}

async function startChild<Settings extends ProcessSettings>(
  settings: Settings,
  fields: (settings: Settings) => Record<string, string>,
  start: (
    settings: Settings,
    context: Omit<ProcessContext, 'listeningSocket'>,
  ) => ReturnType<StartProcess<Settings>>,
): Promise<Child<Settings>> {
  const log = createLog({ level: settings.logLevel, fields: fields(settings) });
  process.on('uncaughtException', (err) => void crash(log, err));
  process.on('unhandledRejection', (err) => void crash(log, err));
  const tally = createTally();
  const observer = createObserver(tally, settings.measureEventLoop === true);
  try {
    const running = await start(settings, {
      log,
      report: (report) => send({ type: 'report', report }),
      reportDiskFull: () => void send({ type: 'disk-full' }),
      reportIdle: () => void send({ type: 'idle' }),
      wake: (socketPath) => void send({ type: 'wake', socketPath }),
      tally,
      ask: (question, signal) =>
        answers.ask((number) => void send({ type: 'ask', number, question }), signal),
    });
    if (running === undefined) await exit(log, 0);
    await send({ type: 'ready' });
    return { log, observer, running };
  } catch (err) {
    return crash(log, err);
  }
}

async function reloadChild<Settings extends ProcessSettings>(
  { log, running }: Child<Settings>,
  settings: Settings,
): Promise<void> {
  try {
    await running?.reload?.(settings);
    log.level = settings.logLevel;
    await send({ type: 'reloaded' });
  } catch (err) {
    log.error({ err }, 'new settings could not be applied, the old ones stay');
  }
}

async function fallAsleep<Settings>(child: Child<Settings>): Promise<void> {
  if ((await child.running?.fallAsleep?.()) !== true) return send({ type: 'busy' });
  await sayLastWords(child);
  await exit(child.log, 0);
}

/** What was counted since somebody has asked would be lost otherwise. */
async function sayLastWords<Settings>(child: Child<Settings>): Promise<void> {
  await send({ type: 'last-words', observation: observe(child) });
}

function observe<Settings>({ running, observer }: Child<Settings>): Observation {
  return observer.observe(running?.observe?.() ?? {});
}

async function answer<Settings>(
  child: Child<Settings>,
  number: number,
  question: ChildQuestion,
): Promise<void> {
  const { log, running } = child;
  try {
    switch (question.kind) {
      case 'observe':
        return await send({ type: 'answer', number, answer: observe(child) });
      case 'forget':
        running?.forget?.();
        return await send({ type: 'answer', number });
      case 'clean':
        return await send({ type: 'answer', number, answer: await running?.clean?.(question.dryRun) });
    }
  } catch (err) {
    log.error({ err, question: question.kind }, 'question of the supervisor could not be answered');
    await send({ type: 'answer', number, problem: err instanceof Error ? err.message : String(err) });
  }
}

async function makeRoom<Settings>({ log, running }: Child<Settings>): Promise<void> {
  try {
    await running?.makeRoom?.();
  } catch (err) {
    log.error({ err }, 'no room could be made on the disk');
  }
}

async function crash(log: Logger, err: unknown): Promise<never> {
  log.fatal({ err }, 'process failed');
  return exit(log, EXIT_FAILURE);
}

async function exit(log: Logger | undefined, code: number): Promise<never> {
  if (log !== undefined) await flushLog(log);
  process.exit(code);
}

function send(message: MessageToSupervisor): Promise<void> {
  return new Promise((resolve) => {
    // A supervisor that is gone is told nothing: its absence ends this process by `disconnect`.
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
