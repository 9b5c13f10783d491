import { createPendingAnswers, type ChildQuestion, type MessageToSupervisor } from '@registry-cache/runtime';
import { spawnChild, type Child, type ChildOptions } from './child.ts';
import { startHeartbeat, type Heartbeat } from './heartbeat.ts';

/** One life of a process, which is killed when it does not do in time what it should. */
export interface WatchedChild extends Child {
  /** Tells it to end for want of work, unless it has some. */
  sleep(): void;
  /** @throws {QuestionError} when it cannot answer or ends; the signal's reason when it takes too long */
  ask(question: ChildQuestion, signal: AbortSignal): Promise<unknown>;
}

export interface WatchedChildOptions extends ChildOptions {
  /** For a life to become ready. */
  readonly readyTimeoutMs: number;
  /** How often a life that is ready is asked whether it still lives. */
  readonly heartbeatMs: number;
}

// It has nothing to finish.
const SLEEP_TIMEOUT_MS = 5000;

export function startWatchedChild(options: WatchedChildOptions): WatchedChild {
  const { log, readyTimeoutMs, heartbeatMs } = options;
  const child = spawnChild({
    ...options,
    onMessage(message) {
      onMessage(message);
      options.onMessage(message);
    },
  });

  const killAfter = (timeoutMs: number, problem: string): NodeJS.Timeout =>
    setTimeout(() => {
      log.error({ pid: child.pid, timeoutMs }, problem);
      child.kill('SIGKILL');
    }, timeoutMs);
  let patience = killAfter(readyTimeoutMs, 'process is not ready in time, killing it');
  let heartbeat: Heartbeat | undefined;
  const answers = createPendingAnswers();
  const listenForHeartbeat = (): Heartbeat =>
    startHeartbeat({
      everyMs: heartbeatMs,
      ping: () => child.send({ type: 'ping' }),
      onSilence: () => {
        log.error({ pid: child.pid }, 'process lives and does not answer, killing it');
        // Whoever hangs or is stopped does not take SIGTERM either.
        child.kill('SIGKILL');
      },
    });

  function onMessage(message: MessageToSupervisor): void {
    const { type } = message;
    if (type === 'ready' || type === 'busy') clearTimeout(patience);
    if (type === 'ready') heartbeat ??= listenForHeartbeat();
    if (type === 'pong') heartbeat?.answered();
    if (type === 'answer') answers.answered(message);
  }

  return {
    ...child,
    exited: child.exited.finally(() => {
      clearTimeout(patience);
      heartbeat?.close();
      answers.abandon('the process has ended');
    }),
    sleep() {
      clearTimeout(patience);
      patience = killAfter(SLEEP_TIMEOUT_MS, 'process is idle and does not end, killing it');
      child.send({ type: 'sleep' });
    },
    ask: (question, signal) => answers.ask((number) => child.send({ type: 'ask', number, question }), signal),
  };
}
